package api

import (
	"encoding/json"
	"errors"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// testResult is the answer of a test run (REST API specification 8.10).
type testResult struct {
	Status string          `json:"status"`
	Errors []string        `json:"errors"`
	Logs   []testLog       `json:"logs"`
	Result json.RawMessage `json:"result"`
}

type testLog struct {
	Timestamp string    `json:"timestamp"`
	Level     cdp.Level `json:"level"`
	Message   string    `json:"message"`
}

// testBody is what a test run is asked for.
type testBody struct {
	configuration fields.Members
	globals       json.RawMessage
	event         json.RawMessage // clickhouse_event
	mock          bool
	invocation    string
}

// TestFunction runs a configuration once on a sample event. The id may be
// "new", or of a function that is not there.
func (h *Handler) TestFunction(c *fiber.Ctx) error {
	members, err := body(c)
	if err != nil {
		return err
	}
	asked := reader(members)
	b := readTestBody(asked)
	if faults := faultsIn(*asked.Faults); len(faults) > 0 {
		return respond.JSON(c, fiber.StatusBadRequest, nested(nil, faults))
	}
	edits := account.Can(session.Role(c), account.Edit)
	if !b.mock && !edits {
		return cdp.Errorf(cdp.Forbidden, "", "You do not have permission to test with real requests.")
	}
	id, _ := canonical(c.Params("id"))
	change := changeOf(reader(b.configuration))
	f, err := h.c.Functions.Draft(c.UserContext(), session.User(c).ID, session.Project(c).ID, id, change)
	var wrong cdp.Faults
	if errors.As(err, &wrong) {
		return respond.JSON(c, fiber.StatusBadRequest, nested(fields.To("configuration"), wrong))
	}
	if err != nil {
		return err
	}
	if !edits {
		// The program is theirs, and could print a secret in a disguise that
		// no redaction knows. It runs as if the secrets had no value.
		f.Sealed = nil
	}
	return h.runTest(c, b, f)
}

func (h *Handler) runTest(c *fiber.Ctx, b testBody, f *cdp.Function) error {
	if b.invocation != "" {
		if _, err := uuid.Parse(b.invocation); err != nil {
			return testFailed(c, fiber.StatusBadRequest, "Invalid invocation ID")
		}
	}
	r, err := h.c.Tester.Test(c.UserContext(), cdp.TestRequest{
		Project: session.Project(c), Function: f, Invocation: cdp.InvocationID(b.invocation), Globals: b.globals,
		ClickhouseEvent: b.event, Mock: b.mock,
	})
	var known *cdp.Error
	switch {
	case errors.As(err, &known) && known.Code == cdp.Invalid:
		return testFailed(c, fiber.StatusBadRequest, known.Message)
	case errors.As(err, &known) && known.Code == cdp.NotFound:
		return testFailed(c, fiber.StatusNotFound, known.Message)
	case err != nil:
		return err
	}
	return respond.JSON(c, fiber.StatusOK, newTestResult(r))
}

// testFailed is how a run that could not begin is reported.
func testFailed(c *fiber.Ctx, status int, reason string) error {
	return respond.JSON(c, status, struct {
		Status string `json:"status"`
		Error  string `json:"error"`
	}{"error", reason})
}

func newTestResult(r cdp.TestResult) testResult {
	out := testResult{Status: r.Status, Errors: r.Errors, Logs: make([]testLog, len(r.Logs)), Result: r.Result}
	if out.Errors == nil {
		out.Errors = []string{}
	}
	for i, l := range r.Logs {
		out.Logs[i] = testLog{Timestamp: l.Time.UTC().Format("2006-01-02T15:04:05.000Z"), Level: l.Level, Message: l.Message}
	}
	return out
}

// readTestBody reads the members of a test request.
func readTestBody(r *fields.Reader) testBody {
	b := testBody{mock: true}
	b.configuration = r.Nested("configuration", fields.Rule{Required: true}, functionShape)
	b.globals = r.Dict("globals", fields.Rule{Nullable: true}).Value
	b.event = r.Dict("clickhouse_event", fields.Rule{Nullable: true}).Value
	if mock := r.Bool("mock_async_functions", fields.Rule{}); mock.Set {
		b.mock = mock.Value
	}
	b.invocation = r.Text("invocation_id", fields.Rule{Nullable: true, Blank: true}).Value
	return b
}

// tree is PostHog's nested form of faults: objects by field, lists of
// sentences at the leaves.
type tree map[string]any

// nested puts faults into a tree below a path.
func nested(root fields.Path, faults cdp.Faults) tree {
	t := tree{}
	for _, f := range faults {
		path := append(root.At(), f.Field...)
		if len(f.Field) == 0 {
			path = path.At("non_field_errors")
		}
		t.put(path, f.Message)
	}
	return t
}

// put adds a sentence at a path. Where a leaf and a branch meet, the leaf
// stays, for one sentence is enough to mend a field.
func (t tree) put(path fields.Path, message string) {
	name := path[0]
	if len(path) == 1 {
		switch have := t[name].(type) {
		case nil:
			t[name] = []string{message}
		case []string:
			t[name] = append(have, message)
		}
		return
	}
	branch, ok := t[name].(tree)
	if !ok {
		if t[name] != nil {
			return
		}
		branch = tree{}
		t[name] = branch
	}
	branch.put(path[1:], message)
}
