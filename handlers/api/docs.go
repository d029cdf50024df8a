package api

import (
	"encoding/json"
	"net/http"

	"hogpen/cdp"
)

// Doc says what a route of the API takes and gives. The OpenAPI document is
// made of these and of the table of routes; a test holds every answer of the
// server against it.
type Doc struct {
	Summary string
	// Query are the parameters of the URL that the route reads.
	Query []string
	// Body is a value of the type that describes the body; nil when there is
	// none. All of its members may be left out.
	Body any
	// Answers are values of the answers' types by status; nil is an empty
	// answer, File one that is not JSON, Either one of several. Every other refusal is a Refusal.
	Answers map[int]any
}

// File stands for an answer that is not JSON.
type File struct{}

// Either stands for an answer of one of several shapes.
type Either []any

// Refusal is the shape of errors (REST API specification 3.1).
type Refusal struct {
	Type   string  `json:"type"`
	Code   string  `json:"code"`
	Detail string  `json:"detail"`
	Attr   *string `json:"attr"`
}

// functionWrite are the members of a function that clients may send.
type functionWrite struct {
	Type           cdp.Type          `json:"type"`
	Name           *string           `json:"name"`
	Description    string            `json:"description"`
	Enabled        bool              `json:"enabled"`
	Deleted        bool              `json:"deleted"`
	Hog            string            `json:"hog"`
	InputsSchema   []cdp.InputSchema `json:"inputs_schema"`
	Inputs         json.RawMessage   `json:"inputs"`
	Filters        *cdp.Filters      `json:"filters"`
	Masking        *cdp.Masking      `json:"masking"`
	Mappings       json.RawMessage   `json:"mappings"`
	IconURL        *string           `json:"icon_url"`
	TemplateID     *string           `json:"template_id"`
	ExecutionOrder *int              `json:"execution_order"`
	Folder         *string           `json:"_create_in_folder"`
	BaseUpdatedAt  *string           `json:"base_updated_at"`
}

// testWrite is the body of a test run.
type testWrite struct {
	Configuration functionWrite   `json:"configuration"`
	Globals       json.RawMessage `json:"globals"`
	Event         json.RawMessage `json:"clickhouse_event"`
	Mock          bool            `json:"mock_async_functions"`
	InvocationID  *string         `json:"invocation_id"`
}

// stateWrite chooses the watcher's state of a function.
type stateWrite struct {
	State int `json:"state"`
}

type ordersWrite struct {
	Orders map[string]int `json:"orders"`
}

type hogWrite struct {
	Hog    string            `json:"hog"`
	InREPL bool              `json:"in_repl"`
	Locals []json.RawMessage `json:"locals"`
}

type compiledHog struct {
	Bytecode []json.RawMessage `json:"bytecode"`
	Locals   []json.RawMessage `json:"locals"`
}

type hogError struct {
	Error string `json:"error"`
}

type metricTotals struct {
	Totals map[string]int64 `json:"totals"`
}

type keyWrite struct {
	Label               string          `json:"label"`
	Scopes              []string        `json:"scopes"`
	ScopedTeams         []cdp.ProjectID `json:"scoped_teams"`
	ScopedOrganizations []string        `json:"scoped_organizations"`
}

// activityPage counts its entries only when pages are asked for by number.
type activityPage struct {
	Count    *int            `json:"count,omitempty"`
	Next     *string         `json:"next"`
	Previous *string         `json:"previous"`
	Results  []activityEntry `json:"results"`
}

// object is any JSON object.
type object map[string]json.RawMessage

// Docs describes every route, by method and path as the table has them.
func Docs() map[string]Doc {
	all := map[string]Doc{}
	for _, part := range []map[string]Doc{functionDocs(), readDocs(), peopleDocs(), namedDocs(), letterDocs()} {
		for route, d := range part {
			all[route] = d
		}
	}
	return all
}

func gives(answer any) map[int]any { return map[int]any{http.StatusOK: answer} }

