// Starts the published posthog-js the way a page does, against the host and
// token in the address: ?host=…&token=…
const asked = new URLSearchParams(location.search)
posthog.init(asked.get('token'), {
    api_host: asked.get('host'),
    autocapture: false,
    // It leaves out headless browsers, and a test runs in one.
    opt_out_useragent_filter: true,
    persistence: 'memory',
    disable_session_recording: true,
    loaded: (ph) => {
        ph.capture('sent by a page', { plan: 'scale' })
        document.getElementById('state').textContent = 'sent'
    },
})
