// Starts the published posthog-js the way a page does, against the host and
// token in the address: ?host=…&token=…, with &apps=1 also the site's functions.
const asked = new URLSearchParams(location.search)
posthog.init(asked.get('token'), {
    api_host: asked.get('host'),
    autocapture: false,
    // It leaves out headless browsers, and a test runs in one.
    opt_out_useragent_filter: true,
    persistence: 'memory',
    opt_in_site_apps: asked.has('apps'),
    disable_session_recording: true,
    loaded: (ph) => {
        ph.capture('sent by a page', { plan: 'scale' })
        document.getElementById('state').textContent = 'sent'
    },
})
