package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hogpen/account"
	"hogpen/app/apptest"
	"hogpen/db"
	"hogpen/web"
)

// get reads a page with a client.
func get(t *testing.T, c *http.Client, url string) (int, http.Header, string) {
	t.Helper()
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(out)
}

// pagesOf are the addresses of all pages that show a function and its doings.
func pagesOf(h *apptest.House, function, event string) []string {
	p := fmt.Sprintf("%s/p/%d", h.URL, h.Info.ProjectID)
	out := []string{h.URL + "/account/keys", h.URL + "/_metrics"}
	for _, path := range []string{"", "/functions", "/functions?q=a", "/functions/" + function, "/functions/" + function + "/logs", "/functions/" + function + "/metrics",
		"/functions/" + function + "?event=" + event, "/pipeline", "/templates", "/templates/template-webhook", "/logs", "/metrics", "/events", "/events/" + event,
		"/_/functions/complete?id=" + function, "/functions/00000000-0000-0000-0000-000000000000"} {
		out = append(out, p+path)
	}
	return out
}

// lastEvent finds the newest event of the events page.
func lastEvent(t *testing.T, h *apptest.House, c *http.Client) string {
	t.Helper()
	prefix := fmt.Sprintf("/p/%d/events/", h.Info.ProjectID)
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		_, _, body := get(t, c, fmt.Sprintf("%s/p/%d/events", h.URL, h.Info.ProjectID))
		if _, rest, ok := strings.Cut(body, `href="`+prefix); ok {
			id, _, _ := strings.Cut(rest, `"`)
			return id
		}
		if time.Now().After(end) {
			t.Fatalf("no event is listed: %s", body)
		}
	}
}

// secretive is a function with a secret input that does its best to tell it.
func secretive(secret string) map[string]any {
	return map[string]any{
		"type": "destination", "name": "Secretive", "enabled": true,
		"hog":           "print('it is', inputs.token, {'a': inputs.token})\nlet r := fetch(concat(inputs.url, '?t=', inputs.token), {'headers': {'X': inputs.token}, 'body': {'t': inputs.token}})\nthrow Error(inputs.token)",
		"inputs_schema": []map[string]any{{"key": "token", "type": "string", "label": "Token", "secret": true}, {"key": "url", "type": "string", "label": "URL"}},
		"inputs":        map[string]any{"token": map[string]any{"value": secret}, "url": map[string]any{"value": "http://127.0.0.1:1/x"}},
		"filters":       map[string]any{"events": []map[string]any{{"id": "tell", "name": "tell", "type": "events", "order": 0}}},
	}
}

