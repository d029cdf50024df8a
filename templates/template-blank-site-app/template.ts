// Called once, when the page has loaded posthog-js.
export function onLoad({ inputs, posthog }) {
    console.log('Hello from', inputs.name)
}
