package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"hogpen/app/apptest"
)

// The acceptance list of the runtime specification, section 15: each number of
// its four tables has a row, and a row without a test says why. The tests of a
// table share one house, and tell their events apart by the events' names.

// rows is how long each table of section 15 is.
var rows = map[string]int{"15.1": 19, "15.2": 12, "15.3": 24, "15.4": 12}

// criterion is one row: a test, the places of tests elsewhere that show it, or
// the reason why there is none.
type criterion struct {
	test func(a *acceptance)
	at   []string // "package TestName" or "package TestName: text that is in its file"
	not  string   // does not apply: why
	open string   // applies and is not shown yet: why
}

// criteria is section 15, table by table.
func criteria() map[string]map[int]criterion {
	return map[string]map[int]criterion{"15.1": acceptIngestion(), "15.2": acceptTransformations(), "15.3": acceptExecution(), "15.4": acceptControl()}
}

// TestAcceptanceListIsWhole holds the list against section 15, and what it
// points to against the sources.
func TestAcceptanceListIsWhole(t *testing.T) {
	t.Parallel()
	var counts [4]int
	for table, list := range criteria() {
		if len(list) != rows[table] {
			t.Errorf("%s has %d rows, want %d", table, len(list), rows[table])
		}
		for n := 1; n <= rows[table]; n++ {
			c, ok := list[n]
			switch {
			case !ok:
				t.Errorf("%s, %d is missing", table, n)
			case c.test != nil:
				counts[0]++
			case len(c.at) > 0:
				counts[1]++
			case c.not != "":
				counts[2]++
			case c.open != "":
				counts[3]++
				t.Logf("%s, %d is open: %s", table, n, c.open)
			default:
				t.Errorf("%s, %d says nothing", table, n)
			}
			for _, place := range c.at {
				if err := stands(place); err != nil {
					t.Errorf("%s, %d: %v", table, n, err)
				}
			}
		}
	}
	t.Logf("%d tested here, %d elsewhere, %d do not apply, %d open", counts[0], counts[1], counts[2], counts[3])
}

// stands looks for a test in the files of its package.
func stands(place string) error {
	where, text, _ := strings.Cut(place, ": ")
	pkg, name, ok := strings.Cut(where, " ")
	if !ok {
		return fmt.Errorf("%q names no test", place)
	}
	files, err := filepath.Glob(filepath.Join("..", pkg, "*_test.go"))
	if err != nil {
		return err
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if bytes.Contains(src, []byte("func "+name+"(t ")) {
			if !bytes.Contains(src, []byte(text)) {
				return fmt.Errorf("%s has no %q", where, text)
			}
			return nil
		}
	}
	return fmt.Errorf("there is no %s", where)
}

func TestAcceptance(t *testing.T) {
	t.Parallel()
	for table, list := range criteria() {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			h := apptest.New(t)
			h.Sink.Answer(statusAsAsked)
			for n := 1; n <= len(list); n++ {
				if c := list[n]; c.test != nil {
					t.Run(fmt.Sprintf("%02d", n), func(t *testing.T) {
						c.test(&acceptance{T: t, house: h, name: fmt.Sprint("row ", n)})
					})
				}
			}
		})
	}
}

// statusAsAsked answers /status/404 with 404, and all else with 200.
func statusAsAsked(r apptest.Request) (status int, body string) {
	if _, err := fmt.Sscanf(r.Path, "/status/%d", &status); err != nil {
		status = http.StatusOK
	}
	return status, "{}"
}

// acceptance is one row's test: a house, and the name of the row's events.
type acceptance struct {
	*testing.T
	house *apptest.House
	name  string
}

// only is a filter that lets the row's events through.
func (a *acceptance) only() map[string]any {
	return map[string]any{"source": "events", "events": []any{map[string]any{"id": a.name, "name": a.name, "type": "events", "order": 0}}}
}

// function makes an enabled function for the row's events.
func (a *acceptance) function(kind, hog string, more map[string]any) string {
	a.Helper()
	body := map[string]any{"type": kind, "name": a.name, "enabled": true, "hog": hog, "filters": a.only()}
	for k, v := range more {
		body[k] = v
	}
	return a.house.CreateFunction(a, body)
}

// url is the sink's address for the row's requests.
func (a *acceptance) url() string {
	return a.house.Sink.URL + "/" + strings.ReplaceAll(a.name, " ", "-")
}

// echo is a destination that sends the row's events as they are.
func (a *acceptance) echo() string {
	a.Helper()
	return a.function("destination", `fetch('`+a.url()+`', {'body': event})`, nil)
}