// A secret input is seen by its program alone: no answer, page, log line, log
// of the operator or file shows it.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	const secret, second = "tops3cret-value-8271", "an0ther-secret-4410"
	var log operatorLog
	h := apptest.New(t, log.keep)
	h.Sink.Answer(func(r apptest.Request) (int, string) { return 400, "bad token: " + r.Header.Get("X") })
	body := secretive(secret)
	body["inputs"].(map[string]any)["url"] = map[string]any{"value": h.Sink.URL + "/x"}
	shown := map[string]string{}
	call := func(what, method, path string, body any) {
		_, raw := h.API(t, method, path, body)
		shown[what] = string(raw)
	}
	status, raw := h.API(t, "POST", h.Project("hog_functions/"), body)
	shown["create"] = string(raw)
	var f struct{ ID string }
	if err := json.Unmarshal(raw, &f); err != nil || status != 201 {
		t.Fatalf("%d %s", status, raw)
	}
	one := h.Project("hog_functions/%s/", f.ID)
	h.Capture(t, "tell", "u", map[string]any{"a": 1})
	settled(t, h, f.ID, 1)
	if got := h.Sink.Requests(); len(got) != 1 || got[0].Header.Get("X") != secret {
		t.Fatalf("the program did not get its secret: %+v", got)
	}
	call("show", "GET", one, nil)
	call("list", "GET", h.Project("hog_functions/?search=secretive"), nil)
	call("logs", "GET", h.Project("hog_functions/%s/logs/?limit=500", f.ID), nil)
	call("test", "POST", h.Project("hog_functions/%s/invocations/", f.ID), map[string]any{"configuration": body, "globals": map[string]any{"event": map[string]any{"event": "tell", "uuid": "x", "properties": map[string]any{}}}})
	call("rename", "PATCH", one, map[string]any{"name": "Secretive"})
	call("bad change", "PATCH", one, map[string]any{"hog": "let x := ", "inputs": body["inputs"]})
	call("replace", "PATCH", one, map[string]any{"inputs": map[string]any{"token": map[string]any{"value": second}, "url": map[string]any{"value": h.Sink.URL}}})
	call("a schema that makes it public", "PATCH", one, map[string]any{"inputs_schema": []map[string]any{{"key": "token", "type": "string", "label": "Token"}, {"key": "url", "type": "string", "label": "URL"}}})
	call("show the public one", "GET", one, nil)
	call("activity", "GET", h.Project("activity_log/?scope=HogFunction&item_id=%s", f.ID), nil)
	if !strings.Contains(shown["logs"], "***REDACTED***") || !strings.Contains(shown["activity"], "results") || !strings.Contains(shown["test"], "logs") {
		t.Errorf("the answers are not what they should be: %v", shown)
	}
	c := h.SignIn(t)
	event := lastEvent(t, h, c)
	for _, page := range pagesOf(h, f.ID, event) {
		_, _, shown[page] = get(t, c, page)
	}
	shown["the operator's log"] = log.String()
	if err := h.App.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(h.Dir, "*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%v %v", files, err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		shown[name] = string(raw)
	}
	for what, text := range shown {
		for _, s := range []string{secret, second, base64.StdEncoding.EncodeToString([]byte(secret)), h.Info.PersonalAPIKey, h.Password} {
			if i := strings.Index(text, s); i >= 0 {
				t.Errorf("%s shows %q: …%q", what, s, text[max(0, i-80):min(len(text), i+40)])
			}
		}
	}
}

