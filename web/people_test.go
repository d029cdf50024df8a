package web_test

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/web"
	"hogpen/web/respond"
	"hogpen/web/session"
)

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	if a := c.do("GET", "/p/1?x=1", ""); a.status != 303 || a.header.Get("Location") != "/login?next=%2Fp%2F1%3Fx%3D1" {
		t.Fatalf("a stranger: %d %s", a.status, a.header.Get("Location"))
	}
	if n := len(h.store.Sessions()); n != 0 {
		t.Errorf("a stranger who only looked left %d sessions", n)
	}
	c.do("GET", "/login", "")
	before := c.cookie(session.CookieName)
	if before == "" {
		t.Fatal("the sign-in page began no session")
	}
	token := c.signIn()
	if c.cookie(session.CookieName) == before {
		t.Error("the session kept its ID over the sign-in")
	}
	if rows := h.store.Sessions(); len(rows) != 1 || rows[0].User != h.owner.User.ID || rows[0].ExpiresAt != noon.Add(14*24*time.Hour) {
		t.Errorf("sessions = %+v", rows)
	}
	a := c.do("GET", "/p/1", "")
	if a.status != 200 || !strings.HasPrefix(a.body, "project Default project as owner, csrf="+token) {
		t.Fatalf("page: %d %s", a.status, a.body)
	}
	if a := c.form("/logout", url.Values{"_csrf": {token}}); a.status != 303 {
		t.Fatalf("sign-out: %d %s", a.status, a.body)
	}
	if n := len(h.store.Sessions()); n != 0 {
		t.Errorf("%d sessions after the sign-out", n)
	}
	if a := c.do("GET", "/p/1", ""); a.status != 303 {
		t.Errorf("after the sign-out: %d", a.status)
	}
}

// The cookies of a stranger who was shown a form last a day, those of a user
// two weeks.
func TestSessionCookie(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	look := c.do("GET", "/login", "")
	_, token, _ := strings.Cut(look.body, "csrf=")
	in := c.form("/login", url.Values{"_csrf": {token}, "email": {email}, "password": {password}})
	for age, a := range map[int]answer{86400: look, 1209600: in} {
		var all []string
		for _, k := range (&http.Response{Header: a.header}).Cookies() {
			all = append(all, k.Name)
			if k.Name == session.CookieName && (!k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.MaxAge != age || k.Path != "/" || k.Secure) {
				t.Errorf("cookie %+v, want an age of %d", k, age)
			}
			if k.Name == session.CSRFCookieName && (k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.MaxAge != age) {
				t.Errorf("cookie %+v, want an age of %d", k, age)
			}
		}
		if len(all) != 2 {
			t.Errorf("cookies %v", all)
		}
	}
}

func TestKeepMeSignedIn(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	_, token, _ := strings.Cut(c.do("GET", "/login", "").body, "csrf=")
	a := c.form("/login", url.Values{"_csrf": {token}, "email": {email}, "password": {password}, "keep": {"on"}})
	if a.status != 303 || !strings.Contains(a.header.Get("Set-Cookie"), "Max-Age=2592000") {
		t.Fatalf("%d %v", a.status, a.header)
	}
	h.mu.Lock()
	h.now = noon.Add(29 * 24 * time.Hour)
	h.mu.Unlock()
	if a := c.do("GET", "/p/1", ""); a.status != 200 {
		t.Errorf("after 29 days: %d", a.status)
	}
	if rows := h.store.Sessions(); len(rows) != 1 || rows[0].ExpiresAt != noon.Add(59*24*time.Hour) {
		t.Errorf("sessions = %+v", rows)
	}
}