// requests gives what arrived at the row's address, once at least n are there.
func (a *acceptance) requests(n int) (out []apptest.Request) {
	a.Helper()
	path := "/" + strings.ReplaceAll(a.name, " ", "-")
	apptest.Eventually(a, func() error {
		out = nil
		for _, r := range a.house.Sink.Requests() {
			if r.Path == path {
				out = append(out, r)
			}
		}
		if len(out) < n {
			return fmt.Errorf("%d requests arrived at %s, want %d", len(out), path, n)
		}
		return nil
	})
	return out
}

// echoed is an event that the echo sent.
type echoed struct {
	UUID       string         `json:"uuid"`
	Event      string         `json:"event"`
	DistinctID string         `json:"distinct_id"`
	Timestamp  time.Time      `json:"timestamp"`
	Properties map[string]any `json:"properties"`
}

// events are n of the echo's, and no more.
func (a *acceptance) events(n int) (out []echoed) {
	a.Helper()
	for _, r := range a.requests(n) {
		var e echoed
		if err := json.Unmarshal([]byte(r.Body), &e); err != nil {
			a.Fatalf("%v in %s", err, r.Body)
		}
		out = append(out, e)
	}
	if len(out) != n {
		a.Errorf("%d events arrived, want %d", len(out), n)
	}
	return out
}

// answer is what capture said.
type answer struct {
	status int
	header http.Header
	body   string
}

// send sends a request without any credentials.
func (a *acceptance) send(method, path string, body []byte, header ...string) answer {
	a.Helper()
	req, err := http.NewRequestWithContext(a.Context(), method, a.house.URL+path, bytes.NewReader(body))
	if err != nil {
		a.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.Fatal(err)
	}
	defer res.Body.Close()
	var out bytes.Buffer
	if _, err := out.ReadFrom(res.Body); err != nil {
		a.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, out.String()}
}

// ok sends an event that must be taken.
func (a *acceptance) ok(method, path string, body []byte, header ...string) {
	a.Helper()
	if r := a.send(method, path, body, header...); r.status != 200 || strings.TrimSpace(r.body) != `{"status":"Ok"}` {
		a.Fatalf("%s %s: %d %s", method, path, r.status, r.body)
	}
}

// event is one of the row's events as JSON; more are members such as
// `"uuid":"…"`.
func (a *acceptance) event(more ...string) []byte {
	members := append([]string{fmt.Sprintf(`"event":%q,"api_key":%q`, a.name, a.house.Info.ProjectToken)}, more...)
	if !strings.Contains(strings.Join(more, ""), `"distinct_id"`) {
		members = append(members, `"distinct_id":"u1"`)
	}
	return []byte("{" + strings.Join(members, ",") + "}")
}

// capture sends one of the row's events with these properties.
func (a *acceptance) capture(properties string) {
	a.Helper()
	a.ok("POST", "/capture/", a.event(`"properties":`+properties))
}

// totals waits until a function's metrics are the wanted ones, such as
// "failed 1, fetch 2".
func (a *acceptance) totals(id, want string) {
	a.Helper()
	wanted := map[string]int{}
	for part := range strings.SplitSeq(want, ", ") {
		var name string
		var n int
		if _, err := fmt.Sscanf(part, "%s %d", &name, &n); err != nil {
			a.Fatal(err)
		}
		wanted[name] = n
	}
	apptest.Eventually(a, func() error {
		var out struct{ Totals map[string]int }
		a.house.MustAPI(a, 200, "GET", a.house.Project("hog_functions/%s/metrics/totals/?breakdown_by=name", id), nil, &out)
		if fmt.Sprint(out.Totals) != fmt.Sprint(wanted) {
			time.Sleep(100 * time.Millisecond) // a key may ask eight times a second
			return fmt.Errorf("totals are %v, want %v", out.Totals, wanted)
		}
		return nil
	})
}

// logs waits until a function's log, oldest first, has lines that match these
// patterns, one after another with nothing between them, and gives all lines.
func (a *acceptance) logs(id string, patterns ...string) (lines []string) {
	a.Helper()
	want := regexp.MustCompile(`(?ms)^` + strings.Join(patterns, `\n`))
	apptest.Eventually(a, func() error {
		var page struct {
			Results []struct{ Level, Message string }
		}
		a.house.MustAPI(a, 200, "GET", a.house.Project("hog_functions/%s/logs/?limit=500", id), nil, &page)
		lines = nil
		for _, r := range page.Results {
			lines = append([]string{strings.ToLower(r.Level) + " " + r.Message}, lines...)
		}
		if all := strings.Join(lines, "\n"); !want.MatchString(all) {
			time.Sleep(100 * time.Millisecond)
			return fmt.Errorf("no %s in\n%s", want, all)
		}
		return nil
	})
	return lines
}
