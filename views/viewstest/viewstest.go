// Package viewstest serves pages with sample data for tests and for looking at:
// the real components, the real assets and the real content policy, on a real
// listener, without a database or engine. Small handlers answer as web/respond
// does, so that switches, searches and moves can be tried in a browser.
package viewstest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"hogpen/static"
	"hogpen/views/ui"
)

// Server is a running sample of the app.
type Server struct {
	URL string

	mux *http.ServeMux
}

// New starts a server that ends with the test. The sample pages are mounted;
// Handle adds more.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{mux: http.NewServeMux()}
	s.mux.HandleFunc("GET "+static.Prefix, serveAsset)
	s.mountFunctions()
	s.mountPipeline()
	s.mountPages()
	s.mountLetters()
	s.mountKit()
	s.mountBuild()
	ts := httptest.NewServer(s.mux)
	t.Cleanup(func() {
		ts.CloseClientConnections() // a live stream would keep Close waiting
		ts.Close()
	})
	s.URL = ts.URL
	return s
}

// Handle serves a component at a pattern such as "GET /p/1/logs". fragments are
// the names a partial request may ask for.
func (s *Server) Handle(pattern string, c func(*http.Request) templ.Component, fragments ...string) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		Render(w, r, http.StatusOK, c(r), fragments...)
	})
}

// HandleFunc serves anything at a pattern.
func (s *Server) HandleFunc(pattern string, h http.HandlerFunc) { s.mux.HandleFunc(pattern, h) }

// csrf is the token every sample form carries.
const csrf = "sample-token"

// Render writes a page, or only the fragment that htmx asked for, under the
// content policy of the real server.
func Render(w http.ResponseWriter, r *http.Request, status int, c templ.Component, fragments ...string) {
	nonce := rand.Text()
	ctx := ui.WithEnv(r.Context(), ui.Env{CSRF: csrf, Nonce: nonce})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", Policy(nonce))
	w.WriteHeader(status)
	if err := render(ctx, w, r, c, fragments); err != nil {
		fmt.Fprintf(w, "render: %v", err)
	}
}

func render(ctx context.Context, w http.ResponseWriter, r *http.Request, c templ.Component, fragments []string) error {
	if r.Header.Get("HX-Request-Type") == "partial" {
		_, id, _ := strings.Cut(r.Header.Get("HX-Target"), "#")
		for _, f := range fragments {
			if f == id {
				return templ.RenderFragments(ctx, w, c, f)
			}
		}
	}
	return c.Render(ctx, w)
}

// Parts writes partial answers one after the other.
func Parts(w http.ResponseWriter, r *http.Request, status int, parts ...templ.Component) {
	Render(w, r, status, templ.Join(parts...))
}

// Policy is the content security policy of the app.
func Policy(nonce string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + nonce + "'; img-src 'self' data:; " +
		"font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}

func serveAsset(w http.ResponseWriter, r *http.Request) {
	f, ok := static.Lookup(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", f.Type)
	_, _ = w.Write(f.Raw)
}

// Now is the hour at which all samples play.
func Now() time.Time { return time.Date(2026, 11, 16, 12, 4, 31, 0, time.UTC) }
