package web

import (
	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/handlers/admin"
	"hogpen/handlers/api"
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
	// Unscoped opens a route to keys of whatever scopes: they see themselves.
	Unscoped bool
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
	// APIDocs is the page that describes the API; it lies beneath /api.
	APIDocs fiber.Handler
}

// sdkPaths are the paths that take events, without the slash at the end.
func sdkPaths() []string {
	return []string{"/i/v0/e", "/e", "/capture", "/track", "/engage", "/batch"}
}

// recordings is the path of session recordings, which are the largest bodies.
const recordings = "/s"

// analytics is the path of Capture V1.
const analytics = "/i/v1/analytics/events"

// routes is the map of the house. Order matters: the first match answers.
func (s *Server) routes() {
	app := s.app
	app.Use(s.outer, s.recovered)

	// SDKs, with a project token: no session, no cookie, any origin. Each
	// path answers every method, with and without a slash at the end.
	if h := s.c.Capture; h != nil {
		sdks := func(path string, f fiber.Handler) { app.All(path, calls(sdk), h.CORS, f) }
		for _, path := range sdkPaths() {
			sdks(path, h.Capture)
		}
		sdks(analytics, h.Events)
		sdks(recordings, h.Recording)
		sdks("/flags", h.Flags)
		sdks("/decide", h.Decide)
		sdks("/array/:token/config", h.RemoteConfig)
		sdks("/array/:token/config.js", h.RemoteConfigScript)
		sdks("/array/:token/array.js", sdkFile)
		sdks("/static/:file", sdkFile)
		sdks("/static/:version/:file", sdkFile)
		sdks("/api/surveys", h.Surveys)
		sdks("/api/early_access_features", h.EarlyAccessFeatures)
		sdks("/api/web_experiments", h.WebExperiments)
		sdks("/api/feature_flag/local_evaluation", h.LocalEvaluation)
	}

	// Strangers: whoever watches over the server, its assets, and whoever
	// posts to a source webhook.
	app.Get("/_health", calls(stranger), s.c.Public.Health)
	app.Get("/_ready", calls(stranger), s.c.Public.Ready)
	app.Get("/_metrics", calls(stranger), s.c.Public.Metrics)
	app.Get(static.Prefix+"*", calls(stranger), asset)
	app.All("/public/webhooks/*", calls(stranger), s.c.Public.CORS, s.c.Public.Webhook)

	// The one page beneath /api.
	if page := s.c.Admin.APIDocs; page != nil {
		app.Get("/api/docs", calls(person), compressed, s.secured, s.c.Sessions.Middleware, respond.Middleware, signedIn, page)
	}

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

// APIRoutes are the routes of programs, in PostHog's order of names.
func APIRoutes(h *api.Handler) API {
	const read, write = "hog_function:read", "hog_function:write"
	get, post, patch, put, del := fiber.MethodGet, fiber.MethodPost, fiber.MethodPatch, fiber.MethodPut, fiber.MethodDelete
	see := func(method, path, scope string, f fiber.Handler) Route {
		return Route{Method: method, Path: path, Handler: f, Can: account.See, Scopes: []string{scope}}
	}
	change := func(method, path, scope string, f fiber.Handler) Route {
		return Route{Method: method, Path: path, Handler: f, Can: account.Edit, Scopes: []string{scope}}
	}
	edit := func(method, path string, f fiber.Handler) Route { return change(method, path, write, f) }
	return documented(API{
		Project: []Route{
			see(get, "/hog_functions", read, h.ListFunctions),
			edit(post, "/hog_functions", h.CreateFunction),
			edit(patch, "/hog_functions/rearrange", h.RearrangeFunctions),
			see(get, "/hog_functions/icons", read, h.ListIcons),
			see(get, "/hog_functions/icon", read, h.ShowIcon),
			see(get, "/hog_functions/masked_secrets", read, h.ListMaskedSecrets),
			see(get, "/hog_functions/:id", read, h.ShowFunction),
			edit(patch, "/hog_functions/:id", h.UpdateFunction),
			edit(put, "/hog_functions/:id", h.ReplaceFunction),
			edit(del, "/hog_functions/:id", h.DeleteFunction),
			// Whoever may only look may test too, with mocked requests.
			see(post, "/hog_functions/:id/invocations", write, h.TestFunction),
			see(get, "/hog_functions/:id/rerun", read, h.ListReruns),
			{Method: post, Path: "/hog_functions/:id/rerun", Handler: h.StartRerun, Can: account.Edit, Scopes: []string{write, "person:read", "group:read"}},
			edit(del, "/hog_functions/:id/rerun/:job", h.CancelRerun),
			edit(post, "/hog_functions/:id/broadcast", h.BroadcastFunction),
			see(get, "/dead_letters", read, h.ListDeadLetters),
			see(get, "/dead_letters/export", read, h.ExportDeadLetters),
			see(get, "/dead_letters/replay", read, h.ListLetterReplays),
			edit(post, "/dead_letters/replay", h.ReplayDeadLetters),
			edit(del, "/dead_letters/replay/:job", h.CancelLetterReplay),
			edit(post, "/dead_letters/discard", h.DiscardDeadLetters),
			see(get, "/dead_letters/:id", read, h.ShowDeadLetter),
			edit(del, "/dead_letters/:id", h.DiscardDeadLetter),
			{Method: post, Path: "/internal_events", Handler: h.CreateInternalEvent, Can: account.Manage, Scopes: []string{write}},
			see(get, "/hog_functions/:id/logs", read, h.ListLogs),
			see(get, "/hog_functions/:id/metrics", read, h.ShowMetrics),
			see(get, "/hog_functions/:id/metrics/totals", read, h.ShowMetricTotals),
			see(get, "/hog_function_templates", read, h.ListTemplates),
			see(get, "/hog_function_templates/:template_id", read, h.ShowTemplate),
			{Method: patch, Path: "/hog_functions/:id/status", Handler: h.SetStatus, Can: account.Manage, Scopes: []string{write}},
			see(get, "/hog_functions/:id/revisions", read, h.ListRevisions),
			see(get, "/hog_functions/:id/revisions/:version", read, h.ShowRevision),
			edit(post, "/hog_functions/:id/revisions/:version/restore", h.RestoreRevision),
			see(post, "/hog", write, h.CompileHog),
			see(get, "/actions", "action:read", h.ListActions),
			change(post, "/actions", "action:write", h.CreateAction),
			see(get, "/actions/:id", "action:read", h.ShowAction),
			change(patch, "/actions/:id", "action:write", h.UpdateAction),
			change(put, "/actions/:id", "action:write", h.UpdateAction),
			see(get, "/cohorts", "cohort:read", h.ListCohorts),
			change(post, "/cohorts", "cohort:write", h.CreateCohort),
			see(get, "/cohorts/:id", "cohort:read", h.ShowCohort),
			change(patch, "/cohorts/:id", "cohort:write", h.UpdateCohort),
			change(put, "/cohorts/:id", "cohort:write", h.UpdateCohort),
			see(get, "/event_definitions", "event_definition:read", h.ListEventDefinitions),
			see(get, "/property_definitions", "property_definition:read", h.ListPropertyDefinitions),
			see(get, "/events/:uuid/trace", read, h.ShowTrace),
			see(get, "/activity_log", "activity_log:read", h.ListActivity),
			see(get, "/", "project:read", h.ShowProject),
			{Method: patch, Path: "/", Handler: h.UpdateProject, Can: account.Manage, Scopes: []string{"project:write"}},
		},
		User: []Route{
			{Method: get, Path: "/projects", Handler: h.ListProjects, Scopes: []string{"project:read"}, AnyKey: true},
			{Method: get, Path: "/environments", Handler: h.ListProjects, Scopes: []string{"project:read"}, AnyKey: true},
			{Method: get, Path: "/users/@me", Handler: h.ShowMe, Scopes: []string{"user:read"}, AnyKey: true},
			{Method: get, Path: "/personal_api_keys", Handler: h.ListKeys},
			{Method: post, Path: "/personal_api_keys", Handler: h.CreateKey},
			{Method: get, Path: "/personal_api_keys/:id", Handler: h.ShowKey, AnyKey: true, Unscoped: true},
			{Method: patch, Path: "/personal_api_keys/:id", Handler: h.UpdateKey},
			{Method: del, Path: "/personal_api_keys/:id", Handler: h.DeleteKey},
			{Method: post, Path: "/personal_api_keys/:id/roll", Handler: h.RollKey},
			{Method: get, Path: "/organizations", Handler: h.ListOrganizations, Scopes: []string{"organization:read"}},
			{Method: get, Path: "/organizations/:organization_id", Handler: h.ShowOrganization, Scopes: []string{"organization:read"}},
			{Method: get, Path: "/organizations/:organization_id/projects", Handler: h.ListOrganizationProjects, Scopes: []string{"project:read"}, AnyKey: true},
			{Method: get, Path: "/organizations/:organization_id/projects/:id", Handler: h.ShowOrganizationProject, Scopes: []string{"project:read"}, AnyKey: true},
		},
		Open: []Route{
			{Method: get, Path: "/public_hog_function_templates", Handler: h.ListPublicTemplates},
			{Method: get, Path: "/public_hog_function_templates/:template_id", Handler: h.ShowTemplate},
			{Method: get, Path: "/hog_function_icons/:file", Handler: h.ShowTemplateIcon},
		},
	})
}

// AdminRoutes are the routes of people: pages, and beneath /_/ the fragments
// and changes that belong to them.
func AdminRoutes(h *admin.Handler) Admin {
	get, post := fiber.MethodGet, fiber.MethodPost
	return Admin{
		APIDocs: h.APIDocs,
		Open: []Route{
			{Method: get, Path: "/", Handler: h.Home},
			{Method: get, Path: "/login", Handler: h.SignInPage},
			{Method: post, Path: "/login", Handler: h.SignIn},
			{Method: post, Path: "/logout", Handler: h.SignOut},
			{Method: get, Path: "/setup", Handler: h.SetupPage},
			{Method: post, Path: "/setup", Handler: h.Setup},
		},
		User: []Route{
			{Method: get, Path: "/account/keys", Handler: h.AccountKeys},
			{Method: post, Path: "/account/keys", Handler: h.CreateKey},
			{Method: post, Path: "/account/keys/:id/revoke", Handler: h.RevokeKey},
			{Method: get, Path: "/project/:pid/*", Handler: h.PostHogLink},
			{Method: get, Path: "/project/:pid", Handler: h.PostHogLink},
		},
		Project: []Route{
			{Method: get, Path: "/", Handler: h.Overview},
			{Method: get, Path: "/functions", Handler: h.FunctionList},
			{Method: get, Path: "/functions/:id", Handler: h.FunctionBuild},
			{Method: post, Path: "/functions/:id", Handler: h.SaveFunction, Can: account.Edit},
			{Method: get, Path: "/functions/:id/logs", Handler: h.FunctionLogs},
			{Method: get, Path: "/functions/:id/metrics", Handler: h.FunctionMetrics},
			{Method: post, Path: "/_/functions/check", Handler: h.FunctionCheck},
			{Method: get, Path: "/_/functions/complete", Handler: h.FunctionComplete},
			{Method: get, Path: "/_/functions/names", Handler: h.FilterNames},
			{Method: post, Path: "/_/functions/:id/filters", Handler: h.FunctionFilters, Can: account.Edit},
			// Whoever may only look may test what is stored, with mocked requests.
			{Method: post, Path: "/_/functions/:id/test", Handler: h.TestFunction},
			{Method: post, Path: "/_/functions/:id/enabled", Handler: h.FunctionEnabled, Can: account.Edit},
			{Method: post, Path: "/_/functions/:id/state", Handler: h.FunctionState, Can: account.Manage},
			{Method: post, Path: "/_/functions/:id/trash", Handler: h.FunctionTrash, Can: account.Edit},
			{Method: get, Path: "/pipeline", Handler: h.Pipeline},
			{Method: post, Path: "/pipeline", Handler: h.Reorder, Can: account.Edit},
			{Method: get, Path: "/templates", Handler: h.TemplateList},
			{Method: get, Path: "/templates/:tid", Handler: h.Template},
			{Method: post, Path: "/templates/:tid", Handler: h.UseTemplate, Can: account.Edit},
			{Method: get, Path: "/logs", Handler: h.ProjectLogs},
			{Method: get, Path: "/_/logs/stream", Handler: h.LogStream},
			{Method: get, Path: "/metrics", Handler: h.ProjectMetrics},
			{Method: get, Path: "/live", Handler: h.Live},
			{Method: get, Path: "/_/live/stream", Handler: h.LiveStream},
			{Method: get, Path: "/dead-letters", Handler: h.DeadLetterList},
			{Method: post, Path: "/dead-letters", Handler: h.ActOnLetters, Can: account.Edit},
			{Method: get, Path: "/dead-letters/:id", Handler: h.DeadLetter},
			{Method: post, Path: "/_/dead-letters/jobs/:job/cancel", Handler: h.CancelLetterJob, Can: account.Edit},
			{Method: get, Path: "/events", Handler: h.EventList},
			{Method: get, Path: "/events/:uuid", Handler: h.Event},
		},
	}
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
