package engine

import (
	"context"

	"hogpen/cdp"
	"hogpen/engine/executor"
	"hogpen/queue"
)

// Webhook answers a request to a source webhook (runtime specification 11.1):
// it runs the function at once, and returns when what it captured, or the rest
// of a run that calls out, is stored in the queue. A function that the watcher
// slows runs later, from the queue.
//
// The error has code NotFound when there is no such function that runs, TooMany
// when the watcher stopped it, and Unavailable when the queue takes nothing;
// any other is our own.
func (e *Engine) Webhook(ctx context.Context, r cdp.WebhookRequest) (cdp.WebhookReply, error) {
	set, f := e.registry.Load().webhook(r.Function)
	if f == nil {
		return cdp.WebhookReply{}, cdp.Errorf(cdp.NotFound, "", "Not found")
	}
	state := e.watcher.state(f.ID)
	if state.Stopped() {
		return cdp.WebhookReply{}, cdp.Errorf(cdp.TooMany, "", "Disabled")
	}
	h := e.lone(set)
	h.scope = *e.exec.NewWebhookScope(set.project, r)
	m := e.exec.PlanWebhook(f, &h.scope)
	if len(m.Planned) == 0 {
		return h.unplanned(ctx, f, &m)
	}
	p := &m.Planned[0]
	if state.Slowed() {
		return h.later(ctx, f, p)
	}
	res, reply, err := e.exec.RunWebhook(ctx, set.project, f, p)
	if err != nil {
		return cdp.WebhookReply{}, err
	}
	p.Write()
	next, err := e.follow(f, &p.Invocation, &res, len(f.Sealed) > 0)
	if err != nil {
		return cdp.WebhookReply{}, err
	}
	// What is not stored is not counted: whoever asked will ask again.
	if err := e.publish(ctx, next); err != nil {
		return cdp.WebhookReply{}, err
	}
	e.keep(&p.Invocation, &res)
	return reply, nil
}

// webhook finds a live source webhook in any project.
func (s *snapshot) webhook(id cdp.FunctionID) (*projectSet, *executor.Function) {
	for _, p := range s.projects {
		if f := p.function(id); f != nil && f.Type == cdp.SourceWebhook {
			return p, f
		}
	}
	return nil, nil
}

// unplanned records that a webhook's inputs could not be built.
func (h *happening) unplanned(ctx context.Context, f *executor.Function, m *executor.Matched) (cdp.WebhookReply, error) {
	h.keepLogs(m.Logs)
	if err := h.misses(f, "", m); err != nil {
		return cdp.WebhookReply{}, err
	}
	if err := h.e.publish(ctx, h.next); err != nil {
		return cdp.WebhookReply{}, err
	}
	reply := executor.Unhandled("")
	for _, fail := range m.Failures {
		reply.Invocation = fail.Invocation
	}
	h.record(false)
	return reply, nil
}

// later queues a webhook's invocation as it is.
func (h *happening) later(ctx context.Context, f *executor.Function, p *executor.Planned) (cdp.WebhookReply, error) {
	if err := h.send(f, p); err != nil {
		return cdp.WebhookReply{}, err
	}
	if err := h.e.publish(ctx, h.next); err != nil {
		return cdp.WebhookReply{}, err
	}
	h.e.logFor(h.set.project.ID, f.ID, p.Invocation.ID, cdp.LevelWarn, "Function scheduled for future execution due to degraded state")
	h.record(false)
	return cdp.WebhookReply{Status: 200, ContentType: "text/plain", Invocation: p.Invocation.ID}, nil
}

// follow says what comes after a step of a run: the events that it captured,
// the run itself when it is to go on, and its letter when it came to nothing.
func (e *Engine) follow(f *executor.Function, inv *cdp.Invocation, res *executor.Result, secret bool) ([]queue.Message, error) {
	var next []queue.Message
	for i := range res.Captured {
		next = append(next, eventMessage(&res.Captured[i]))
	}
	if res.Done {
		letter, err := e.letterOf(f, inv, res)
		return append(next, letter...), err
	}
	body, err := e.encodeInvocation(inv, secret)
	if err != nil {
		return nil, err
	}
	return append(next, queue.Message{
		Topic: TopicInvocations, Key: string(inv.ID), ID: string(inv.ID), Body: body, NotBefore: res.ResumeAt,
	}), nil
}

// keep records what a step led to.
func (e *Engine) keep(inv *cdp.Invocation, res *executor.Result) {
	e.keepLogs(res.Logs)
	e.keepResult(inv, res)
	if res.Done {
		e.finished.add(e.finished.trace(string(inv.ID)))
	}
}
