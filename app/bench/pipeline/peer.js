// The job on PostHog's published machine in bare Node: no store, no retries, no
// logs. An answer means that the events were received.
//
//   node pipeline.js <hook> <programs as JSON>
const { exec, convertHogToJS } = require('@posthog/hogvm')
const crypto = require('crypto')
const http = require('http')

const hook = new URL(process.argv[2])
const programs = JSON.parse(process.argv[3])
const external = { crypto, regex: { match: (regex, value) => new RegExp(regex).test(value) } }
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })

function run(program, globals) {
  const r = exec(program, { globals, timeout: 5000, external })
  if (r.error) throw r.error
  return convertHogToJS(r.result)
}

function deliver(event) {
  const body = JSON.stringify(event)
  const req = http.request(hook, {
    agent, method: 'POST', headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
  }, (res) => res.resume())
  req.on('error', (e) => console.error(e))
  req.end(body)
}

function process1(sent) {
  const project = { id: 1, name: '', url: '' }
  const event = run(programs.transformation, { project, event: { ...sent, url: sent.properties.$current_url }, inputs: {} })
  const globals = { event: event.event, uuid: event.uuid, timestamp: event.timestamp, distinct_id: event.distinct_id, properties: event.properties }
  if (run(programs.filter, globals) === true) deliver({ ...event, api_key: undefined, url: undefined })
}

const server = http.createServer((req, res) => {
  const chunks = []
  req.on('data', (c) => chunks.push(c))
  req.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString())
    res.setHeader('Content-Type', 'application/json')
    res.end('{"status":"Ok"}')
    setImmediate(() => (body.batch || [body]).forEach(process1))
  })
})
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`))
process.on('SIGTERM', () => process.exit(0))
