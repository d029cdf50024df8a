// Called once, when the page has loaded posthog-js. Events wait until the
// promise resolves: this is the place to load a vendor's script.
export async function onLoad({ inputs, posthog }) {
    console.log('Hello from', inputs.name)
}

// Called for each event that a mapping matches, with that mapping's inputs
// (without mappings: for each event that the filters match).
export function onEvent({ inputs, posthog }) {
    const { userId, additionalProperties, eventType, payload } = inputs
    console.log(eventType, userId, additionalProperties, payload)
}
