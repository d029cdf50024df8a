package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"

	"hogpen/account"
	"hogpen/account/accounttest"
	"hogpen/cdp"
	"hogpen/handlers/capture"
	"hogpen/handlers/public"
	"hogpen/views/ui"
	"hogpen/web"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// house is a running server for one test: real HTTP on a free port, people in
// memory, events kept in a list.
type house struct {
	url      string
	store    *accounttest.Store
	accounts *account.Accounts
	owner    account.SetupResult
	server   *web.Server

	mu     sync.Mutex
	events []cdp.Event
	fail   error
	ready  error
	now    time.Time
	log    bytes.Buffer
}

func (h *house) Capture(_ context.Context, events []cdp.Event) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fail != nil {
		return h.fail
	}
	h.events = append(h.events, events...)
	return nil
}

func (h *house) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.Write(b)
}

func (h *house) logged() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.String()
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// taken gives the events so far and forgets them.
func (h *house) taken() []cdp.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.events
	h.events = nil
	return e
}

const (
	email    = "ada@example.com"
	password = "correct horse battery"
)

// noon is the server's clock.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// start builds the house; change may alter the configuration.
func start(t *testing.T, change ...func(*web.Config)) *house {
	t.Helper()
	h := &house{store: &accounttest.Store{}, now: noon}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	log := slog.New(slog.NewTextHandler(h, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	h.accounts, err = account.New(account.Config{Store: h.store, Now: h.clock, Log: log})
	must(err)
	h.owner, err = h.accounts.Setup(t.Context(), account.SetupRequest{Email: email, Password: password, KeyLabel: "test"})
	must(err)
	sealer, err := account.NewSealer(bytes.Repeat([]byte{1}, account.KeySize))
	must(err)
	key, err := sealer.Derive("cookies")
	must(err)
	sessions, err := session.New(session.Config{Rows: h.store, Users: h.store, Key: key, Now: h.clock})
	must(err)
	captured, err := capture.New(capture.Config{Capturer: h, Projects: h.store, Now: h.clock, Log: log})
	must(err)
	registry := prometheus.NewRegistry()
	public, err := public.New(public.Config{Version: "v1", Metrics: registry, Ready: func(context.Context) error { return h.ready }})
	must(err)
	c := web.Config{
		Sessions: sessions, Projects: h.store, Accounts: h.accounts, Capture: captured, Public: public,
		Metrics: registry, Log: log, Now: h.clock, API: h.api(), Admin: h.admin(),
	}
	for _, f := range change {
		f(&c)
	}
	h.server, err = web.New(c)
	must(err)
	must(h.server.Listen("127.0.0.1:0"))
	h.url = "http://" + h.server.Addr()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := h.server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	return h
}

func text(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	})
}

// api are routes that show what middleware did.
func (h *house) api() web.API {
	who := func(c *fiber.Ctx) error {
		return respond.JSON(c, 200, fiber.Map{"user": session.User(c).Email, "project": session.Project(c).ID, "role": session.Role(c)})
	}
	return web.API{
		Project: []web.Route{
			{Method: "GET", Path: "/hog_functions", Handler: who, Scopes: []string{"hog_function:read"}},
			{Method: "POST", Path: "/hog_functions", Handler: who, Scopes: []string{"hog_function:write"}, Can: account.Edit},
			{Method: "GET", Path: "/closed", Handler: who},
			{Method: "GET", Path: "/hog_functions/:id", Scopes: []string{"hog_function:read"}, Handler: func(c *fiber.Ctx) error {
				return cdp.Errorf(cdp.Invalid, "inputs__url", "This field is required.")
			}},
			{Method: "GET", Path: "/broken", Scopes: []string{"hog_function:read"}, Handler: func(*fiber.Ctx) error { return errors.New("secret cause") }},
			{Method: "GET", Path: "/panics", Scopes: []string{"hog_function:read"}, Handler: func(*fiber.Ctx) error { panic("secret cause") }},
		},
		User: []web.Route{
			{Method: "GET", Path: "/users/@me", Handler: who, Scopes: []string{"user:read"}, AnyKey: true},
			{Method: "GET", Path: "/organizations", Handler: who, Scopes: []string{"organization:read"}},
		},
		Open: []web.Route{{Method: "GET", Path: "/public_hog_function_templates", Handler: func(c *fiber.Ctx) error {
			return respond.JSON(c, 200, fiber.Map{"results": []string{strings.Repeat("x", 2000)}})
		}}},
	}
}