func TestErrorPages(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	a := c.do("GET", "/nowhere", "")
	if a.status != 404 || !strings.Contains(a.body, "There is no such page.") || a.header.Get("Content-Security-Policy") == "" {
		t.Errorf("%d %s", a.status, a.body)
	}
	h.store.Fail = errors.New("the disk is gone")
	a = c.do("GET", "/nowhere", "", "Cookie", session.CookieName+"=x")
	if a.status != 404 { // a forged cookie asks no database
		t.Errorf("%d %s", a.status, a.body)
	}
	h.store.Fail = nil
	c.signIn()
	h.store.Fail = errors.New("the disk is gone")
	a = c.do("GET", "/p/1", "")
	id := a.header.Get("X-Request-Id")
	if a.status != 500 || !strings.Contains(a.body, id) || strings.Contains(a.body, "disk is gone") || !strings.Contains(h.logged(), id) {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestErrorPageThatFails(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]func(*fiber.Ctx, respond.Failure) error{
		"an error": func(*fiber.Ctx, respond.Failure) error { return errors.New("no shell") },
		"a panic":  func(*fiber.Ctx, respond.Failure) error { panic("no shell") },
	} {
		h := start(t, func(c *web.Config) { c.ErrorPage = page })
		a := h.client(t).do("GET", "/nowhere<>", "")
		if a.status != 404 || !strings.Contains(a.body, "<h1>There is no such page.</h1>") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

func TestSecureCookieBehindHTTPS(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *web.Config) { c.TrustedProxies = []string{"127.0.0.1"} })
	a := h.client(t).do("GET", "/login", "", "X-Forwarded-Proto", "https")
	if !strings.Contains(a.header.Get("Set-Cookie"), "Secure") || a.header.Get("Strict-Transport-Security") == "" {
		t.Errorf("headers %v", a.header)
	}
	plain := start(t)
	a = plain.client(t).do("GET", "/login", "", "X-Forwarded-Proto", "https")
	if strings.Contains(a.header.Get("Set-Cookie"), "Secure") {
		t.Errorf("a stranger's header was believed: %v", a.header)
	}
}

func TestForgedAndStaleCookies(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	c.signIn()
	good := c.cookie(session.CookieName)
	for name, cookie := range map[string]string{
		"empty": "", "nonsense": "nonsense", "cut": good[:len(good)-2], "changed": "A" + good[1:], "long": strings.Repeat("A", 8000),
	} {
		if a := h.client(t).do("GET", "/p/1", "", "Cookie", session.CookieName+"="+cookie); a.status != 303 {
			t.Errorf("%s cookie: %d", name, a.status)
		}
	}
	if a := h.client(t).do("GET", "/p/1", "", "Cookie", session.CookieName+"="+good); a.status != 200 {
		t.Fatalf("the good one: %d", a.status)
	}
	h.mu.Lock()
	h.now = noon.Add(15 * 24 * time.Hour)
	h.mu.Unlock()
	if a := h.client(t).do("GET", "/p/1", "", "Cookie", session.CookieName+"="+good); a.status != 303 {
		t.Errorf("after 15 days: %d", a.status)
	}
}

func TestRevokedSessionEndsAtOnce(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	c.signIn()
	if err := h.store.DeleteSessionsOf(t.Context(), h.owner.User.ID); err != nil {
		t.Fatal(err)
	}
	if a := c.do("GET", "/p/1", ""); a.status != 303 {
		t.Errorf("after the revocation: %d", a.status)
	}
}

func TestUseExtendsASessionOnceAnHour(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	c.signIn()
	if a := c.do("GET", "/p/1", ""); a.header.Get("Set-Cookie") != "" {
		t.Errorf("a page within the hour set a cookie")
	}
	h.mu.Lock()
	h.now = noon.Add(2 * time.Hour)
	h.mu.Unlock()
	if a := c.do("GET", "/p/1", ""); a.header.Get("Set-Cookie") == "" {
		t.Errorf("a page after it set none")
	}
	if rows := h.store.Sessions(); len(rows) != 1 || rows[0].ExpiresAt != noon.Add(14*24*time.Hour+2*time.Hour) {
		t.Errorf("sessions = %+v", rows)
	}
}

func TestForgedChangesAreRefused(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	token := c.signIn()
	name := url.Values{"name": {"x"}}
	withToken := url.Values{"name": {"x"}, "_csrf": {token}}
	for _, tt := range []struct {
		name    string
		form    url.Values
		headers []string
		want    int
	}{
		{"no token", name, nil, 403},
		{"a wrong token", url.Values{"name": {"x"}, "_csrf": {"wrong"}}, nil, 403},
		{"the field", withToken, nil, 303},
		{"the header", name, []string{"X-CSRF-Token", token}, 303},
		{"PostHog's header", name, []string{"X-CSRFToken", token}, 303},
		{"our own origin", withToken, []string{"Origin", h.url, "Sec-Fetch-Site", "same-origin"}, 303},
		{"another origin", withToken, []string{"Origin", "https://evil.example.com"}, 403},
		{"no origin to name", withToken, []string{"Origin", "null"}, 403},
		{"another site", withToken, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a sibling site", withToken, []string{"Sec-Fetch-Site", "same-site"}, 403},
	} {
		if a := c.form("/p/1/save", tt.form, tt.headers...); a.status != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, a.status, tt.want)
		}
	}
	other := h.client(t)
	other.do("GET", "/login", "")
	if a := other.form("/login", url.Values{"_csrf": {token}, "email": {email}, "password": {password}}); a.status != 403 {
		t.Errorf("another session's token: %d", a.status)
	}
}