func functionDocs() map[string]Doc {
	detail := gives(functionDetail{})
	return map[string]Doc{
		"GET /hog_functions": {Summary: "List functions", Answers: gives(page[listedFunction]{}),
			Query: []string{"type", "types", "enabled", "id", "created_by", "created_at", "updated_at", "search", "filters", "filter_groups", "full", "limit", "offset"}},
		"POST /hog_functions":            {Summary: "Create a function", Body: functionWrite{}, Answers: map[int]any{http.StatusCreated: functionDetail{}}},
		"PATCH /hog_functions/rearrange": {Summary: "Order transformations", Body: ordersWrite{}, Answers: gives([]functionDetail{})},
		"GET /hog_functions/icons":       {Summary: "Find icons", Query: []string{"query"}, Answers: gives([]icon{})},
		"GET /hog_functions/icon":        {Summary: "An icon's image", Query: []string{"id"}, Answers: gives(File{})},
		"GET /hog_functions/:id":         {Summary: "Retrieve a function", Answers: detail},
		"PATCH /hog_functions/:id":       {Summary: "Change members of a function", Body: functionWrite{}, Answers: detail},
		"PUT /hog_functions/:id":         {Summary: "Change a function; members left out keep their value", Body: functionWrite{}, Answers: detail},
		"DELETE /hog_functions/:id":      {Summary: "Refused: set deleted with PATCH", Answers: map[int]any{http.StatusMethodNotAllowed: nil}},
		"POST /hog_functions/:id/invocations": {Summary: "Run a configuration once on a sample event", Body: testWrite{},
			Answers: map[int]any{http.StatusOK: testResult{}, http.StatusBadRequest: object{}}},
		"GET /hog_functions/:id/rerun":                       {Summary: "List jobs that run events again", Answers: gives(page[rerunJob]{})},
		"POST /hog_functions/:id/rerun":                      {Summary: "Run past events again", Body: rerunRequest{}, Answers: map[int]any{http.StatusOK: rerunCount{}, http.StatusAccepted: rerunJob{}}},
		"DELETE /hog_functions/:id/rerun/:job":               {Summary: "Cancel such a job", Answers: gives(rerunJob{})},
		"PATCH /hog_functions/:id/status":                    {Summary: "Choose the state of a function", Body: stateWrite{}, Answers: gives(status{})},
		"GET /hog_functions/:id/revisions":                   {Summary: "List what was saved", Query: []string{"limit", "offset"}, Answers: gives(page[revisionItem]{})},
		"GET /hog_functions/:id/revisions/:version":          {Summary: "Retrieve what was saved", Answers: gives(revisionDetail{})},
		"POST /hog_functions/:id/revisions/:version/restore": {Summary: "Save again what was saved", Answers: detail},
		"POST /hog": {Summary: "Compile Hog to bytecode", Body: hogWrite{}, Answers: map[int]any{http.StatusOK: compiledHog{}, http.StatusBadRequest: Either{hogError{}, Refusal{}}}},
	}
}

func readDocs() map[string]Doc {
	window := []string{"after", "before", "interval", "breakdown_by", "name", "kind", "instance_id"}
	templates := []string{"type", "types", "template_id", "limit", "offset"}
	return map[string]Doc{
		"GET /hog_functions/:id/logs": {Summary: "Read a function's log", Answers: gives(page[logRow]{}),
			Query: []string{"limit", "offset", "after", "before", "level", "search", "instance_id"}},
		"GET /hog_functions/:id/metrics":                  {Summary: "Count what a function did, over time", Query: window, Answers: gives(metricSeries{})},
		"GET /hog_functions/:id/metrics/totals":           {Summary: "Count what a function did", Query: window, Answers: gives(metricTotals{})},
		"GET /hog_function_templates":                     {Summary: "List templates", Query: templates, Answers: gives(page[cdp.Template]{})},
		"GET /hog_function_templates/:template_id":        {Summary: "Retrieve a template", Answers: gives(cdp.Template{})},
		"GET /public_hog_function_templates":              {Summary: "List templates, for anybody", Query: templates, Answers: gives(page[cdp.Template]{})},
		"GET /public_hog_function_templates/:template_id": {Summary: "Retrieve a template, for anybody", Answers: gives(cdp.Template{})},
		"GET /hog_function_icons/:file":                   {Summary: "A template's icon, for anybody", Answers: gives(File{})},
		"GET /events/:uuid/trace":                         {Summary: "Tell what became of an event, and why not", Answers: gives(traceJSON{})},
		"GET /activity_log": {Summary: "Read who changed what", Answers: gives(activityPage{}),
			Query: []string{"scope", "scopes", "item_id", "user", "page", "page_size", "limit", "cursor"}},
		"GET /schema": {Summary: "This document", Answers: gives(object{})},
	}
}

func letterDocs() map[string]Doc {
	filters := []string{"function_id", "kind", "error_kind", "replayed", "search", "after", "before"}
	return map[string]Doc{
		"GET /dead_letters":                {Summary: "List what came to nothing", Query: append([]string{"limit", "offset"}, filters...), Answers: gives(page[letterItem]{})},
		"GET /dead_letters/export":         {Summary: "Download what came to nothing, a line of JSON each", Query: filters, Answers: gives(File{})},
		"GET /dead_letters/:id":            {Summary: "Retrieve a dead letter with its payload", Answers: gives(letterDetail{})},
		"DELETE /dead_letters/:id":         {Summary: "Discard a dead letter", Answers: map[int]any{http.StatusNoContent: nil}},
		"POST /dead_letters/replay":        {Summary: "Do it again, once what was at fault is mended", Body: letterRequest{}, Answers: map[int]any{http.StatusOK: letterCount{}, http.StatusAccepted: rerunJob{}}},
		"GET /dead_letters/replay":         {Summary: "List jobs that replay dead letters", Answers: gives(page[rerunJob]{})},
		"DELETE /dead_letters/replay/:job": {Summary: "Cancel such a job", Answers: gives(rerunJob{})},
		"POST /dead_letters/discard":       {Summary: "Discard dead letters", Body: letterRequest{}, Answers: gives(letterCount{})},
		"POST /internal_events":            {Summary: "Tell internal destinations of something", Body: internalWrite{}, Answers: map[int]any{http.StatusAccepted: internalTaken{}}},
	}
}

