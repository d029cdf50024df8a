package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/templates"
)

// The known sign-in of a demo.
const (
	demoEmail    = "demo@hogpen.example"
	demoPassword = "hogpen-demo-only"
	demoProject  = "Demo shop"
)

// demo is a living example: a project with sample functions, a receiver in
// this process to which they send, and a gentle stream of events.
type demo struct {
	project  cdp.Project
	owner    cdp.UserID
	receiver *http.Server
	listener net.Listener
}

// newDemo opens the receiver and makes the owner, or finds the one that an
// earlier demo made. A data folder with other people in it is refused, since
// a demo's password is known to everybody.
func newDemo(ctx context.Context, a *App) (*demo, error) {
	d := &demo{}
	users, err := a.store.Users(ctx)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		if u.Email != demoEmail {
			return nil, fmt.Errorf("--demo refuses the data folder %s, since it has users that no demo made; choose another with --data", a.cfg.Data)
		}
		d.owner = u.ID
	}
	if len(users) == 0 {
		res, err := a.accounts.Setup(ctx, account.SetupRequest{Email: demoEmail, Password: demoPassword, Name: "Demo", Project: demoProject})
		if err != nil {
			return nil, err
		}
		d.owner = res.User.ID
	}
	projects, err := a.store.Projects(ctx, d.owner)
	if err != nil {
		return nil, err
	}
	if len(projects) == 0 {
		return nil, errors.New("the demo's owner has no project")
	}
	d.project = projects[0]
	if d.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("open the demo's receiver: %w", err)
	}
	d.receiver = &http.Server{Handler: http.HandlerFunc(receive), ReadHeaderTimeout: 5 * time.Second}
	return d, nil
}

// address is what functions must be allowed to reach.
func (d *demo) address() string { return "127.0.0.1/32" }

// start seeds the functions that are not there yet, and begins to send.
func (d *demo) start(ctx context.Context, a *App) error {
	a.workers.Go(func() {
		if err := d.receiver.Serve(d.listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("the demo's receiver ended", "error", err)
		}
	})
	a.workers.Go(func() {
		<-ctx.Done()
		d.stop()
	})
	if err := d.seed(ctx, a); err != nil {
		return fmt.Errorf("seed the demo: %w", err)
	}
	a.workers.Go(func() { d.send(ctx, a) })
	return nil
}

func (d *demo) stop() { d.receiver.Close() }

