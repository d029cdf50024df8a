package admin_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"hogpen/app/apptest"
)

// person is somebody at a browser without script.
type person struct {
	*apptest.House
	t      *testing.T
	client *http.Client
	csrf   string
}

func signIn(t *testing.T) *person {
	t.Helper()
	h := apptest.New(t)
	p := &person{House: h, t: t, client: h.SignIn(t)}
	p.csrf = apptest.CSRF(t, p.client, h.URL+p.at("/templates/template-webhook"))
	return p
}

// at is an address of the project.
func (p *person) at(path string) string { return fmt.Sprintf("/p/%d%s", p.Info.ProjectID, path) }

func (p *person) do(req *http.Request) (int, string, http.Header) {
	p.t.Helper()
	res, err := p.client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(body), res.Header
}

func (p *person) get(path string) string {
	p.t.Helper()
	req, _ := http.NewRequest("GET", p.URL+path, nil)
	status, body, _ := p.do(req)
	if status != http.StatusOK {
		p.t.Fatalf("GET %s: %d %s", path, status, body)
	}
	return body
}

func (p *person) post(path string, fields url.Values) (int, string, http.Header) {
	p.t.Helper()
	fields.Set("_csrf", p.csrf)
	req, _ := http.NewRequest("POST", p.URL+path, strings.NewReader(fields.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.do(req)
}

func (p *person) says(what, body string, words ...string) {
	p.t.Helper()
	for _, w := range words {
		if !strings.Contains(body, w) {
			p.t.Errorf("%s does not say %q", what, w)
		}
	}
}

// create makes a function of the webhook template that sends to the sink.
func (p *person) create() string {
	p.t.Helper()
	status, body, header := p.post(p.at("/templates/template-webhook"), url.Values{
		"name": {"Hook"}, "input.url.present": {"true"}, "input.url": {p.Sink.URL + "/in"},
	})
	if status != http.StatusSeeOther {
		p.t.Fatalf("use template: %d %s", status, body)
	}
	return header.Get("Location")
}

// form is what the Build page's form holds, by reading its fields.
func (p *person) form(page string) url.Values {
	p.t.Helper()
	version := regexp.MustCompile(`name="base" id="base" value="(\d+)"`).FindStringSubmatch(page)
	if version == nil {
		p.t.Fatalf("the page has no version: %s", page)
	}
	return url.Values{
		"base": {version[1]}, "name": {"Hook"}, "description": {""}, "hog": {"fetch(inputs.url, {'method': 'POST', 'body': {'n': event.event}})"},
		"filters.mode": {"form"}, "filters.keep": {`{"source":"events"}`}, "filters.event": {"purchase"}, "filters.event.raw": {""},
		"input.url.present": {"true"}, "input.url": {p.Sink.URL + "/in"}, "input.method.present": {"true"}, "input.method": {"PUT"},
		"input.headers.present": {"true"}, "input.headers.name": {"X-One", ""}, "input.headers.value": {"1", ""},
		"globals": {`{"event": {"event": "purchase", "uuid": "u1", "distinct_id": "d1", "properties": {}}, "person": {"properties": {}}}`}, "http": {"mock"},
	}
}

func TestFromTemplateToFunction(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	p.says("the gallery", p.get(p.at("/templates?q=webhook")), "HTTP Webhook", "Search 20 templates")
	if body := p.get(p.at("/templates?type=transformation&q=hash")); strings.Contains(body, "HTTP Webhook") || !strings.Contains(body, "Hash properties") {
		t.Error("type and search do not combine")
	}
	status, body, _ := p.post(p.at("/templates/template-webhook"), url.Values{"name": {"Hook"}, "input.url.present": {"true"}, "input.url": {""}})
	if status != http.StatusUnprocessableEntity {
		t.Errorf("without an address: %d", status)
	}
	p.says("the form", body, "Address: This field is required.", `href="#input-url"`)

	home := p.create()
	body = p.get(home)
	p.says("the Build page", body, "Paused", "Created Hook, paused", "Basics", "Filters", "Runs on any event.", `name="input.headers.name" value="Content-Type"`, "Run test")
	if code, _, _ := p.post(p.at("/templates/no-such"), url.Values{}); code != http.StatusNotFound {
		t.Errorf("a template that is not there: %d", code)
	}
}

// A template's mappings that are included by default come with it, with the
// defaults of their inputs; through the API nothing of them does.
func TestTemplateBringsItsMappings(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	status, body, header := p.post(p.at("/templates/template-blank-site-destination"), url.Values{"name": {"Pixel"}})
	if status != http.StatusSeeOther {
		t.Fatalf("%d %s", status, body)
	}
	home := header.Get("Location")
	var f struct {
		Type     string
		Mappings []struct {
			Name    string
			Inputs  map[string]struct{ Value any }
			Filters struct{ Events []struct{ ID string } }
		}
	}
	read := func() {
		t.Helper()
		p.MustAPI(t, http.StatusOK, "GET", p.Project("hog_functions/%s/", home[strings.LastIndex(home, "/")+1:]), nil, &f)
		if f.Type != "site_destination" || len(f.Mappings) != 1 || f.Mappings[0].Name != "Acquisition" ||
			f.Mappings[0].Inputs["eventType"].Value != "acquisition" || f.Mappings[0].Filters.Events[0].ID != "$pageview" {
			t.Errorf("made from the page: %+v", f)
		}
	}
	read()
	form := p.form(p.get(home))
	form.Set("hog", "export function onLoad() {}")
	if status, body, _ := p.post(home, form); status != http.StatusSeeOther {
		t.Fatalf("save: %d %s", status, body)
	}
	read() // a save of the page leaves them alone
	p.MustAPI(t, http.StatusCreated, "POST", p.Project("hog_functions/"), map[string]any{
		"type": "site_destination", "template_id": "template-blank-site-destination",
		"inputs": map[string]any{"userId": map[string]any{"value": "u"}, "additionalProperties": map[string]any{"value": map[string]any{"a": 1}}},
	}, &f)
	if f.Mappings != nil {
		t.Errorf("made through the API: %+v", f.Mappings)
	}
}

func TestSaveConflictsAndFaults(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	home := p.create()
	form := p.form(p.get(home))
	status, _, header := p.post(home, form)
	if status != http.StatusSeeOther || header.Get("Location") != home {
		t.Fatalf("save: %d %s", status, header.Get("Location"))
	}
	body := p.get(home)
	p.says("the saved page", body, "Saved v2, still paused", "Runs when the event is purchase.", `value="X-One"`, `value="PUT" checked`)

	// Somebody who still has version 1 open saves.
	form.Set("description", "mine")
	status, body, _ = p.post(home, form)
	if status != http.StatusConflict {
		t.Fatalf("a stale save: %d", status)
	}
	p.says("the conflict", body, "Version 2 was saved", "Overwrite with mine", "Load theirs", `value="mine"`)
	form.Set("overwrite", "2")
	if status, _, _ = p.post(home, form); status != http.StatusSeeOther {
		t.Errorf("overwrite: %d", status)
	}

	form = p.form(p.get(home))
	form.Set("hog", "let a := 1\nlet b := (")
	form.Set("input.url", "{nope(")
	form.Set("filters.mode", "json")
	form.Set("filters.json", "{")
	status, body, _ = p.post(home, form)
	if status != http.StatusUnprocessableEntity {
		t.Fatalf("faults: %d", status)
	}
	p.says("the form with faults", body, "Code: Line 2:", "Filters: Not valid JSON at line 1", "Address: Invalid template", "let b := (")
}

func TestWatcherIsSeenAndReset(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	home := p.create()
	id := home[strings.LastIndex(home, "/")+1:]
	state := p.at("/_/functions/" + id + "/state")
	p.post(p.at("/_/functions/"+id+"/enabled"), url.Values{"enabled": {"true"}})
	if body := p.get(home); strings.Contains(body, `id="watch-`) {
		t.Error("a healthy function has a bar")
	}
	stopped := time.Now().Truncate(time.Second)
	if status, body, _ := p.post(state, url.Values{"state": {"3"}}); status != http.StatusSeeOther {
		t.Fatalf("stop it: %d %s", status, body)
	}
	p.says("the Build page", p.get(home), "Stopped by Hogpen", "Enabled, but stopped by the watcher", "A person chose this state.", "Mend the cause", "Enable again")
	p.says("the list", p.get(p.at("/functions")), "Stopped by Hogpen", "a person chose this state.")
	var answer struct {
		Status  struct{ State, Tokens int }
		Enabled bool
	}
	p.MustAPI(t, http.StatusOK, "GET", p.Project("hog_functions/%s/", id), nil, &answer)
	// The bucket was emptied; ten tokens come back with each second that began
	// since, and nothing else.
	most := 10 * int(time.Now().Truncate(time.Second).Sub(stopped)/time.Second)
	if tokens := answer.Status.Tokens; answer.Status.State != 3 || tokens < 0 || tokens > most || tokens%10 != 0 || !answer.Enabled {
		t.Errorf("the API says %+v, at most %d tokens can be back", answer, most)
	}
	// A save gives it another chance.
	if status, body, _ := p.post(home, p.form(p.get(home))); status != http.StatusSeeOther {
		t.Fatalf("save: %d %s", status, body)
	}
	p.says("the saved page", p.get(home), "Degraded", "Slowed down", "it runs again, slowed at first", "Reset to healthy")
	if status, _, _ := p.post(state, url.Values{"state": {"1"}}); status != http.StatusSeeOther {
		t.Errorf("reset: %d", status)
	}
	if body := p.get(home); strings.Contains(body, `id="watch-`) {
		t.Error("a function that was reset has a bar")
	}
	for _, bad := range []string{"", "7", "0"} {
		if status, _, _ := p.post(state, url.Values{"state": {bad}}); status < 400 || status >= 500 {
			t.Errorf("state %q: %d", bad, status)
		}
	}
}

func TestFiltersCanBeSeenAsJSON(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	home := p.create()
	form := p.form(p.get(home))
	form.Set("show", "json")
	status, body, _ := p.post(strings.Replace(home, "/functions/", "/_/functions/", 1)+"/filters", form)
	if status != http.StatusOK {
		t.Fatalf("as JSON: %d", status)
	}
	p.says("the JSON view", body, `name="filters.json"`, `&#34;id&#34;: &#34;purchase&#34;`, "fetch(inputs.url")
}

// Fields of filters offer what events of the project have held.
func TestFiltersOfferNames(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	home := p.create()
	p.Capture(t, "refund", "visitor-1", map[string]any{"amount": 3, "$set": map[string]any{"email": "robin@example.com"}})
	apptest.Eventually(t, func() error {
		body := p.get(home)
		for _, option := range []string{`<option value="refund"></option>`, `<option value="amount">event numeric</option>`, `<option value="email">person string</option>`} {
			if !strings.Contains(body, option) {
				return fmt.Errorf("no %s", option)
			}
		}
		return nil
	})
}

func TestBench(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	home := p.create()
	run := strings.Replace(home, "/functions/", "/_/functions/", 1) + "/test"
	form := p.form(p.get(home))

	_, body, _ := p.post(run, form)
	p.says("a mocked run of the form", body, "Succeeded", "mocked", "<b>POST</b>", "&#34;n&#34;: &#34;purchase&#34;")
	form.Set("globals", `{"event": {"event": "refund"}}`)
	_, body, _ = p.post(run, form)
	p.says("an event that does not match", body, "Skipped, the filters do not match")
	form.Set("globals", `{"event": `)
	_, body, _ = p.post(run, form)
	p.says("a sample that is no JSON", body, "The sample event is not valid JSON")
	form = p.form(p.get(home))
	form.Set("hog", "throw Error(concat('no ', event.event))")
	_, body, _ = p.post(run, form)
	p.says("a run that throws", body, "Failed", "no purchase")
	form.Set("hog", "let x := (")
	_, body, _ = p.post(run, form)
	p.says("code that does not compile", body, "Not run", "Code: Line 1:")
	if n := len(p.Sink.Requests()); n != 0 {
		t.Fatalf("%d requests were sent by mocked runs", n)
	}

	form = p.form(p.get(home))
	form.Set("http", "real")
	_, body, _ = p.post(run, form)
	p.says("a real run", body, "This really sends a request to 127.0.0.1:", "Send for real")
	if n := len(p.Sink.Requests()); n != 0 {
		t.Fatalf("%d requests were sent before anybody agreed", n)
	}
	agreed := regexp.MustCompile(`name="confirm" value="([^"]+)"`).FindStringSubmatch(body)
	form.Set("confirm", agreed[1])
	_, body, _ = p.post(run, form)
	p.says("an agreed run", body, "Succeeded", "real")
	if got := p.Sink.Wait(t, 1)[0]; got.Body != `{"n":"purchase"}` || got.Path != "/in" {
		t.Errorf("the sink got %+v", got)
	}
}

func TestBenchShowsWhatATransformationChanged(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	_, _, header := p.post(p.at("/templates/template-blank-transformation"), url.Values{"name": {"Mine"}})
	home := header.Get("Location")
	form := p.form(p.get(home))
	form.Set("globals", `{"event": {"event": "e", "uuid": "u", "distinct_id": "d", "properties": {"a": 1, "b": {"c": 1}}}}`)
	form.Del("filters.event")
	form.Set("hog", "let e := event\ne.properties.a := 2\ne.properties.b.c := 'x'\ne.properties.n := true\nreturn e")
	run := strings.Replace(home, "/functions/", "/_/functions/", 1) + "/test"
	_, body, _ := p.post(run, form)
	p.says("the diff", body, "3 changes", "<code>a</code>", "<code>b.c</code>", "added")
	form.Set("hog", "return event")
	_, body, _ = p.post(run, form)
	p.says("the same event", body, "event unchanged")
	form.Set("hog", "return null")
	_, body, _ = p.post(run, form)
	p.says("no event", body, "Dropped the event")
}

func TestCheckAndComplete(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	home := p.create()
	_, body, _ := p.post(p.at("/_/functions/check"), url.Values{"source": {"let é := tirm('x')\nlet y := ("}, "kind": {"destination"}})
	var got struct {
		Diagnostics []struct {
			Line, Column int
			Severity     string
			Message      string
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.Diagnostics) == 0 || got.Diagnostics[0].Severity != "error" {
		t.Errorf("check says %s (%v)", body, err)
	}
	body = p.get(p.at("/_/functions/complete?id=" + home[strings.LastIndex(home, "/")+1:]))
	p.says("completion", body, `"label":"inputs.url"`, `"label":"fetch"`, `"label":"person.properties"`, `"label":"jsonStringify"`)
}

func TestWhatHappenedCanBeSeen(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	p.says("events of a new project", p.get(p.at("/events")), "No events yet", p.Info.ProjectToken, "posthog-node")
	home := p.create()
	if status, _, _ := p.post(strings.Replace(home, "/functions/", "/_/functions/", 1)+"/enabled", url.Values{"enabled": {"true"}, "version": {"1"}}); status != http.StatusSeeOther {
		t.Fatalf("switch on: %d", status)
	}
	lines := p.tail(home)
	p.Capture(t, "purchase", "visitor-1", map[string]any{"$set": map[string]any{"email": "robin@example.com"}})
	p.Sink.Wait(t, 1)
	select {
	case line := <-lines:
		p.says("the live line", line, "Function completed", `class="log"`)
	case <-time.After(15 * time.Second):
		t.Fatal("no line came within 15 s")
	}
	p.says("the log", p.get(home+"/logs"), "Function completed", "1 line")
	p.says("a search without a hit", p.get(home+"/logs?q=nothing-of-this"), "No line matches")
	p.says("the project's log", p.get(p.at("/logs?level=debug")), "Function completed", "Hook")
	apptest.Eventually(t, func() error {
		if body := p.get(home + "/metrics"); !strings.Contains(body, "succeeded <b>1</b>") && !strings.Contains(body, "1 events evaluated: succeeded 100 %") {
			return fmt.Errorf("no outcome yet")
		}
		return nil
	})
	p.says("the table", p.get(home+"/metrics?view=table&range=1h"), "Outcomes a minute, table")
	p.says("the project's metrics", p.get(p.at("/metrics")), "By function", "Hook")

	events := p.get(p.at("/events?q=purchase"))
	p.says("the events", events, "robin@example.com", "purchase")
	trace := regexp.MustCompile(`href="(/p/\d+/events/[^"]+)" data-hp-row-link`).FindStringSubmatch(events)
	p.says("the trace", p.get(trace[1]), "Hook", "Succeeded", "Function completed", "Test with this event")
	uuid := trace[1][strings.LastIndex(trace[1], "/")+1:]
	p.says("the bench with it", p.get(home+"?event="+uuid), "The event you came from.", uuid)
}

// tail follows a function's log as its page does.
func (p *person) tail(home string) <-chan string {
	p.t.Helper()
	address := regexp.MustCompile(`data-hp-live="([^"]+)"`).FindStringSubmatch(p.get(home + "/logs"))
	ctx, cancel := context.WithCancel(context.Background())
	p.t.Cleanup(cancel)
	req, _ := http.NewRequestWithContext(ctx, "GET", p.URL+strings.ReplaceAll(address[1], "&amp;", "&"), nil)
	res, err := p.client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		p.t.Fatalf("stream: %d", res.StatusCode)
	}
	lines := make(chan string, 16)
	go func() {
		defer res.Body.Close()
		scan := bufio.NewScanner(res.Body)
		for scan.Scan() {
			if data, ok := strings.CutPrefix(scan.Text(), "data: "); ok {
				lines <- data
			}
		}
	}()
	return lines
}