// admin are pages enough to sign in and to look at.
func (h *house) admin() web.Admin {
	return web.Admin{
		Open: []web.Route{
			{Method: "GET", Path: "/login", Handler: func(c *fiber.Ctx) error { return respond.Page(c, text("csrf="+session.CSRF(c))) }},
			{Method: "POST", Path: "/login", Handler: func(c *fiber.Ctx) error {
				u, err := h.accounts.SignIn(c.UserContext(), c.FormValue("email"), c.FormValue("password"), session.From(c).IP)
				if err != nil {
					return err
				}
				if err := session.SignIn(c, u); err != nil {
					return err
				}
				if c.FormValue("keep") != "" {
					session.Keep(c)
				}
				return respond.Redirect(c, "/p/1")
			}},
		},
		User: []web.Route{{Method: "POST", Path: "/logout", Handler: func(c *fiber.Ctx) error {
			session.SignOut(c)
			return respond.Redirect(c, "/login")
		}}},
		Project: []web.Route{
			{Method: "GET", Path: "", Can: account.See, Handler: func(c *fiber.Ctx) error {
				return respond.Page(c, text(fmt.Sprintf("project %s as %s, csrf=%s nonce=%s toasts=%+v%s",
					session.Project(c).Name, session.Role(c), session.CSRF(c), session.Nonce(c), respond.Toasts(c), strings.Repeat(" ", 2000))))
			}},
			{Method: "POST", Path: "/save", Can: account.Edit, Handler: func(c *fiber.Ctx) error {
				if c.FormValue("name") == "" {
					return respond.Invalid(c, text("<form>name is missing</form>"))
				}
				respond.Toast(c, ui.ToastProps{Tone: ui.OK, Text: "Saved “é😀”", Undo: "/undo"})
				if c.FormValue("stay") != "" {
					return respond.Part(c, text("<tr>changed</tr>"))
				}
				return respond.Redirect(c, "/p/1")
			}},
			{Method: "GET", Path: "/list", Handler: func(c *fiber.Ctx) error {
				rows := templ.Fragment("rows")
				return respond.Page(c, templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
					if _, err := io.WriteString(w, "<html>"); err != nil {
						return err
					}
					return rows.Render(templ.WithChildren(ctx, text("<tr>row</tr>")), w)
				}), "rows")
			}},
			{Method: "GET", Path: "/stream", Handler: func(c *fiber.Ctx) error {
				return respond.Stream(c, func(ctx context.Context) (<-chan respond.Message, error) {
					ch := make(chan respond.Message, 1)
					ch <- respond.Message{ID: "7", Event: "log", HTML: text("<p>a\nb</p>")}
					return ch, nil
				})
			}},
		},
	}
}

// client is a browser that follows no redirects and keeps cookies.
type client struct {
	*http.Client
	t    *testing.T
	base string
}

func (h *house) client(t *testing.T) *client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(c.CloseIdleConnections)
	return &client{c, t, h.url}
}

// answer is a response that was read whole.
type answer struct {
	status int
	body   string
	header http.Header
}

// do sends a request; headers are pairs.
func (c *client) do(method, path, body string, headers ...string) answer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer{resp.StatusCode, string(b), resp.Header}
}

func (c *client) form(path string, values url.Values, headers ...string) answer {
	c.t.Helper()
	return c.do("POST", path, values.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
}

// signIn signs the owner in and gives the session's token.
func (c *client) signIn() string {
	c.t.Helper()
	_, token, ok := strings.Cut(c.do("GET", "/login", "").body, "csrf=")
	if !ok || token == "" {
		c.t.Fatal("the sign-in page has no token")
	}
	a := c.form("/login", url.Values{"_csrf": {token}, "email": {email}, "password": {password}})
	if a.status != 303 || a.header.Get("Location") != "/p/1" {
		c.t.Fatalf("sign-in: %d %s", a.status, a.body)
	}
	return c.cookie(session.CSRFCookieName)
}

func (c *client) cookie(name string) string {
	u, _ := url.Parse(c.base)
	for _, k := range c.Jar.Cookies(u) {
		if k.Name == name {
			return k.Value
		}
	}
	return ""
}

// apiError reads PostHog's error.
func (a answer) apiError(t *testing.T) (kind, code, detail string, attr *string) {
	t.Helper()
	var e struct {
		Type, Code, Detail string
		Attr               *string
	}
	if err := json.Unmarshal([]byte(a.body), &e); err != nil {
		t.Fatalf("%d %q: %v", a.status, a.body, err)
	}
	return e.Type, e.Code, e.Detail, e.Attr
}