// viewer adds somebody who may only look, with a key, and signs them in.
func viewer(t *testing.T, h *apptest.House) (key string, browser *http.Client) {
	t.Helper()
	store, err := db.Open(t.Context(), db.Options{Dir: h.Dir})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	accounts, err := account.New(account.Config{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	owner, err := store.UserByEmail(t.Context(), h.Email)
	if err != nil {
		t.Fatal(err)
	}
	// The same password, so the same hash.
	u := account.User{UUID: "5b4b9e50-0000-4000-8000-000000000001", DistinctID: "viewer", Email: "viewer@example.com", FirstName: "Vi",
		PasswordHash: owner.PasswordHash, CurrentProject: h.Info.ProjectID, CreatedAt: time.Now().UTC()}
	if u, err = store.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if err := store.SetMembership(t.Context(), account.Membership{Project: h.Info.ProjectID, User: u.ID, Role: account.Viewer}); err != nil {
		t.Fatal(err)
	}
	if _, key, err = accounts.CreateKey(t.Context(), u.ID, account.KeyRequest{Label: "look", Scopes: []string{"*"}}); err != nil {
		t.Fatal(err)
	}
	as := *h
	as.Email = u.Email
	return key, as.SignIn(t)
}

// Every change that the route tables know is closed to whoever may only look,
// to strangers, and to other sites' pages.
func TestEveryChangeIsGuarded(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	id := h.CreateFunction(t, secretive("viewers-must-not-see-it"))
	key, looks := viewer(t, h)
	owner := h.SignIn(t)
	token := apptest.CSRF(t, looks, h.URL+"/account/keys")
	ownToken := apptest.CSRF(t, owner, h.URL+"/account/keys")
	stranger := &http.Client{CheckRedirect: looks.CheckRedirect}
	send := func(c *http.Client, method, path, token string, header ...string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, h.URL+path, strings.NewReader(url.Values{"_csrf": {token}, "hog": {"return 1"}, "enabled": {"true"}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	fill := strings.NewReplacer(":id", id, ":tid", "template-webhook", ":uuid", "x", ":pid", fmt.Sprint(h.Info.ProjectID), "*", "x").Replace
	table := web.AdminRoutes(nil)
	guarded := 0
	for _, r := range table.Project {
		path := fmt.Sprintf("/p/%d", h.Info.ProjectID) + fill(r.Path)
		if code := send(stranger, r.Method, path, ""); r.Method == "GET" && code != 303 || r.Method != "GET" && code != 403 {
			t.Errorf("%s %s by a stranger: %d", r.Method, path, code)
		}
		if r.Method == "GET" {
			continue
		}
		for what, code := range map[string]int{
			"without a token":          send(owner, r.Method, path, ""),
			"with another's token":     send(owner, r.Method, path, token),
			"from another site":        send(owner, r.Method, path, ownToken, "Sec-Fetch-Site", "cross-site"),
			"from a sister site":       send(owner, r.Method, path, ownToken, "Sec-Fetch-Site", "same-site"),
			"from another origin":      send(owner, r.Method, path, ownToken, "Origin", "https://evil.example.com"),
			"from an origin of no use": send(owner, r.Method, path, ownToken, "Origin", "null"),
		} {
			if code != 403 {
				t.Errorf("%s %s %s: %d, want 403", r.Method, path, what, code)
			}
		}
		if r.Can == "" || r.Can == account.See {
			if r.Path != "/_/functions/check" && r.Path != "/_/functions/:id/test" { // these change nothing
				t.Errorf("%s %s asks for no ability", r.Method, r.Path)
			}
			continue
		}
		guarded++
		if code := send(looks, r.Method, path, token); code != 403 {
			t.Errorf("%s %s by a viewer: %d, want 403", r.Method, path, code)
		}
	}
	if guarded < 6 {
		t.Errorf("only %d changes are guarded", guarded)
	}
	for _, r := range append(table.User, table.Open...) {
		if r.Method != "GET" && send(owner, r.Method, fill(r.Path), "") != 403 {
			t.Errorf("%s %s without a token is not refused", r.Method, r.Path)
		}
	}

	// The API, by the viewer's key and by the owner's session without a token.
	api := web.APIRoutes(nil)
	bearer := []string{"Authorization", "Bearer " + key, "Content-Type", "application/json"}
	for _, r := range api.Project {
		path := fmt.Sprintf("/api/projects/%d", h.Info.ProjectID) + fill(r.Path)
		if code := send(stranger, r.Method, path, ""); code != 401 {
			t.Errorf("%s %s by a stranger: %d, want 401", r.Method, path, code)
		}
		if r.Method == "GET" {
			continue
		}
		if code := send(owner, r.Method, path, "", "Content-Type", "application/json"); code != 403 {
			t.Errorf("%s %s by a session without a token: %d, want 403", r.Method, path, code)
		}
		if code := send(owner, r.Method, path, ownToken, "Content-Type", "text/plain", "Sec-Fetch-Site", "cross-site"); code != 403 {
			t.Errorf("%s %s by another site: %d, want 403", r.Method, path, code)
		}
		if r.Can == account.Edit {
			if code := send(stranger, r.Method, path, "", bearer...); code != 403 {
				t.Errorf("%s %s by a viewer's key: %d, want 403", r.Method, path, code)
			}
		}
	}

	// A viewer may test, but their own code learns no secret.
	as := *h
	as.Info.PersonalAPIKey = key
	config := secretive("********")
	config["inputs"].(map[string]any)["token"] = map[string]any{"secret": true}
	config["hog"] = "print(base64Encode(inputs.token), reverse(inputs.token), length(inputs.token))"
	globals := map[string]any{"event": map[string]any{"event": "tell", "uuid": "x", "properties": map[string]any{}}}
	for _, mock := range []bool{true, false} {
		status, raw := as.API(t, "POST", h.Project("hog_functions/%s/invocations/", id), map[string]any{"configuration": config, "globals": globals, "mock_async_functions": mock})
		if want := map[bool]int{true: 200, false: 403}[mock]; status != want {
			t.Errorf("a viewer's test, mocked %v: %d %s", mock, status, raw)
		}
		if bytes.Contains(raw, []byte(base64.StdEncoding.EncodeToString([]byte("viewers-must-not-see-it")))) || bytes.Contains(raw, []byte("ti-ees")) {
			t.Errorf("a viewer's test tells the secret: %s", raw)
		}
	}
}

// What people and events are called is text on every page, never markup.
func TestNamesAreNoMarkup(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	const evil = `"'><script>alert(1)</script><img src=x onerror=alert(2)>`
	id := h.CreateFunction(t, map[string]any{
		"type": "destination", "name": evil, "description": evil, "enabled": true, "hog": "print(event.event)\nthrow Error(event.event)",
		"icon_url":      "javascript:alert(1)",
		"inputs_schema": []map[string]any{{"key": "a", "type": "string", "label": evil, "description": evil, "required": false}},
		"inputs":        map[string]any{"a": map[string]any{"value": evil}},
		"filters":       map[string]any{"events": []map[string]any{{"id": evil, "name": evil, "type": "events", "order": 0}}, "properties": []map[string]any{{"key": evil, "value": []string{evil}, "operator": "exact", "type": "event"}}},
	})
	h.CreateFunction(t, map[string]any{"type": "transformation", "name": evil, "description": evil, "enabled": true, "hog": "print(event.event)\nreturn event"})
	h.Capture(t, evil, evil, map[string]any{evil: evil, "$set": map[string]any{"email": evil}})
	c := h.SignIn(t)
	event := lastEvent(t, h, c)
	settled(t, h, id, 1)
	pages := pagesOf(h, id, event)
	pages = append(pages, h.URL+"/login?next="+url.QueryEscape("/"+evil), h.URL+"/"+url.PathEscape(evil),
		fmt.Sprintf("%s/p/%d/functions?q=%s", h.URL, h.Info.ProjectID, url.QueryEscape(evil)), fmt.Sprintf("%s/p/%d/logs?q=%s&run=%s", h.URL, h.Info.ProjectID, url.QueryEscape(evil), url.QueryEscape(evil)),
		fmt.Sprintf("%s/p/%d/events?q=%s", h.URL, h.Info.ProjectID, url.QueryEscape(evil)), fmt.Sprintf("%s/p/%d/events/%s", h.URL, h.Info.ProjectID, url.PathEscape(evil)))
	escaped := 0
	for _, page := range pages {
		_, header, body := get(t, c, page)
		if !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
			continue
		}
		if strings.Contains(body, "&lt;script&gt;alert(1)") {
			escaped++
		}
		for _, bad := range []string{"<script>alert", "<img src=x", `href="javascript:`, `src="javascript:`} {
			if i := strings.Index(body, bad); i >= 0 {
				t.Errorf("%s holds %q: …%s", page, bad, body[max(0, i-100):min(len(body), i+60)])
			}
		}
		if policy := header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s has the policy %q", page, policy)
		}
	}
	if escaped < 6 {
		t.Errorf("only %d pages show the names at all", escaped)
	}
}

// No address leads away from this site.
func TestRedirectsStayHere(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	signedIn := h.SignIn(t)
	for _, next := range []string{"//evil.example.com", "https://evil.example.com/", `/\evil.example.com`, "/\t/evil.example.com", "javascript:alert(1)", "///evil.example.com", "evil", "/%2f%2fevil.example.com/../..//x"} {
		_, header, _ := get(t, signedIn, h.URL+"/login?next="+url.QueryEscape(next))
		at, err := url.Parse(header.Get("Location"))
		if err != nil || at.Host != "" || at.Scheme != "" || !strings.HasPrefix(at.Path, "/") || strings.HasPrefix(header.Get("Location"), "//") {
			t.Errorf("next=%q leads to %q", next, header.Get("Location"))
		}
	}
	for _, path := range []string{"//evil.example.com/p/1", "/project//evil.example.com/events/x", "/project/%2f%2fevil.example.com", "/project/1/events///evil.example.com", "//evil.example.com/%2e%2e"} {
		_, header, body := get(t, signedIn, h.URL+path)
		if to := header.Get("Location"); strings.HasPrefix(to, "//") || strings.HasPrefix(to, "http") {
			t.Errorf("%s leads to %q", path, to)
		}
		if strings.Contains(body, `href="//`) || strings.Contains(body, `action="//`) {
			t.Errorf("%s has a link away", path)
		}
	}
}

// Names of files are looked up, never walked.
func TestNoPathLeadsOutside(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	for _, path := range []string{"/_assets/../go.mod", "/_assets/..%2f..%2fgo.mod", "/_assets/%2e%2e/%2e%2e/etc/passwd", "/_assets//etc/passwd", "/_assets/",
		"/api/hog_function_icons/..%2f..%2fgo.mod", "/api/hog_function_icons/..", "/api/hog_function_icons/template-webhook/../../x",
		h.Project("hog_functions/icon/?id=../../../../etc/passwd"), h.Project("hog_function_templates/..%%2f..%%2fx/")} {
		// Written by hand, since clients tidy paths.
		status, body := rawGet(t, h, path)
		if status < 400 || strings.Contains(body, "module hogpen") || strings.Contains(body, "root:") {
			t.Errorf("%s: %d %.200s", path, status, body)
		}
	}
}

// rawGet sends a path as it is spelled, with the personal API key.
func rawGet(t *testing.T, h *apptest.House, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), "GET", h.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.URL.Opaque = path
	req.Header.Set("Authorization", "Bearer "+h.Info.PersonalAPIKey)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(out)
}

// Two people change one function: the second is told, and loses nothing.
func TestTwoPeopleSaveOneFunction(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	id := h.CreateFunction(t, map[string]any{"type": "destination", "name": "Ours", "hog": "return 1"})
	one := h.Project("hog_functions/%s/", id)
	var f struct {
		Name, Hog string
		UpdatedAt string `json:"updated_at"`
	}
	h.MustAPI(t, 200, "GET", one, nil, &f)
	base := f.UpdatedAt
	h.MustAPI(t, 200, "PATCH", one, map[string]any{"hog": "return 2", "base_updated_at": base}, nil)
	status, raw := h.API(t, "PATCH", one, map[string]any{"hog": "return 3", "base_updated_at": base})
	if status != 409 || !bytes.Contains(raw, []byte("Somebody saved this function since you opened it")) {
		t.Errorf("the second save: %d %s", status, raw)
	}
	// Both at once, from the same base: one of them.
	h.MustAPI(t, 200, "GET", one, nil, &f)
	codes := make(chan int, 8)
	for i := range cap(codes) {
		go func() {
			code, _ := h.API(t, "PATCH", one, map[string]any{"hog": fmt.Sprintf("return 1%d", i), "base_updated_at": f.UpdatedAt})
			codes <- code
		}()
	}
	saved := 0
	for range cap(codes) {
		switch code := <-codes; code {
		case 200:
			saved++
		case 409:
		default:
			t.Errorf("one of many saves: %d", code)
		}
	}
	if saved != 1 {
		t.Errorf("%d of many saves from one base were taken, want 1", saved)
	}
	// In the browser: the form comes back as it was typed, with who was first.
	c := h.SignIn(t)
	page := fmt.Sprintf("%s/p/%d/functions/%s", h.URL, h.Info.ProjectID, id)
	token := apptest.CSRF(t, c, page)
	form := url.Values{"_csrf": {token}, "base": {"1"}, "name": {"Mine"}, "description": {""}, "hog": {"return 'typed by me'"}, "filters.mode": {"json"}, "filters.json": {"{}"}}
	res, err := c.PostForm(page, form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 409 || !bytes.Contains(body, []byte("return &#39;typed by me&#39;")) || !bytes.Contains(body, []byte("was saved")) {
		t.Errorf("the page: %d %.2000s", res.StatusCode, body)
	}
	h.MustAPI(t, 200, "GET", one, nil, &f)
	if f.Name != "Ours" || strings.Contains(f.Hog, "typed by me") {
		t.Errorf("the function became %+v", f)
	}
}