func namedDocs() map[string]Doc {
	pages := []string{"search", "limit", "offset"}
	return map[string]Doc{
		"GET /actions":       {Summary: "List actions", Query: pages, Answers: gives(page[actionItem]{})},
		"POST /actions":      {Summary: "Create an action", Body: actionWrite{}, Answers: map[int]any{http.StatusCreated: actionItem{}}},
		"GET /actions/:id":   {Summary: "Retrieve an action, deleted or not", Answers: gives(actionItem{})},
		"PATCH /actions/:id": {Summary: "Change, delete or restore an action", Body: actionWrite{}, Answers: gives(actionItem{})},
		"PUT /actions/:id":   {Summary: "Change an action; members left out keep their value", Body: actionWrite{}, Answers: gives(actionItem{})},
		"GET /cohorts":       {Summary: "List cohorts", Query: pages, Answers: gives(page[cohortItem]{})},
		"POST /cohorts":      {Summary: "Create a cohort", Body: cohortWrite{}, Answers: map[int]any{http.StatusCreated: cohortItem{}}},
		"GET /cohorts/:id":   {Summary: "Retrieve a cohort, deleted or not", Answers: gives(cohortItem{})},
		"PATCH /cohorts/:id": {Summary: "Change, delete or restore a cohort", Body: cohortWrite{}, Answers: gives(cohortItem{})},
		"GET /event_definitions": {Summary: "List the names that events had", Answers: gives(page[eventDefinition]{}),
			Query: []string{"search", "ordering", "limit", "offset"}},
		"GET /property_definitions": {Summary: "List the properties that events, persons or groups had", Answers: gives(page[propertyDefinition]{}),
			Query: []string{"type", "search", "event_names", "filter_by_event_names", "group_type_index", "is_numerical", "is_feature_flag",
				"properties", "excluded_properties", "exclude_hidden", "exclude_core_properties", "limit", "offset"}},
	}
}

func peopleDocs() map[string]Doc {
	pages := []string{"limit", "offset"}
	return map[string]Doc{
		"GET /":                               {Summary: "Retrieve a project", Answers: gives(object{})},
		"PATCH /":                             {Summary: "Change a project", Body: object{}, Answers: gives(object{})},
		"GET /projects":                       {Summary: "List projects", Query: pages, Answers: gives(page[projectBasic]{})},
		"GET /environments":                   {Summary: "List projects", Query: pages, Answers: gives(page[projectBasic]{})},
		"GET /users/@me":                      {Summary: "Retrieve the user who asks", Answers: gives(me{})},
		"GET /personal_api_keys":              {Summary: "List keys", Answers: gives([]keyItem{})},
		"POST /personal_api_keys":             {Summary: "Make a key", Body: keyWrite{}, Answers: map[int]any{http.StatusCreated: keyItem{}}},
		"GET /personal_api_keys/:id":          {Summary: "Retrieve a key", Answers: gives(keyItem{})},
		"PATCH /personal_api_keys/:id":        {Summary: "Change a key", Body: keyWrite{}, Answers: gives(keyItem{})},
		"DELETE /personal_api_keys/:id":       {Summary: "Revoke a key", Answers: map[int]any{http.StatusNoContent: nil}},
		"POST /personal_api_keys/:id/roll":    {Summary: "Give a key a new value", Answers: gives(keyItem{})},
		"GET /organizations":                  {Summary: "List organizations", Query: pages, Answers: gives(page[organizationItem]{})},
		"GET /organizations/:organization_id": {Summary: "Retrieve an organization", Answers: gives(organizationFull{})},
	}
}

// listedFunction is an item of the list, which has the detail's members too
// when full=true asks for them.
type listedFunction struct {
	functionItem
	Bytecode     json.RawMessage   `json:"bytecode,omitempty"`
	Transpiled   *string           `json:"transpiled,omitempty"`
	InputsSchema []cdp.InputSchema `json:"inputs_schema,omitempty"`
	Inputs       json.RawMessage   `json:"inputs,omitempty"`
	Masking      *cdp.Masking      `json:"masking,omitempty"`
	Mappings     json.RawMessage   `json:"mappings,omitempty"`
}