// receive answers like strangers' services do: mostly well.
func receive(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20))
	w.Header().Set("Content-Type", "application/json")
	dice := rand.IntN(100)
	switch {
	case strings.HasPrefix(r.URL.Path, "/crm") && dice < 8:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		io.WriteString(w, `{"error":"slow down"}`)
	case strings.HasPrefix(r.URL.Path, "/legacy") && dice < 60:
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"error":"the field plan is unknown"}`)
	case strings.HasPrefix(r.URL.Path, "/chat"):
		w.WriteHeader(http.StatusNoContent)
	default:
		io.WriteString(w, `{"ok":true}`)
	}
}

// sample is a function that a demo begins with.
type sample struct {
	name, description, template string
	kind                        cdp.Type
	enabled                     bool
	inputs                      map[string]any
	filters                     string
	path                        string // where it sends, for destinations
}

func samples() []sample {
	return []sample{
		{name: "Drop bots", description: "Leaves out events of known crawlers", template: "template-drop-events", kind: cdp.Transformation, enabled: true,
			filters: `{"source":"events","properties":[{"key":"$raw_user_agent","value":"bot","operator":"icontains","type":"event"}]}`},
		{name: "Clean URLs", description: "Removes query strings and ids from addresses", template: "template-url-normalization", kind: cdp.Transformation, enabled: true,
			inputs: map[string]any{"urlProperties": "$current_url, $referrer", "regex": "^[0-9]+$"}},
		{name: "Anonymize IPs", description: "Blanks the last part of IP addresses", template: "template-ip-anonymization", kind: cdp.Transformation, enabled: true},
		{name: "Hash e-mails", description: "Replaces e-mail addresses by salted hashes", template: "template-hash-properties", kind: cdp.Transformation,
			inputs: map[string]any{"salt": "demo salt", "privateFields": "email"}},
		{name: "Purchases to CRM", description: "Sends each purchase to the CRM's relay", template: "template-webhook", kind: cdp.Destination, enabled: true, path: "/crm/purchases",
			filters: `{"source":"events","events":[{"id":"purchase","name":"purchase","type":"events","order":0}]}`},
		{name: "New signups to chat", description: "Posts a message for each signup", template: "template-discord", kind: cdp.Destination, enabled: true, path: "/chat",
			filters: `{"source":"events","events":[{"id":"signed up","name":"signed up","type":"events","order":0}]}`},
		{name: "Legacy billing", description: "An old receiver that refuses most of what it gets", template: "template-webhook", kind: cdp.Destination, enabled: true, path: "/legacy",
			filters: `{"source":"events","events":[{"id":"purchase","name":"purchase","type":"events","order":0}],"properties":[{"key":"plan","value":["team","scale"],"operator":"exact","type":"event"}]}`},
		{name: "Warehouse feed", description: "Sends every event", template: "template-webhook", kind: cdp.Destination, enabled: true, path: "/warehouse",
			filters: `{"source":"events","events":[{"id":null,"name":"All events","type":"events","order":0}]}`},
		{name: "Search terms", description: "Paused: forwards what people searched for", template: "template-webhook", kind: cdp.Destination, path: "/search",
			filters: `{"source":"events","events":[{"id":"searched","name":"searched","type":"events","order":0}]}`},
	}
}

// seed makes the samples that the project has not, and points the others at
// this process's receiver.
func (d *demo) seed(ctx context.Context, a *App) error {
	page, err := a.store.Functions(ctx, cdp.FunctionQuery{Project: d.project.ID, Limit: 1000})
	if err != nil {
		return err
	}
	for _, s := range samples() {
		at := slices.IndexFunc(page.Functions, func(f *cdp.Function) bool { return f.Title() == s.name })
		if at < 0 {
			if err := d.create(ctx, a, s); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			continue
		}
		if s.path != "" {
			if err := d.redirect(ctx, a, page.Functions[at], s); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	return nil
}

func (d *demo) create(ctx context.Context, a *App, s sample) error {
	inputs, err := d.inputs(s)
	if err != nil {
		return err
	}
	change := cdp.FunctionChange{
		Type: &s.kind, Name: cdp.Some(s.name), Description: cdp.Some(s.description), Enabled: &s.enabled,
		TemplateID: s.template, Inputs: inputs,
	}
	if s.filters != "" {
		change.Filters = json.RawMessage(s.filters)
	}
	_, err = a.functions.Create(ctx, d.owner, d.project.ID, change)
	return err
}

// redirect points a sample at this process's receiver, whose port is new at
// each start. What people made of the function otherwise is left alone.
func (d *demo) redirect(ctx context.Context, a *App, f *cdp.Function, s sample) error {
	inputs := map[string]json.RawMessage{}
	changed := false
	for _, in := range f.Inputs {
		if in.Value == nil {
			continue
		}
		value := in.Value
		var text string
		if json.Unmarshal(value, &text) == nil {
			if u, err := url.Parse(text); err == nil && u.Hostname() == "127.0.0.1" && strings.HasPrefix(u.Path, s.path) && u.Host != d.listener.Addr().String() {
				u.Host = d.listener.Addr().String()
				quoted, err := json.Marshal(u.String())
				if err != nil {
					return err
				}
				value, changed = quoted, true
			}
		}
		member := map[string]any{"value": value}
		if in.Templating != "" {
			member["templating"] = in.Templating
		}
		raw, err := json.Marshal(member)
		if err != nil {
			return err
		}
		inputs[in.Key] = raw
	}
	if !changed {
		return nil
	}
	raw, err := json.Marshal(inputs)
	if err != nil {
		return err
	}
	_, err = a.functions.Update(ctx, d.owner, d.project.ID, f.ID, cdp.FunctionChange{Inputs: raw})
	return err
}

// inputs gives a sample's inputs: its own over the template's defaults.
func (d *demo) inputs(s sample) (json.RawMessage, error) {
	values := map[string]any{}
	if t, ok := templates.Get(s.template); ok {
		for _, in := range t.InputsSchema {
			if in.Default != nil {
				values[in.Key] = in.Default
			}
		}
	}
	for k, v := range s.inputs {
		values[k] = v
	}
	if s.path != "" {
		target := "http://" + d.listener.Addr().String() + s.path
		if s.template == "template-discord" {
			values["webhookUrl"] = target
		} else {
			values["url"] = target
		}
	}
	members := map[string]any{}
	for k, v := range values {
		members[k] = map[string]any{"value": v}
	}
	return json.Marshal(members)
}

// send captures a handful of events at once, so that pages have something to
// show, and then one or two a second.
func (d *demo) send(ctx context.Context, a *App) {
	visitors := make([]visitor, 24)
	for i := range visitors {
		visitors[i] = newVisitor(i)
	}
	burst := 120
	for {
		n := 1 + rand.IntN(2)
		if burst > 0 {
			n, burst = burst, 0
		}
		events := make([]cdp.Event, n)
		for i := range events {
			events[i] = visitors[rand.IntN(len(visitors))].act(d.project.ID, a.cfg.Now().UTC())
		}
		if err := a.engine.Capture(ctx, events); err != nil && ctx.Err() == nil {
			a.log.Warn("the demo's events were not taken", "error", err)
		}
		select {
		case <-time.After(time.Duration(500+rand.IntN(1000)) * time.Millisecond):
		case <-ctx.Done():
			return
		}
	}
}

// visitor is somebody who wanders through the demo's shop.
type visitor struct {
	id, email, browser, agent, ip, plan string
}

func newVisitor(i int) visitor {
	browsers := []string{"Chrome", "Firefox", "Safari", "Edge"}
	v := visitor{
		id:      fmt.Sprintf("visitor-%02d", i+1),
		email:   fmt.Sprintf("visitor-%02d@example.com", i+1),
		browser: browsers[i%len(browsers)],
		agent:   "Mozilla/5.0 (X11; Linux x86_64) " + browsers[i%len(browsers)],
		ip:      fmt.Sprintf("198.51.100.%d", 10+i),
		plan:    []string{"free", "team", "scale"}[i%3],
	}
	if i%12 == 11 {
		v.agent = "Examplebot/1.0 (+https://example.com/bot)"
	}
	return v
}

// act is one event of a visitor.
func (v visitor) act(project cdp.ProjectID, now time.Time) cdp.Event {
	props := map[string]any{
		"$lib": "web", "$browser": v.browser, "$raw_user_agent": v.agent, "$ip": v.ip, "plan": v.plan,
		"$set": map[string]any{"email": v.email, "plan": v.plan},
	}
	name, page := "$pageview", fmt.Sprintf("/products/%d?utm_source=newsletter", 100+rand.IntN(40))
	switch dice := rand.IntN(100); {
	case dice < 10:
		name, page = "purchase", "/checkout/done"
		props["amount"], props["currency"] = 10+rand.IntN(190), "EUR"
	case dice < 15:
		name, page = "signed up", "/welcome"
	case dice < 25:
		name, page = "searched", "/search?q=garden"
		props["query"] = []string{"fence", "gate", "rail", "post", "trough"}[rand.IntN(5)]
	}
	props["$current_url"] = "https://shop.example.com" + page
	raw, err := json.Marshal(props)
	if err != nil {
		raw = []byte("{}") // these values always encode
	}
	return cdp.Event{
		Project: project, UUID: uuid.Must(uuid.NewV7()).String(), Name: name, DistinctID: v.id,
		Timestamp: now.Truncate(time.Millisecond), ReceivedAt: now, Properties: raw,
	}
}
