package api

import (
	"encoding/json"
	"net/http"

	"hogpen/cdp"
	"hogpen/cdp/fields"
)

// Doc says what a route of the API takes and gives. The OpenAPI document is
// made of these and of the table of routes; a test holds every answer of the
// server against it.
type Doc struct {
	Summary string
	// Query are the parameters of the URL that the route's reader asks for.
	Query []Param
	// Body is what the route's reader asks its body for; nil when there is
	// none.
	Body *fields.Shape
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

type compiledHog struct {
	Bytecode []json.RawMessage `json:"bytecode"`
	Locals   []json.RawMessage `json:"locals"`
}

// hogError is the form of refusals of hog and broadcast.
type hogError struct {
	Error string `json:"error"`
}

type metricTotals struct {
	Totals map[string]int64 `json:"totals"`
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

// sends describes a body by its reader.
func sends[T any](name string, read func(*fields.Reader) T) *fields.Shape {
	s := fields.Describe(name, func(r *fields.Reader) { read(r) })
	return &s
}

func functionDocs() map[string]Doc {
	detail := gives(functionDetail{})
	return map[string]Doc{
		"GET /hog_functions": {Summary: "List functions", Answers: gives(page[listedFunction]{}),
			Query: asks(functionsOf)},
		"POST /hog_functions":               {Summary: "Create a function", Body: sends("FunctionWrite", changeOf), Answers: map[int]any{http.StatusCreated: functionDetail{}}},
		"PATCH /hog_functions/rearrange":    {Summary: "Order transformations", Body: sends("OrdersWrite", ordersOf), Answers: gives([]functionDetail{})},
		"GET /hog_functions/icons":          {Summary: "Find icons", Query: asks(iconWords), Answers: gives([]icon{})},
		"GET /hog_functions/icon":           {Summary: "An icon's image", Query: asks(iconID), Answers: gives(File{})},
		"GET /hog_functions/masked_secrets": {Summary: "List functions whose stored secrets must be entered again", Answers: gives([]maskedSecrets{})},
		"GET /hog_functions/:id":            {Summary: "Retrieve a function", Answers: detail},
		"PATCH /hog_functions/:id":          {Summary: "Change members of a function", Body: sends("FunctionWrite", changeOf), Answers: detail},
		"PUT /hog_functions/:id":            {Summary: "Change a function; members left out keep their value", Body: sends("FunctionWrite", changeOf), Answers: detail},
		"DELETE /hog_functions/:id":         {Summary: "Refused: set deleted with PATCH", Answers: map[int]any{http.StatusMethodNotAllowed: nil}},
		"POST /hog_functions/:id/invocations": {Summary: "Run a configuration once on a sample event", Body: sends("TestWrite", readTestBody),
			Answers: map[int]any{http.StatusOK: testResult{}, http.StatusBadRequest: object{}}},
		"GET /hog_functions/:id/rerun":         {Summary: "List jobs that run events again", Answers: gives(page[rerunJob]{})},
		"POST /hog_functions/:id/rerun":        {Summary: "Run past events again", Body: sends("RerunWrite", readRerun), Answers: map[int]any{http.StatusOK: Either{rerunCount{}, rerunQueued{}}, http.StatusAccepted: rerunJob{}, http.StatusBadRequest: Either{Refusal{}, rerunRefused{}}}},
		"DELETE /hog_functions/:id/rerun/:job": {Summary: "Cancel such a job", Answers: gives(rerunJob{})},
		"POST /hog_functions/:id/broadcast": {Summary: "Run a function once for each person that its filters let through",
			Answers: map[int]any{http.StatusOK: broadcastDone{}, http.StatusBadRequest: Either{hogError{}, Refusal{}}}},
		"PATCH /hog_functions/:id/status":                    {Summary: "Choose the state of a function", Body: sends("StatusWrite", stateOf), Answers: gives(status{})},
		"GET /hog_functions/:id/revisions":                   {Summary: "List what was saved", Query: asks(windowOf), Answers: gives(page[revisionItem]{})},
		"GET /hog_functions/:id/revisions/:version":          {Summary: "Retrieve what was saved", Answers: gives(revisionDetail{})},
		"POST /hog_functions/:id/revisions/:version/restore": {Summary: "Save again what was saved", Body: sends("RestoreWrite", baseTime), Answers: detail},
		"POST /hog": {Summary: "Compile Hog to bytecode", Body: sends("HogWrite", hogOf), Answers: map[int]any{http.StatusOK: compiledHog{}, http.StatusBadRequest: Either{hogError{}, Refusal{}}}},
	}
}

func readDocs() map[string]Doc {
	counts := asks(whenever)
	templates := asks(templatesOf)
	return map[string]Doc{
		"GET /hog_functions/:id/logs": {Summary: "Read a function's log", Answers: gives(page[logRow]{}),
			Query: asks(logsOf)},
		"GET /hog_functions/:id/metrics":                  {Summary: "Count what a function did, over time", Query: counts, Answers: gives(metricSeries{})},
		"GET /hog_functions/:id/metrics/totals":           {Summary: "Count what a function did", Query: counts, Answers: gives(metricTotals{})},
		"GET /hog_function_templates":                     {Summary: "List templates", Query: templates, Answers: gives(page[cdp.Template]{})},
		"GET /hog_function_templates/:template_id":        {Summary: "Retrieve a template", Answers: gives(cdp.Template{})},
		"GET /public_hog_function_templates":              {Summary: "List templates, for anybody", Query: templates, Answers: gives(page[cdp.Template]{})},
		"GET /public_hog_function_templates/:template_id": {Summary: "Retrieve a template, for anybody", Answers: gives(cdp.Template{})},
		"GET /hog_function_icons/:file":                   {Summary: "A template's icon, for anybody", Answers: gives(File{})},
		"GET /events/:uuid/trace":                         {Summary: "Tell what became of an event, and why not", Answers: gives(traceJSON{})},
		"GET /activity_log": {Summary: "Read who changed what", Answers: gives(activityPage{}),
			Query: asks(activityOf)},
		"GET /schema": {Summary: "This document", Answers: gives(object{})},
	}
}

func letterDocs() map[string]Doc {
	return map[string]Doc{
		"GET /dead_letters":                {Summary: "List what came to nothing", Query: asks(letterPage), Answers: gives(page[letterItem]{})},
		"GET /dead_letters/export":         {Summary: "Download what came to nothing, a line of JSON each", Query: asks(lettersOf), Answers: gives(File{})},
		"GET /dead_letters/:id":            {Summary: "Retrieve a dead letter with its payload", Answers: gives(letterDetail{})},
		"DELETE /dead_letters/:id":         {Summary: "Discard a dead letter", Answers: map[int]any{http.StatusNoContent: nil}},
		"POST /dead_letters/replay":        {Summary: "Do it again, once what was at fault is mended", Body: sends("LettersWrite", readLetters), Answers: map[int]any{http.StatusOK: letterCount{}, http.StatusAccepted: rerunJob{}}},
		"GET /dead_letters/replay":         {Summary: "List jobs that replay dead letters", Answers: gives(page[rerunJob]{})},
		"DELETE /dead_letters/replay/:job": {Summary: "Cancel such a job", Answers: gives(rerunJob{})},
		"POST /dead_letters/discard":       {Summary: "Discard dead letters", Body: sends("LettersWrite", readLetters), Answers: gives(letterCount{})},
		"POST /internal_events":            {Summary: "Tell internal destinations of something", Body: sends("InternalEventWrite", readInternal), Answers: map[int]any{http.StatusAccepted: internalTaken{}}},
	}
}

func namedDocs() map[string]Doc {
	pages := asks(listOf)
	return map[string]Doc{
		"GET /actions":       {Summary: "List actions", Query: pages, Answers: gives(page[actionItem]{})},
		"POST /actions":      {Summary: "Create an action", Body: sends("ActionWrite", actionChangeOf), Answers: map[int]any{http.StatusCreated: actionItem{}}},
		"GET /actions/:id":   {Summary: "Retrieve an action, deleted or not", Answers: gives(actionItem{})},
		"PATCH /actions/:id": {Summary: "Change, delete or restore an action", Body: sends("ActionWrite", actionChangeOf), Answers: gives(actionItem{})},
		"PUT /actions/:id":   {Summary: "Change an action; members left out keep their value", Body: sends("ActionWrite", actionChangeOf), Answers: gives(actionItem{})},
		"GET /cohorts":       {Summary: "List cohorts", Query: pages, Answers: gives(page[cohortItem]{})},
		"POST /cohorts":      {Summary: "Create a cohort", Body: sends("CohortWrite", cohortChangeOf), Answers: map[int]any{http.StatusCreated: cohortItem{}}},
		"GET /cohorts/:id":   {Summary: "Retrieve a cohort, deleted or not", Answers: gives(cohortItem{})},
		"PATCH /cohorts/:id": {Summary: "Change, delete or restore a cohort", Body: sends("CohortWrite", cohortChangeOf), Answers: gives(cohortItem{})},
		"PUT /cohorts/:id":   {Summary: "Change a cohort; members left out keep their value", Body: sends("CohortWrite", cohortChangeOf), Answers: gives(cohortItem{})},
		"GET /event_definitions": {Summary: "List the names that events had", Answers: gives(page[eventDefinition]{}),
			Query: asks(eventDefinitionsOf)},
		"GET /property_definitions": {Summary: "List the properties that events, persons or groups had", Answers: gives(page[propertyDefinition]{}),
			Query: asks(propertyDefinitionsOf)},
	}
}

func peopleDocs() map[string]Doc {
	pages := asks(windowOf)
	return map[string]Doc{
		"GET /":                                            {Summary: "Retrieve a project", Answers: gives(object{})},
		"PATCH /":                                          {Summary: "Change a project", Body: sends("ProjectWrite", projectChangeOf), Answers: gives(object{})},
		"GET /projects":                                    {Summary: "List projects", Query: pages, Answers: gives(page[projectBasic]{})},
		"GET /environments":                                {Summary: "List projects", Query: pages, Answers: gives(page[projectBasic]{})},
		"GET /users/@me":                                   {Summary: "Retrieve the user who asks", Answers: gives(me{})},
		"GET /personal_api_keys":                           {Summary: "List keys", Answers: gives([]keyItem{})},
		"POST /personal_api_keys":                          {Summary: "Make a key", Body: sends("NewKeyWrite", newKeyOf), Answers: map[int]any{http.StatusCreated: keyItem{}}},
		"GET /personal_api_keys/:id":                       {Summary: "Retrieve a key", Answers: gives(keyItem{})},
		"PATCH /personal_api_keys/:id":                     {Summary: "Change a key", Body: sends("KeyWrite", keyChangeOf), Answers: gives(keyItem{})},
		"DELETE /personal_api_keys/:id":                    {Summary: "Revoke a key", Answers: map[int]any{http.StatusNoContent: nil}},
		"POST /personal_api_keys/:id/roll":                 {Summary: "Give a key a new value", Answers: gives(keyItem{})},
		"GET /organizations":                               {Summary: "List organizations", Query: pages, Answers: gives(page[organizationItem]{})},
		"GET /organizations/:organization_id/projects":     {Summary: "List an organization's projects", Query: pages, Answers: gives(page[projectBasic]{})},
		"GET /organizations/:organization_id/projects/:id": {Summary: "Retrieve one of them", Answers: gives(object{})},
		"GET /organizations/:organization_id":              {Summary: "Retrieve an organization", Answers: gives(organizationFull{})},
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
