package api_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"hogpen/app/apptest"
	"hogpen/handlers/api"
	"hogpen/web"
)

// step is a command of docs/api.md with what it answers.
type step struct {
	keep    string // "NAME=member": what later commands find in $NAME
	command string
	answer  string // JSON; "" when it is not looked at
}

var block = regexp.MustCompile("(?ms)^```(sh|json) ?([^\n]*)\n(.*?)\n```$")

func steps(t *testing.T) []step {
	t.Helper()
	page, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []step
	for _, m := range block.FindAllStringSubmatch(string(page), -1) {
		if m[1] == "sh" {
			out = append(out, step{keep: m[2], command: m[3]})
		} else {
			out[len(out)-1].answer = m[3]
		}
	}
	return out
}

// The blocks of docs/api.md, run by a shell against a real server.
func TestWalkOfTheDocs(t *testing.T) {
	t.Parallel()
	live := apptest.New(t)
	env := append(os.Environ(), "HOST="+live.URL, "KEY="+live.Info.PersonalAPIKey)
	base, err := url.Parse(live.URL)
	if err != nil {
		t.Fatal(err)
	}
	var cookies []string
	for _, c := range live.SignIn(t).Jar.Cookies(base) {
		cookies = append(cookies, c.Name+"="+c.Value)
		if c.Name == "posthog_csrftoken" {
			env = append(env, "CSRF="+c.Value)
		}
	}
	env = append(env, "COOKIES="+strings.Join(cookies, "; "))
	for _, s := range steps(t) {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", s.command)
		cmd.Env = env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s\n%v: %s", s.command, err, out)
		}
		if s.answer == "" {
			if len(out) != 0 {
				t.Errorf("%s\nanswers %s", s.command, out)
			}
			continue
		}
		var want, have any
		if err := json.Unmarshal([]byte(s.answer), &want); err != nil {
			t.Fatalf("%s: %v", s.answer, err)
		}
		if err := json.Unmarshal(out, &have); err != nil {
			t.Fatalf("%s\nanswers %s: %v", s.command, out, err)
		}
		if fault := shown(want, have, ""); fault != "" {
			t.Errorf("%s\n%s\nanswers %.1000s", s.command, fault, out)
		}
		if name, member, ok := strings.Cut(s.keep, "="); ok {
			env = append(env, fmt.Sprintf("%s=%v", name, at(have, member)))
		}
	}
}

// shown says where an answer is not what the page shows of it.
func shown(want, have any, where string) string {
	switch w := want.(type) {
	case map[string]any:
		for name, v := range w {
			h, ok := have.(map[string]any)
			if _, there := h[name]; !ok || !there {
				return where + "/" + name + " is missing"
			}
			if fault := shown(v, h[name], where+"/"+name); fault != "" {
				return fault
			}
		}
		return ""
	case []any:
		h, ok := have.([]any)
		if !ok || len(h) < len(w) || len(w) == 0 && len(h) != 0 {
			return where + " is another list"
		}
		for i := range w {
			if fault := shown(w[i], h[i], fmt.Sprint(where, "/", i)); fault != "" {
				return fault
			}
		}
		return ""
	}
	if text, ok := have.(string); ok && want == "…" && text != "" {
		return ""
	}
	if want != have {
		return fmt.Sprintf("%s is %v, want %v", where, have, want)
	}
	return ""
}

// Every route of the table is walked.
func TestWalkLeavesNothingOut(t *testing.T) {
	t.Parallel()
	table := web.APIRoutes(new(api.Handler))
	walked := map[string]bool{}
	for _, s := range steps(t) {
		method := "GET"
		if m := regexp.MustCompile(`-X (\w+)`).FindStringSubmatch(s.command); m != nil {
			method = m[1]
		}
		path := regexp.MustCompile(`"\$HOST([^"?]*)`).FindStringSubmatch(s.command)[1]
		best := ""
		for _, r := range append(prefixed("/api/projects/@current", table.Project), append(prefixed("/api", table.User), prefixed("/api", table.Open)...)...) {
			m, pattern, _ := strings.Cut(r, " ")
			pattern = regexp.MustCompile(`:\w+`).ReplaceAllString(regexp.QuoteMeta(strings.TrimSuffix(pattern, "/")), `[^/]+`)
			if m == method && regexp.MustCompile("^"+pattern+"/?$").MatchString(path) && best == "" {
				best = r
			}
		}
		walked[best] = true
	}
	for _, r := range append(prefixed("/api/projects/@current", table.Project), append(prefixed("/api", table.User), prefixed("/api", table.Open)...)...) {
		if !walked[r] {
			t.Errorf("docs/api.md leaves out %s", r)
		}
	}
}

func prefixed(prefix string, routes []web.Route) []string {
	var out []string
	for _, r := range routes {
		out = append(out, r.Method+" "+prefix+r.Path)
	}
	return out
}
