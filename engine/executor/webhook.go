package executor

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"hogpen/cdp"
	"hogpen/hog/vm"
)

// fenced are the types of content that a source webhook may answer with: none
// of them is run by a browser.
var fenced = []string{
	"text/plain", "text/csv", "application/json", "application/octet-stream", "application/xml",
	"image/gif", "image/png", "image/jpeg", "image/webp",
}

const (
	webhookEvent   = "$incoming_webhook"
	jsonType       = "application/json"
	plainType      = "text/plain"
	anythingType   = "application/octet-stream"
	unhandledReply = `{"status": "Unhandled error"}`
)

// NewWebhookScope makes the scope of a request to a source webhook: an event
// without properties, and the request itself (runtime specification 11.1). No
// person and no group belongs to it.
func (x *Executor) NewWebhookScope(p cdp.Project, r cdp.WebhookRequest) *Scope {
	now := x.now().UTC()
	s := &Scope{
		x: x, project: p, uuid: x.newID(), name: webhookEvent, timestamp: now, receivedAt: now,
		props: vm.NewDict(0).Freeze(), raw: []byte("{}"), size: len(r.Text) + len(r.Body),
	}
	text := strings.ToValidUTF8(r.Text, "\ufffd")
	body, err := x.parse(r.Body)
	if err != nil {
		body = vm.NewDict(0).Freeze()
	}
	event := dict("event", s.name, "uuid", s.uuid)
	if id, ok := body.Get("distinct_id"); ok {
		event.Set("distinct_id", id)
		switch {
		case id.IsString():
			s.distinctID, _ = cut(id.Text(), maxName)
		case id.IsNumber():
			s.distinctID, _ = cut(vm.Print(id), maxName)
		}
	}
	event.Set("properties", s.props)
	event.Set("elements_chain", vm.String(""))
	event.Set("timestamp", vm.String(iso(now)))
	event.Set("url", vm.String(""))
	s.event = event.Freeze()
	s.given.request = dict("method", r.Method, "headers", textDict(r.Headers), "query", textDict(r.Query), "ip", r.IP,
		"body", body, "stringBody", text).Freeze()
	s.given.variables = body.Path("$variables")
	if !s.given.variables.IsDict() {
		s.given.variables = vm.NewDict(0).Freeze()
	}
	return s
}

func textDict(m map[string]string) vm.Value {
	d := vm.NewDict(len(m))
	for _, k := range sortedKeys(m) {
		d.Set(k, vm.String(strings.ToValidUTF8(m[k], "\ufffd")))
	}
	return d
}

// webhookGlobals are what a source webhook sees, without its inputs. The
// project's empty name and address are upstream's.
func (s *Scope) webhookGlobals(f *Function) vm.Value {
	g := vm.NewDict(7)
	name, url := "", ""
	if s.given.test {
		name, url = s.project.Name, s.projectURL()
	}
	g.Set("project", s.overlay(dict("id", vm.Number(float64(s.project.ID)), "name", name, "url", url), s.given.project))
	g.Set("source", s.overlay(dict("name", f.title, "url", s.sourceURL(f)), s.given.source))
	g.Set("event", s.eventGlobal())
	if !s.given.request.IsNull() {
		g.Set("request", s.given.request)
	}
	if s.given.variables.IsDict() {
		g.Set("variables", s.given.variables)
	}
	return g
}

// PlanWebhook builds the invocation of a source webhook; filters are not asked.
func (x *Executor) PlanWebhook(f *Function, s *Scope) Matched {
	var m Matched
	x.planAs(cdp.InvocationID(x.newID()), f, f.inputs, -1, s, &m)
	return m
}

// RunWebhook begins a planned invocation of a source webhook and gives its
// answer. A program that calls out is left at its first call: it is to go on
// from the queue, and whoever asked is told so.
func (x *Executor) RunWebhook(ctx context.Context, project cdp.Project, f *Function, p *Planned) (Result, cdp.WebhookReply, error) {
	r := x.newRun(project, f, &p.Invocation, p.globals)
	r.once = true
	res, err := r.work(ctx)
	if err != nil {
		return Result{}, cdp.WebhookReply{}, err
	}
	reply := cdp.WebhookReply{Status: 201, ContentType: jsonType, Body: []byte(`{"status": "queued"}`)}
	switch {
	case res.Done && res.Outcome != cdp.OutcomeSucceeded:
		reply.Status, reply.Body = 500, []byte(unhandledReply)
	case res.Done:
		reply = replyOf(res.Value)
		if reply.Own {
			r.logReply(&reply)
			res.Logs = r.journal.entries
		}
	}
	reply.Invocation = p.Invocation.ID
	return res, reply, nil
}

// Unhandled is the answer of a webhook whose inputs could not be built.
func Unhandled(id cdp.InvocationID) cdp.WebhookReply {
	return cdp.WebhookReply{Status: 500, ContentType: jsonType, Body: []byte(unhandledReply), Invocation: id}
}

// replyOf reads what the program returned.
func replyOf(v vm.Value) cdp.WebhookReply {
	given := v.Path("httpResponse")
	if !v.IsDict() || !given.IsDict() {
		return cdp.WebhookReply{Status: 200, ContentType: jsonType, Body: []byte(`{"status": "ok"}`)}
	}
	reply := cdp.WebhookReply{Status: 500, Own: true, ContentType: plainType}
	if n := given.Path("status"); n.IsNumber() && n.Num() >= 200 && n.Num() < 600 {
		reply.Status = int(n.Num())
	}
	encoded := given.Path("isBase64Encoded").Truthy()
	if encoded {
		reply.ContentType = anythingType
	}
	kind := given.Path("contentType").Text()
	switch body := given.Path("body"); {
	case body.IsNull():
	case !body.IsString():
		reply.ContentType, reply.Body = jsonType, vm.AppendJSON(nil, body)
	case encoded:
		reply.Body = unbase64(body.Text())
	default:
		reply.Body = []byte(body.Text())
	}
	if slices.Contains(fenced, kind) && reply.ContentType != jsonType {
		reply.ContentType = kind
	}
	return reply
}

// unbase64 decodes what it can, in either alphabet, padded or not.
func unbase64(s string) []byte {
	s = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/", "\n", "", "\r", "", " ", "").Replace(s), "=")
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil && len(b) == 0 {
		return nil
	}
	return b
}

func (r *run) logReply(reply *cdp.WebhookReply) {
	text := fmt.Sprintf("Responded with response status - %d", reply.Status)
	if reply.Status < 400 {
		r.journal.add(cdp.LevelInfo, text)
		return
	}
	r.journal.add(cdp.LevelWarn, text+", reason: "+strings.ToValidUTF8(string(reply.Body), "\ufffd"))
}