func TestProjectAndRole(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	token := c.signIn()
	h.store.AddProject(cdp.Project{Name: "Foreign"})
	for path, want := range map[string]int{"/p/1": 200, "/p/1/": 200, "/p/2": 404, "/p/99": 404, "/p/x": 404, "/p/-1": 404, "/nowhere": 404} {
		if a := c.do("GET", path, ""); a.status != want {
			t.Errorf("%s: %d, want %d", path, a.status, want)
		}
	}
	if foreign, missing := c.do("GET", "/p/2", ""), c.do("GET", "/p/99", ""); withoutID(foreign.body) != withoutID(missing.body) {
		t.Errorf("foreign %q, missing %q", foreign.body, missing.body)
	}
	if a := c.form("/p/1", url.Values{"_csrf": {token}}); a.status != 405 {
		t.Errorf("a wrong method: %d", a.status)
	}

	hash, err := h.accounts.HashPassword(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	h.store.AddUser(account.User{Email: "vera@example.com", PasswordHash: hash}, 1, account.Viewer)
	v := h.client(t)
	_, csrf, _ := strings.Cut(v.do("GET", "/login", "").body, "csrf=")
	if a := v.form("/login", url.Values{"_csrf": {csrf}, "email": {"vera@example.com"}, "password": {password}}); a.status != 303 {
		t.Fatal(a.status, a.body)
	}
	csrf = v.cookie(session.CSRFCookieName)
	if a := v.do("GET", "/p/1", ""); a.status != 200 || !strings.Contains(a.body, "as viewer") {
		t.Errorf("a viewer looks: %d %s", a.status, a.body)
	}
	if a := v.form("/p/1/save", url.Values{"_csrf": {csrf}, "name": {"x"}}); a.status != 403 || !strings.Contains(a.body, "Your role") {
		t.Errorf("a viewer saves: %d %s", a.status, a.body)
	}
}

func withoutID(page string) string {
	s, _, _ := strings.Cut(page, "<p>Request")
	return styleNonce.ReplaceAllString(s, "")
}

var styleNonce = regexp.MustCompile(`<meta name="style-nonce" content="[^"]*">`)

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	c.signIn()
	a, b := c.do("GET", "/p/1", ""), c.do("GET", "/p/1", "")
	csp := a.header.Get("Content-Security-Policy")
	_, nonce, _ := strings.Cut(a.body, "nonce=")
	nonce, _, _ = strings.Cut(nonce, " ")
	if nonce == "" || !strings.Contains(csp, "style-src 'self' 'nonce-"+nonce+"'") || !strings.Contains(csp, "default-src 'none'; script-src 'self';") {
		t.Errorf("policy %q, nonce %q", csp, nonce)
	}
	if csp == b.header.Get("Content-Security-Policy") {
		t.Error("two answers share a nonce")
	}
	for k, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cache-Control": "private, no-cache"} {
		if have := a.header.Get(k); have != want {
			t.Errorf("%s = %q, want %q", k, have, want)
		}
	}
	if a.header.Get("X-Request-Id") == "" {
		t.Error("no request ID")
	}
}

