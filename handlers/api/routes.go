package api

import (
	"github.com/gofiber/fiber/v2"

	"hogpen/account"
)

// Route is one row of the map of this API. It has the fields of web.Route, to
// which the wiring converts it: package web looks at handlers, not they at it.
type Route struct {
	Method  string
	Path    string // beneath its table's prefix
	Handler fiber.Handler
	Can     account.Ability // what the user's role must allow
	Scopes  []string        // what a personal API key must carry
	AnyKey  bool            // also for keys that are bound to projects
}

// Routes is the map of this API, in tables by what a caller must show. In a
// table literal paths stand before those with parameters.
type Routes struct {
	// Project is beneath /api/projects/:project_id and again beneath
	// /api/environments/:project_id.
	Project []Route
	// User is beneath /api, for whoever is signed in or has a key.
	User []Route
	// Open is beneath /api, for strangers.
	Open []Route
}

const (
	read  = "hog_function:read"
	write = "hog_function:write"
)

// Routes gives the map.
func (h *Handler) Routes() Routes {
	get, post, patch, put, del := fiber.MethodGet, fiber.MethodPost, fiber.MethodPatch, fiber.MethodPut, fiber.MethodDelete
	see := func(method, path, scope string, f fiber.Handler) Route {
		return Route{Method: method, Path: path, Handler: f, Can: account.See, Scopes: []string{scope}}
	}
	edit := func(method, path string, f fiber.Handler) Route {
		return Route{Method: method, Path: path, Handler: f, Can: account.Edit, Scopes: []string{write}}
	}
	return Routes{
		Project: []Route{
			see(get, "/hog_functions", read, h.ListFunctions),
			edit(post, "/hog_functions", h.CreateFunction),
			edit(patch, "/hog_functions/rearrange", h.RearrangeFunctions),
			see(get, "/hog_functions/icons", read, h.ListIcons),
			see(get, "/hog_functions/icon", read, h.ShowIcon),
			see(get, "/hog_functions/:id", read, h.ShowFunction),
			edit(patch, "/hog_functions/:id", h.UpdateFunction),
			edit(put, "/hog_functions/:id", h.ReplaceFunction),
			edit(del, "/hog_functions/:id", h.DeleteFunction),
			// Whoever may only look may test too, with mocked requests.
			see(post, "/hog_functions/:id/invocations", write, h.TestFunction),
			see(get, "/hog_functions/:id/logs", read, h.ListLogs),
			see(get, "/hog_functions/:id/metrics", read, h.ShowMetrics),
			see(get, "/hog_functions/:id/metrics/totals", read, h.ShowMetricTotals),
			see(get, "/hog_function_templates", read, h.ListTemplates),
			see(get, "/hog_function_templates/:template_id", read, h.ShowTemplate),
			see(post, "/hog", write, h.CompileHog),
			see(get, "/activity_log", "activity_log:read", h.ListActivity),
			see(get, "/", "project:read", h.ShowProject),
		},
		User: []Route{
			{Method: get, Path: "/projects", Handler: h.ListProjects, Scopes: []string{"project:read"}, AnyKey: true},
			{Method: get, Path: "/environments", Handler: h.ListProjects, Scopes: []string{"project:read"}, AnyKey: true},
			{Method: get, Path: "/users/@me", Handler: h.ShowMe, Scopes: []string{"user:read"}, AnyKey: true},
			{Method: get, Path: "/organizations", Handler: h.ListOrganizations, Scopes: []string{"organization:read"}},
			{Method: get, Path: "/organizations/:organization_id", Handler: h.ShowOrganization, Scopes: []string{"organization:read"}},
		},
		Open: []Route{
			{Method: get, Path: "/public_hog_function_templates", Handler: h.ListPublicTemplates},
			{Method: get, Path: "/public_hog_function_templates/:template_id", Handler: h.ShowTemplate},
			{Method: get, Path: "/hog_function_icons/:file", Handler: h.ShowTemplateIcon},
		},
	}
}
