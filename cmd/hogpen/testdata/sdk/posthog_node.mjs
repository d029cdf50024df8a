// Sends events with the published posthog-node, unchanged, as an
// application would: node posthog_node.mjs HOST TOKEN COUNT
import { PostHog } from 'posthog-node'

const [host, token, count] = process.argv.slice(2)
const client = new PostHog(token, { host, flushAt: 20, flushInterval: 200 })
client.on('error', (err) => {
    console.error(err)
    process.exitCode = 1
})
for (let i = 0; i < Number(count); i++) {
    client.capture({ distinctId: `node-${i}`, event: 'sent by node', properties: { number: i, plan: 'team' } })
}
await client.shutdown(10000)
console.log('done')
