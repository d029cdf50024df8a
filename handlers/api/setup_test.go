package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/db"
	"hogpen/db/dbtest"
	"hogpen/engine/executor"
	"hogpen/engine/fetch"
	"hogpen/handlers/api"
	"hogpen/handlers/public"
	"hogpen/templates"
	"hogpen/web"
	"hogpen/web/session"
)

// house is the real server over a fresh database, without an engine.
type house struct {
	internal []cdp.InternalEvent
	testing.TB
	store    *db.Store
	accounts *account.Accounts
	fns      *cdp.Functions
	url      string // http://127.0.0.1:port
	key      string // of the owner, for everything
	owner    account.User
	project  cdp.Project
	server   *web.Server
	client   *http.Client
	contract *contract
	base     string // what call puts before a path without a slash
}

// checker evaluates clauses as the engine does, which is not there.
type checker struct {
	h *house
	x *executor.Executor
}

func (c checker) Check(_ context.Context, e cdp.Event, codes []json.RawMessage) ([]cdp.Checked, error) {
	s, err := c.x.NewScope(c.h.project, e)
	if err != nil {
		return nil, err
	}
	return c.x.Check(s, codes), nil
}

func setup(t testing.TB, changes ...func(*api.Config)) *house {
	t.Helper()
	h := &house{TB: t, store: dbtest.Open(t), client: &http.Client{Transport: &http.Transport{}}, base: "/api/projects/@current/"}
	var err error
	h.accounts, err = account.New(account.Config{Store: h.store})
	h.must(err)
	first, err := h.accounts.Setup(t.Context(), account.SetupRequest{Email: "ada@example.com", Password: "correct horse battery",
		Name: "Ada Example", Organization: "Example", Project: "Shop", KeyLabel: "test"})
	h.must(err)
	h.key, h.owner, h.project = first.Key, first.User, first.Project

	secret := make([]byte, 32)
	_, err = rand.Read(secret)
	h.must(err)
	sealer, err := account.NewSealer(secret)
	h.must(err)
	h.fns = &cdp.Functions{Store: h.store, Projects: h.store, Sealer: sealer, Templates: templates.Get, SiteURL: "https://hog.example",
		Actions: h.store, Cohorts: h.store, Types: h.store}
	client := fetch.New(fetch.Config{})
	x, err := executor.New(executor.Config{Fetch: client.Do, Sealer: sealer, BaseURL: "https://hog.example"})
	h.must(err)
	reruns := &cdp.Reruns{Store: h.store, Runner: again{}}
	t.Cleanup(reruns.Stop)
	config := api.Config{Functions: h.fns, Reader: h.store, Telemetry: h.store, People: h.store, Activities: h.store, Tester: x, Gallery: templates.Gallery{},
		Reruns: reruns, Broadcasts: &cdp.Broadcasts{Functions: h.fns, Persons: h.store}, DeadLetters: &cdp.DeadLetters{Store: h.store, Runner: again{}, Jobs: reruns}, LetterReader: h.store,
		Internals: h, Accounts: h.accounts, Settings: &cdp.ProjectSettings{Store: h.store, Functions: h.fns},
		Named: h.store, Actions: &cdp.Actions{Store: h.store, Functions: h.fns}, Cohorts: &cdp.Cohorts{Store: h.store, Functions: h.fns},
		Traces: &cdp.Traces{Store: h.store, Functions: h.fns, Checker: checker{h, x}}}
	for _, change := range changes {
		change(&config)
	}
	handler, err := api.New(config)
	h.must(err)
	h.serve(handler, secret)
	h.contract = newContract(h)
	return h
}

// serve puts the handler behind the real server.
func (h *house) serve(handler *api.Handler, secret []byte) {
	h.Helper()
	sessions, err := session.New(session.Config{Rows: h.store, Users: h.store, Key: secret})
	h.must(err)
	registry := prometheus.NewRegistry()
	strangers, err := public.New(public.Config{Version: "test", Ready: func(context.Context) error { return nil }, Metrics: registry})
	h.must(err)
	h.server, err = web.New(web.Config{
		Sessions: sessions, Projects: h.store, Accounts: h.accounts, Public: strangers,
		API:      web.APIRoutes(handler),
		Throttle: web.Throttle{Off: true}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	h.must(err)
	h.must(h.server.Listen("127.0.0.1:0"))
	h.url = "http://" + h.server.Addr()
	h.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		h.client.CloseIdleConnections()
		if err := h.server.Shutdown(ctx); err != nil {
			h.Errorf("shut down: %v", err)
		}
	})
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// reply is an answer of the server.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// call asks the server as the owner; path is beneath the base
// unless it begins with a slash.
func (h *house) call(method, path, body string) reply {
	h.Helper()
	return h.callWith(h.key, method, path, body)
}

func (h *house) callWith(key, method, path, body string) reply {
	h.Helper()
	if !strings.HasPrefix(path, "/") {
		path = h.base + path
	}
	req, err := http.NewRequestWithContext(h.Context(), method, h.url+path, strings.NewReader(body))
	h.must(err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	return h.do(req)
}

func (h *house) do(req *http.Request) reply {
	h.Helper()
	res, err := h.client.Do(req)
	h.must(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	h.must(err)
	r := reply{res.StatusCode, res.Header, b}
	h.contract.holds(h, req, r)
	return r
}

// object asks and reads the answer's object, which must have this status.
func (h *house) object(status int, method, path, body string) map[string]any {
	h.Helper()
	r := h.call(method, path, body)
	var out map[string]any
	h.read(r, status, &out)
	return out
}

func (h *house) read(r reply, status int, into any) {
	h.Helper()
	if r.status != status {
		h.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	if err := json.Unmarshal(r.body, into); err != nil {
		h.Fatalf("%v: %s", err, r.body)
	}
}

// refused checks PostHog's error: status, type, code, detail and attr ("" is
// null).
func (h *house) refused(r reply, status int, kind, code, detail, attr string) {
	h.Helper()
	var e struct {
		Type, Code, Detail string
		Attr               *string
	}
	d := json.NewDecoder(bytes.NewReader(r.body))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		h.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	have := ""
	if e.Attr != nil {
		have = *e.Attr
	}
	if r.status != status || e.Type != kind || e.Code != code || e.Detail != detail || have != attr {
		h.Errorf("have %d %s\nwant %d %s %s %q attr %q", r.status, r.body, status, kind, code, detail, attr)
	}
}

// invalid is refused with what all validation errors have in common.
func (h *house) invalid(r reply, code, detail, attr string) {
	h.Helper()
	h.refused(r, http.StatusBadRequest, "validation_error", code, detail, attr)
}

// create makes a function and gives its id.
func (h *house) create(body string) string {
	h.Helper()
	return h.object(http.StatusCreated, "POST", "hog_functions/", body)["id"].(string)
}

// keys are the members of an object in the order of the answer.
func (h *house) keys(body []byte) []string {
	h.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	if _, err := d.Token(); err != nil {
		h.Fatal(err)
	}
	var keys []string
	for d.More() {
		t, err := d.Token()
		h.must(err)
		keys = append(keys, t.(string))
		var skip json.RawMessage
		h.must(d.Decode(&skip))
	}
	return keys
}

// failing is a source of statuses that is down.
type failing struct{}

func (failing) Statuses(context.Context, cdp.ProjectID, []cdp.FunctionID) (map[cdp.FunctionID]cdp.Status, error) {
	return nil, errors.New("down")
}
