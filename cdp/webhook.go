package cdp

import "encoding/json"

// MaxWebhookBody is the largest request, in bytes, that a source webhook takes
// (runtime specification 11.1).
const MaxWebhookBody = 512_000

// WebhookRequest is an HTTP request to a function of type source_webhook.
type WebhookRequest struct {
	Function FunctionID
	Method   string
	// Headers have lower-case names and their first value, without those that
	// tell of proxies and cookies.
	Headers map[string]string
	// Query holds repeated values joined with a comma.
	Query map[string]string
	IP    string
	// Body is what was sent as JSON; what is no JSON stands for {}.
	Body json.RawMessage
	// Text is what was sent, as it came.
	Text string
}

// WebhookReply is what a source webhook answers.
type WebhookReply struct {
	Status int
	// ContentType is one of a few that no browser runs.
	ContentType string
	Body        []byte
	// Own tells that the program chose the answer, so that it is to be fenced in.
	Own        bool
	Invocation InvocationID // "" when nothing ran
}
