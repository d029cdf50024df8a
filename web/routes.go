package web

import (
	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/static"
	"hogpen/web/respond"
)

// Route is one row of the tables that programs and people walk.
type Route struct {
	Method  string
	Path    string // beneath the group's prefix
	Handler fiber.Handler
	// Can is what the user's role must allow; "" asks for no more than
	// being signed in.
	Can account.Ability
	// Scopes are what a personal API key must carry, all of them. A route of
	// the API without scopes is closed to keys.
	Scopes []string
	// AnyKey opens a route outside projects to keys that are bound to some.
	AnyKey bool
}

// API are the routes of programs.
type API struct {
	// Project is beneath /api/projects/:project_id and again beneath
	// /api/environments/:project_id.
	Project []Route
	// User is beneath /api, for whoever has a key or a session.
	User []Route
	// Open is beneath /api, for strangers.
	Open []Route
}

// Admin are the routes of people.
type Admin struct {
	// Project is beneath /p/:pid.
	Project []Route
	// User is for whoever is signed in, outside projects.
	User []Route
	// Open is for strangers: sign-in, first set-up, recovery.
	Open []Route
}

// routes is the map of the house. Order matters: the first match answers.
func (s *Server) routes() {
	app := s.app
	app.Use(s.outer, s.recovered)

	// SDKs, with a project token: no session, no cookie, any origin. Each
	// path answers every method, with and without a slash at the end.
	if h := s.c.Capture; h != nil {
		sdks := func(path string, f fiber.Handler) { app.All(path, calls(sdk), h.CORS, f) }
		sdks("/i/v0/e", h.Capture)
		sdks("/e", h.Capture)
		sdks("/capture", h.Capture)
		sdks("/track", h.Capture)
		sdks("/engage", h.Capture)
		sdks("/batch", h.Capture)
		sdks("/s", h.Recording)
		sdks("/flags", h.Flags)
		sdks("/decide", h.Decide)
		sdks("/array/:token/config", h.RemoteConfig)
		sdks("/array/:token/config.js", h.RemoteConfigScript)
		sdks("/api/surveys", h.Surveys)
		sdks("/api/early_access_features", h.EarlyAccessFeatures)
		sdks("/api/web_experiments", h.WebExperiments)
		sdks("/api/feature_flag/local_evaluation", h.LocalEvaluation)
	}

	// Strangers: whoever watches over the server, and its assets.
	app.Get("/_health", calls(stranger), s.c.Public.Health)
	app.Get("/_ready", calls(stranger), s.c.Public.Ready)
	app.Get("/_metrics", calls(stranger), s.c.Public.Metrics)
	app.Get(static.Prefix+"*", calls(stranger), asset)

	// Programs, with a personal API key or a browser's session. The order is
	// PostHog's: key (401), project (404, 403), scope (403), throttle (429),
	// method (405), then the handler's checks (400).
	api := app.Group("/api", calls(program), atMost(maxProgramBody), cors, compressed, s.c.Sessions.Middleware)
	mount(api, s.c.API.Open, func(Route) []fiber.Handler { return nil })
	for _, prefix := range []string{"/projects/:project_id", "/environments/:project_id"} {
		mount(api.Group(prefix), s.c.API.Project, func(r Route) []fiber.Handler {
			return []fiber.Handler{s.authenticate, s.apiProject, allowed(r), s.throttleKeys}
		})
	}
	mount(api, s.c.API.User, func(r Route) []fiber.Handler {
		chain := []fiber.Handler{s.authenticate, unbound, allowed(r), s.throttleKeys}
		if r.AnyKey {
			chain = []fiber.Handler{s.authenticate, allowed(r), s.throttleKeys}
		}
		return chain
	})
	api.Use(func(*fiber.Ctx) error { return fiber.ErrNotFound })

	// People, in a browser.
	people := app.Group("", calls(person), atMost(maxPeopleBody), compressed, s.secured, s.c.Sessions.Middleware, respond.Middleware, s.protected)
	mount(people, s.c.Admin.Open, func(Route) []fiber.Handler { return nil })
	mount(people, s.c.Admin.User, func(Route) []fiber.Handler { return []fiber.Handler{signedIn} })
	mount(people.Group("/p/:pid"), s.c.Admin.Project, func(r Route) []fiber.Handler {
		chain := []fiber.Handler{signedIn, s.peopleProject}
		if r.Can != "" {
			chain = append(chain, able(r.Can))
		}
		return chain
	})
}

// mount adds a table to a group, each route behind its chain. Behind all of
// them, each path answers other methods with 405 after the same chain, so
// that the checks keep their order. In a table, literal paths stand before
// those with parameters that would match them.
func mount(g fiber.Router, table []Route, chain func(Route) []fiber.Handler) {
	for _, r := range table {
		handlers := append(chain(r), r.Handler)
		g.Add(r.Method, r.Path, handlers...)
		if r.Method == fiber.MethodGet {
			g.Add(fiber.MethodHead, r.Path, handlers...)
		}
	}
	done := map[string]bool{}
	for _, r := range table {
		if !done[r.Path] {
			done[r.Path] = true
			g.All(r.Path, append(chain(r), methodNotAllowed)...)
		}
	}
}
