package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// The acceptance list of the REST API specification, section 14: each number
// has a row, and a row without a test says why. The tests of a row share one
// server; each has a project of its own.

// rows is how long section 14 is.
const acceptanceRows = 90

// criterion is one row: a test, the name of the test elsewhere that covers it,
// or the reason why there is none.
type criterion struct {
	test    func(h *house)
	covered string // a test of this package or of another
	not     string // does not apply: why
	open    string // applies and is not shown yet: why
}

func acceptance() map[int]criterion {
	all := map[int]criterion{}
	for _, part := range []map[int]criterion{acceptCreate(), acceptInputs(), acceptFilters(), acceptList(), acceptLifecycle(), acceptActions(), acceptRuns()} {
		for n, c := range part {
			if _, twice := all[n]; twice {
				panic("acceptance row " + strconv.Itoa(n) + " is there twice")
			}
			all[n] = c
		}
	}
	return all
}

func TestAcceptance(t *testing.T) {
	t.Parallel()
	all := acceptance()
	first := setup(t)
	var counts [4]int
	for n := 1; n <= acceptanceRows; n++ {
		c, ok := all[n]
		switch {
		case !ok:
			t.Errorf("row %d is missing", n)
		case c.test != nil:
			counts[0]++
		case c.covered != "":
			counts[1]++
		case c.not != "":
			counts[2]++
		case c.open != "":
			counts[3]++
		default:
			t.Errorf("row %d says nothing", n)
		}
	}
	if len(all) != acceptanceRows {
		t.Errorf("%d rows, want %d", len(all), acceptanceRows)
	}
	t.Logf("%d tested here, %d elsewhere, %d do not apply, %d open", counts[0], counts[1], counts[2], counts[3])
	for n := 1; n <= acceptanceRows; n++ {
		if c := all[n]; c.test != nil {
			t.Run(fmt.Sprintf("%02d", n), func(t *testing.T) { c.test(first.fork(t)) })
		}
	}
}

// fork is the same server with a fresh project.
func (h *house) fork(t testing.TB) *house {
	t.Helper()
	own := *h
	own.TB = t
	p, err := h.accounts.NewProject(h.project.OrganizationID, t.Name(), "UTC")
	own.must(err)
	p.TestAccountFilters = json.RawMessage(`[{"key":"email","value":"@posthog.com","operator":"not_icontains","type":"person"}]`)
	own.project, err = h.store.CreateProject(t.Context(), p, h.owner.ID)
	own.must(err)
	own.base = fmt.Sprintf("/api/projects/%d/", own.project.ID)
	return &own
}

// made is the answer to a create that succeeds.
func (h *house) made(body string) map[string]any {
	h.Helper()
	return h.object(201, "POST", "hog_functions/", body)
}

// changed is the answer to a PATCH that succeeds.
func (h *house) changed(id any, body string) map[string]any {
	h.Helper()
	return h.object(200, "PATCH", "hog_functions/"+id.(string)+"/", body)
}

// refuses checks a create's validation error.
func (h *house) refuses(body, code, detail, attr string) {
	h.Helper()
	h.invalid(h.call("POST", "hog_functions/", body), code, detail, attr)
}

// at walks into an answer: members and indexes joined with slashes; nil where
// nothing is.
func at(v any, path string) any {
	for _, part := range strings.Split(path, "/") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// has compares what stands at a path with JSON.
func (h *house) has(v any, path, want string) {
	h.Helper()
	var w any
	h.must(json.Unmarshal([]byte(want), &w))
	if have := at(v, path); !reflect.DeepEqual(have, w) {
		text := new(bytes.Buffer)
		e := json.NewEncoder(text)
		e.SetEscapeHTML(false)
		h.must(e.Encode(have))
		h.Errorf("%s is %s want %s", path, text, want)
	}
}

// names are those of a list, in its order.
func (h *house) names(query string) string {
	h.Helper()
	var out []string
	for _, item := range h.object(200, "GET", "hog_functions/?"+query, "")["results"].([]any) {
		name, _ := item.(map[string]any)["name"].(string)
		out = append(out, name)
	}
	return strings.Join(out, ",")
}

// log is the activity of a function, newest first.
func (h *house) log(id any) []any {
	h.Helper()
	return h.object(200, "GET", "activity_log/?scope=HogFunction&page=1&item_id="+id.(string), "")["results"].([]any)
}
