// Runs Hog bytecode on PostHog's published machine for the driver in main.go:
// one JSON request a line on stdin, one JSON answer a line on stdout.
const { exec, convertHogToJS } = require('@posthog/hogvm')
const crypto = require('crypto')
const readline = require('readline')

// RE2 and JavaScript spell "ignore case" differently.
const match = (regex, value) =>
  regex.startsWith('(?i)') ? new RegExp(regex.slice(4), 'i').test(value) : new RegExp(regex).test(value)

let program, options
function once() {
  const r = exec(program, options)
  if (r.error) throw r.error
  return convertHogToJS(r.result)
}

function measure(seconds) {
  const cpu = process.cpuUsage()
  const start = process.hrtime.bigint()
  let n = 0
  let wall = 0
  do {
    once()
    n++
    wall = Number(process.hrtime.bigint() - start) / 1e9
  } while (wall < seconds)
  const used = process.cpuUsage(cpu)
  return { n, wall, cpu: (used.user + used.system) / 1e6 }
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line)
  if (request.program) {
    program = request.program
    options = {
      globals: request.globals,
      timeout: 3600000,
      external: { crypto, regex: { match } },
    }
  }
  const result = JSON.stringify(once())
  process.stdout.write(JSON.stringify({ ...measure(request.seconds), result }) + '\n')
})
