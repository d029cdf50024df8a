// Runs Hog bytecode on PostHog's published machine for the driver in main.go:
// one JSON request a line on stdin, one JSON answer a line on stdout.
const { exec, convertHogToJS } = require('@posthog/hogvm')
const crypto = require('crypto')
const readline = require('readline')

const RE2 = require('re2')

// RE2 is what PostHog runs with, and JavaScript's own expressions what the
// package falls back on, by taste of who embeds it. They spell "ignore case"
// differently.
let re2 = false
const match = (regex, value) => {
  const insensitive = regex.startsWith('(?i)')
  const args = insensitive ? [regex.slice(4), 'i'] : [regex]
  return (re2 ? new RE2(...args) : new RegExp(...args)).test(value)
}

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
  re2 = !!request.re2
  const result = JSON.stringify(once())
  process.stdout.write(JSON.stringify({ ...measure(request.seconds), result }) + '\n')
})
