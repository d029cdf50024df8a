// Answers for the driver in main.go: one JSON request a line on stdin, one
// JSON answer a line on stdout. {"source"} is parsed with PostHog's parser,
// {"program"} runs on PostHog's machine.
const { exec, printHogValue, HogVMException, UncaughtHogVMException } = require('@posthog/hogvm')
const crypto = require('crypto')
const readline = require('readline')

// RE2 writes "ignore case" into the pattern, JavaScript beside it. With u the
// characters of a text are those of Unicode, as RE2 has them, but escapes that
// mean nothing, which the machine makes for LIKE, are faults.
const regex = (pattern) => {
  const [, flags, rest] = /^(?:\(\?([is]+)\))?(.*)$/s.exec(pattern)
  try {
    return new RegExp(rest, (flags ?? '') + 'u')
  } catch {
    return new RegExp(rest, flags ?? '')
  }
}
const external = {
  crypto,
  regex: {
    match: (pattern, value) => regex(pattern).test(value),
    extract: (pattern, value) => {
      const found = regex(pattern).exec(value)
      return found ? (found[1] ?? found[0]) : ''
    },
  },
}

let lines = []
console.log = (...parts) => lines.push(parts.join(' '))

function describe(error) {
  if (error instanceof UncaughtHogVMException) {
    return `${error.type}('${error.message.replaceAll("'", "\\'")}')`
  }
  if (error instanceof HogVMException) return 'HogVMException: ' + error.message
  return `${error.constructor.name}: ${error.message}`
}

function run(program, globals) {
  lines = []
  let end
  try {
    const r = exec(program, { globals, external, timeout: 5000, maxAsyncSteps: 0 })
    end = r.error ? '! ' + describe(r.error) : r.finished ? '= ' + printHogValue(r.result) : '! suspended at ' + r.asyncFunctionName
  } catch (error) {
    end = '! ' + describe(error)
  }
  return [...lines, end].join('\n')
}

async function main() {
  const parser = await (await import('@posthog/hogql-parser')).default()
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const request = JSON.parse(line)
    const answer = request.program ? { run: run(request.program, request.globals) } : { tree: parser.parseProgram(request.source, true) }
    process.stdout.write(JSON.stringify(answer) + '\n')
  }
}
main()