func TestFormsAndToasts(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	token := c.signIn()
	if a := c.form("/p/1/save", url.Values{"_csrf": {token}}); a.status != 422 || a.body != "<form>name is missing</form>" {
		t.Errorf("a bad form: %d %s", a.status, a.body)
	}
	good := url.Values{"_csrf": {token}, "name": {"x"}}
	if a := c.form("/p/1/save", good); a.status != 303 {
		t.Errorf("a good form: %d %s", a.status, a.body)
	}
	if a := c.do("GET", "/p/1", ""); !strings.Contains(a.body, "Text:Saved “é😀” Undo:/undo") {
		t.Errorf("the next page: %s", a.body)
	}
	if a := c.do("GET", "/p/1", ""); strings.Contains(a.body, "Saved") {
		t.Errorf("the page after it: %s", a.body)
	}
	htmx := []string{"HX-Request", "true", "HX-Request-Type", "partial"}
	if a := c.form("/p/1/save", good, htmx...); a.status != 204 || a.header.Get("HX-Redirect") != "/p/1" {
		t.Errorf("by htmx: %d %v", a.status, a.header)
	}
	if a := c.do("GET", "/p/1", ""); !strings.Contains(a.body, "Text:Saved") {
		t.Errorf("the page it led to: %s", a.body)
	}
	good.Set("stay", "1")
	a := c.form("/p/1/save", good, htmx...)
	if a.status != 200 || !strings.HasPrefix(a.body, `<tr>changed</tr><hx-partial hx-target="#toasts"`) || !strings.Contains(a.body, "Saved “é😀”") || !strings.Contains(a.body, `value="`+token+`"`) {
		t.Errorf("a part with a toast: %d %s", a.status, a.body)
	}
	if a := c.do("GET", "/p/1", ""); strings.Contains(a.body, "Saved") {
		t.Errorf("a toast came twice: %s", a.body)
	}
}

func TestPagesAndFragments(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	c.signIn()
	for _, tt := range []struct {
		name    string
		headers []string
		want    string
	}{
		{"a browser", nil, "<html><tr>row</tr>"},
		{"a part", []string{"HX-Request", "true", "HX-Request-Type", "partial"}, "<tr>row</tr>"},
		{"a boosted link", []string{"HX-Request", "true", "HX-Request-Type", "full", "HX-Boosted", "true"}, "<html><tr>row</tr>"},
		{"the back button", []string{"HX-Request", "true", "HX-Request-Type", "partial", "HX-History-Restore-Request", "true"}, "<html><tr>row</tr>"},
	} {
		a := c.do("GET", "/p/1/list", "", tt.headers...)
		if a.status != 200 || a.body != tt.want || !strings.Contains(a.header.Get("Vary"), "HX-Request") {
			t.Errorf("%s: %d %q, want %q", tt.name, a.status, a.body, tt.want)
		}
	}
}

func TestErrorsForHTMX(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	htmx := []string{"HX-Request", "true", "HX-Request-Type", "partial", "HX-Current-URL", h.url + "/p/1/list?q=a"}
	if a := c.do("GET", "/p/1", "", htmx...); a.status != 401 || a.header.Get("HX-Redirect") != "/login?next=%2Fp%2F1%2Flist%3Fq%3Da" {
		t.Errorf("signed out: %d %v", a.status, a.header)
	}
	c.signIn()
	a := c.do("GET", "/p/9", "", htmx...)
	if a.status != 404 || !strings.HasPrefix(a.body, `<hx-partial hx-target="#toasts"`) || !strings.Contains(a.body, "There is no such project") {
		t.Errorf("not found: %d %s", a.status, a.body)
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	c.signIn()
	c.Timeout = 0
	r, err := http.NewRequestWithContext(t.Context(), "GET", h.url+"/p/1/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get("Content-Encoding") != "" {
		t.Errorf("headers %v", resp.Header)
	}
	var lines []string
	in := bufio.NewScanner(resp.Body)
	for len(lines) < 7 && in.Scan() {
		lines = append(lines, in.Text())
	}
	if have := strings.Join(lines, "|"); have != ": open||id: 7|event: log|data: <p>a|data: b</p>|" {
		t.Errorf("stream %q", have)
	}
	// A stream that is open must not hold up the stop.
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	began := time.Now()
	if err := h.server.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the stop took %v", took)
	}
	if err := h.server.Shutdown(ctx); err != nil {
		t.Errorf("a second stop: %v", err)
	}
}
