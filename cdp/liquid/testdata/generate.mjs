// Records what liquidjs makes of the templates in cases.txt, for the tests to
// replay:
//
//   npm install --no-save liquidjs@10.30.1
//   TZ=UTC node cdp/liquid/testdata/generate.mjs > cdp/liquid/testdata/liquidjs.jsonl
//
// The engine is set up as PostHog sets it up: output is escaped, no file is
// found, filters that evaluate text are refused, HTML entities inside of tags
// and outputs are decoded first.
import { readFileSync } from 'node:fs'
import { Liquid } from 'liquidjs'

const here = new URL('.', import.meta.url)
const globals = JSON.parse(readFileSync(new URL('globals.json', here), 'utf8'))
const engine = new Liquid({ outputEscape: 'escape', memoryLimit: 1e6, renderLimit: 500, locale: 'en-US', templates: {} })
for (const name of ['where_exp', 'find_exp', 'find_index_exp', 'reject_exp', 'group_by_exp', 'has_exp']) {
    engine.registerFilter(name, () => { throw new Error(`liquid filter ${name} is not supported`) })
}
const entities = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#x27;': "'", '&amp;': '&' }
const decode = (s) => s.replace(/\{\{[^]*?\}\}|\{%[^]*?%\}/g, (m) => m.replace(/&lt;|&gt;|&quot;|&#x27;|&amp;/g, (e) => entities[e]))

for (const line of readFileSync(new URL('cases.txt', here), 'utf8').split('\n')) {
    if (!line || line.startsWith('//')) continue
    const template = JSON.parse(`"${line.replace(/(\\.)|"/g, (m, escaped) => escaped ?? '\\"')}"`)
    const row = { template }
    try {
        row.output = engine.parseAndRenderSync(decode(template), { ...structuredClone(globals), now: new Date('2026-03-01T10:02:03.456Z') })
    } catch (e) {
        row.error = e.message
    }
    console.log(JSON.stringify(row))
}
