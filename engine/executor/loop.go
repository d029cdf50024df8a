package executor

import (
	"fmt"
	"net/url"
	"strings"

	"hogpen/cdp"
	"hogpen/engine/fetch"
	"hogpen/hog/vm"
)

const (
	depthKey   = "$hog_function_self_loop_depth"
	loopError  = "Self-referential event-forwarding loop blocked at max depth"
	loopReason = "Refusing to fetch a PostHog ingestion endpoint using this project's own API key - this destination's event-forwarding loop has already repeated 10 times. To capture an event back into this project use the 'postHogCapture' helper, or to enrich incoming events use a transformation."
)

// capturePaths are where this site takes events in.
var capturePaths = map[string]bool{
	"/capture": true, "/batch": true, "/e": true, "/track": true, "/engage": true, "/i/v0/e": true, "/i/v1/analytics/events": true,
}

// guardLoop looks whether a request brings events back into the project they
// came from. Each round is counted in the forwarded events; after ten of them
// the request is refused (runtime specification 6.7).
func (r *run) guardLoop(req *fetch.Request) (blocked bool) {
	if len(r.x.own) == 0 || r.project.Token == "" {
		return false
	}
	u, err := url.Parse(req.URL)
	if err != nil || !r.x.own[strings.ToLower(u.Host)] || !capturePaths[strings.TrimSuffix(u.Path, "/")] {
		return false
	}
	body, err := vm.ParseJSON(req.Body, vm.JSONOptions{})
	if err != nil || !r.ownToken(u, body) {
		return false
	}
	depth := r.globals.Path("event", "properties", depthKey, string(r.f.ID)).Num()
	if depth >= loopLimit {
		r.journal.add(cdp.LevelError, loopReason)
		if r.inv.FetchError == "" {
			r.inv.FetchError, r.kind = loopError, "hog_error"
		}
		return true
	}
	req.Body = vm.AppendJSON(nil, r.countDepth(body, depth+1))
	return false
}

func (r *run) ownToken(u *url.URL, body vm.Value) bool {
	q := u.Query()
	for _, t := range []string{
		body.Path("api_key").Text(), body.Path("token").Text(), body.Path("api_token").Text(),
		body.Path("properties", "token").Text(), q.Get("api_key"), q.Get("token"),
	} {
		if t == r.project.Token {
			return true
		}
	}
	return false
}

// countDepth writes the depth into the event of a body, or into all of its batch.
func (r *run) countDepth(body vm.Value, depth float64) vm.Value {
	out := edit(body, 1)
	if batch := body.Path("batch"); batch.IsList() {
		events := make([]vm.Value, 0, batch.Len())
		for _, e := range batch.Elems() {
			events = append(events, r.countDepth(e, depth))
		}
		out.Set("batch", vm.NewArray(events))
		return out
	}
	props := edit(body.Path("properties"), 1)
	depths := edit(props.Path(depthKey), 1)
	depths.Set(string(r.f.ID), vm.Number(depth))
	props.Set(depthKey, depths)
	out.Set("properties", props)
	return out
}

// String names the function in faults of our own.
func (f *Function) String() string { return fmt.Sprintf("function %s version %d", f.ID, f.Version) }
