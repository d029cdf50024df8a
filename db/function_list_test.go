package db_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hogpen/cdp"
	"hogpen/db"
	"hogpen/db/dbtest"
)

// names lists the names on a page.
func names(p cdp.FunctionPage) (out []string) {
	for _, f := range p.Functions {
		out = append(out, f.Title())
	}
	return out
}

// listed asks for a page and gives its names.
func listed(t *testing.T, s *db.Store, q cdp.FunctionQuery) []string {
	t.Helper()
	return names(must(s.Functions(context.Background(), q))(t))
}

func TestListRestrictsByEveryCondition(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	exact := time.Date(2026, 2, 3, 4, 5, 6, 789012000, time.UTC)
	a := dbtest.Function(t, s, p.ID, "a", func(f *cdp.Function) { f.UpdatedAt, f.CreatedAt = exact, exact.Add(-time.Hour) })
	dbtest.Function(t, s, p.ID, "b", func(f *cdp.Function) { f.Type, f.Enabled, f.CreatedBy = cdp.SiteApp, false, 4 })
	dbtest.Function(t, s, p.ID, "c", func(f *cdp.Function) { f.Type, f.TemplateID = cdp.Transformation, "template-x" })
	dbtest.Function(t, s, p.ID, "w", func(f *cdp.Function) { f.Type = cdp.WarehouseWebhook })
	dbtest.Function(t, s, p.ID, "d", func(f *cdp.Function) { f.Deleted = true })
	for _, tt := range []struct {
		what string
		q    cdp.FunctionQuery
		want string
	}{
		{"everything but deleted and warehouse webhooks", cdp.FunctionQuery{}, "a b c"},
		{"one type", cdp.FunctionQuery{Types: []cdp.Type{cdp.SiteApp}}, "b"},
		{"two types", cdp.FunctionQuery{Types: []cdp.Type{cdp.SiteApp, cdp.Transformation}}, "b c"},
		{"a warehouse webhook by type", cdp.FunctionQuery{Types: []cdp.Type{cdp.WarehouseWebhook}}, ""},
		{"an unknown type", cdp.FunctionQuery{Types: []cdp.Type{"wat"}}, ""},
		{"enabled", cdp.FunctionQuery{Enabled: ptr(true)}, "a c"},
		{"not enabled", cdp.FunctionQuery{Enabled: ptr(false)}, "b"},
		{"by ID", cdp.FunctionQuery{ID: a.ID}, "a"},
		{"by creator", cdp.FunctionQuery{CreatedBy: 4}, "b"},
		{"created at the exact instant", cdp.FunctionQuery{CreatedAt: exact.Add(-time.Hour)}, "a"},
		{"updated at the exact instant", cdp.FunctionQuery{UpdatedAt: exact}, "a"},
		{"updated a microsecond later", cdp.FunctionQuery{UpdatedAt: exact.Add(time.Microsecond)}, ""},
		{"by template", cdp.FunctionQuery{Template: "template-x"}, "c"},
		{"conditions together", cdp.FunctionQuery{Enabled: ptr(true), Types: []cdp.Type{cdp.SiteApp}}, ""},
	} {
		tt.q.Project = p.ID
		have := listed(t, s, tt.q)
		slices.Sort(have)
		if d := cmp.Diff(tt.want, strings.Join(have, " ")); d != "" {
			t.Errorf("%s: %s", tt.what, d)
		}
	}
	if d := cmp.Diff(map[cdp.Type]int{cdp.Destination: 1, cdp.SiteApp: 1, cdp.Transformation: 1},
		must(s.FunctionCounts(context.Background(), p.ID))(t)); d != "" {
		t.Error(d)
	}
}

func TestListOrder(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	add := func(name string, order *int, minutes int) *cdp.Function {
		return dbtest.Function(t, s, p.ID, name, func(f *cdp.Function) {
			f.ExecutionOrder, f.UpdatedAt = order, dbtest.Now.Add(time.Duration(minutes)*time.Minute)
			f.CreatedAt = dbtest.Now.Add(-time.Duration(minutes) * time.Minute)
		})
	}
	add("none, old", nil, 1)
	add("none, new", nil, 9)
	add("two", ptr(2), 3)
	add("one, old", ptr(1), 2)
	moving := add("one, new", ptr(1), 4)
	add("zero", ptr(0), 0)
	q := cdp.FunctionQuery{Project: p.ID}
	if d := cmp.Diff([]string{"zero", "one, new", "one, old", "two", "none, new", "none, old"}, listed(t, s, q)); d != "" {
		t.Error(d)
	}
	// A change moves an entry that the list has already seen.
	moving.ExecutionOrder, moving.UpdatedAt = ptr(2), dbtest.Now.Add(time.Hour)
	if err := s.UpdateFunction(ctx, moving, 1); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"zero", "one, old", "one, new", "two", "none, new", "none, old"}, listed(t, s, q)); d != "" {
		t.Error(d)
	}
	for sort, want := range map[string][]string{
		"name":    {"none, new", "none, old", "one, new", "one, old", "two", "zero"},
		"changed": {"one, new", "none, new", "two", "one, old", "none, old", "zero"},
		"created": {"zero", "none, old", "one, old", "two", "one, new", "none, new"},
	} {
		q.Sort = sort
		if d := cmp.Diff(want, listed(t, s, q)); d != "" {
			t.Errorf("by %s: %s", sort, d)
		}
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	for i := range 150 {
		dbtest.Function(t, s, p.ID, fmt.Sprintf("Function %03d", i), func(f *cdp.Function) { f.ExecutionOrder = ptr(i) })
	}
	for _, tt := range []struct {
		limit, offset, from, n int
	}{{0, 0, 0, 100}, {50, 0, 0, 50}, {300, 0, 0, 150}, {50, 100, 100, 50}, {50, 140, 140, 10}, {50, 150, 0, 0}, {50, 9999, 0, 0}, {1, -5, 0, 1}} {
		page := must(s.Functions(ctx, cdp.FunctionQuery{Project: p.ID, Limit: tt.limit, Offset: tt.offset}))(t)
		if page.Count != 150 || len(page.Functions) != tt.n {
			t.Errorf("limit %d offset %d: %d of %d", tt.limit, tt.offset, len(page.Functions), page.Count)
		}
		if tt.n > 0 && page.Functions[0].Title() != fmt.Sprintf("Function %03d", tt.from) {
			t.Errorf("limit %d offset %d begins with %s", tt.limit, tt.offset, page.Functions[0].Title())
		}
	}
}

func TestListSeesWhatAnotherProcessWrote(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	open := func() *db.Store {
		s := must(db.Open(ctx, db.Options{Dir: dir}))(t)
		t.Cleanup(func() { s.Close() })
		return s
	}
	one, two := open(), open()
	_, p := dbtest.Owner(t, one)
	f := dbtest.Function(t, one, p.ID, "Before", nil)
	q := cdp.FunctionQuery{Project: p.ID}
	if d := cmp.Diff([]string{"Before"}, listed(t, two, q)); d != "" {
		t.Error(d)
	}
	f.Name = ptr("After")
	if err := one.UpdateFunction(ctx, f, 1); err != nil {
		t.Fatal(err)
	}
	dbtest.Function(t, one, p.ID, "New", func(f *cdp.Function) { f.ExecutionOrder = ptr(1) })
	if d := cmp.Diff([]string{"New", "After"}, listed(t, two, q)); d != "" {
		t.Error(d)
	}
	f.Deleted = true
	if err := two.UpdateFunction(ctx, f, 2); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"New"}, listed(t, one, q)); d != "" {
		t.Error(d)
	}
}

func TestFilterGroups(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	filters := func(text string) func(*cdp.Function) {
		return func(f *cdp.Function) {
			if err := json.Unmarshal([]byte(text), &f.Filters); err != nil {
				t.Fatal(err)
			}
		}
	}
	dbtest.Function(t, s, p.ID, "internal", filters(`{"source":"events","filter_test_accounts":true,"actions":[{"id":"9","type":"actions"},{"id":8,"x":[1,{"y":2.50}]}]}`))
	dbtest.Function(t, s, p.ID, "all", filters(`{"source":"events","filter_test_accounts":false,"events":[{"id":"$pageview","type":"events","name":null},{"id":"<b>","type":"events"}],"bytecode":["_H",1,33,4242]}`))
	dbtest.Function(t, s, p.ID, "plain", nil)
	for _, tt := range []struct{ groups, want string }{
		{`[]`, "all internal plain"},
		{`[{}, null, [], "", 0, false]`, "all internal plain"},
		{`[{"filter_test_accounts": true}]`, "internal"},
		{`[{"filter_test_accounts": false}]`, "all"},
		{`[{"filter_test_accounts": false}, {"filter_test_accounts": true}]`, "all internal"},
		{`[{}, {"filter_test_accounts": true}]`, "internal"},
		{`[{"events":[{"id":"$pageview","type":"events"}]}]`, "all"},
		{`[{"events":[{"id":"<b>"}]}]`, "all"},
		{`[{"events":[{"id":"<b>"},{"id":"$pageview"}]}]`, "all"},
		{`[{"events":[{"id":"\u003cb>","type":"actions"}]}]`, ""},
		{`[{"events":[{"name":null}]}]`, "all"},
		{`[{"actions":[{"id":"9"}]}]`, "internal"},
		{`[{"actions":[{"id":9}]}]`, ""},
		{`[{"actions":[{"id":8.0}]}]`, "internal"},
		{`[{"actions":[{"x":[{"y":2.5}]}]}]`, "internal"},
		{`[{"actions":[]}]`, "internal"},
		{`[{"actions":{}}]`, ""},
		{`[{"source":"events"}]`, "all internal plain"},
		{`["events"]`, ""},
		{`[{"bytecode":[4242]}]`, "all"},
		{`[{"bytecode":["_H",4242],"filter_test_accounts":false}]`, "all"},
		{`[{"bytecode":[4242],"filter_test_accounts":true}]`, ""},
		{`[{"bytecode":[30]}, {"actions":[{"id":8}]}]`, "internal"},
		{`[{"transpiled":{}}]`, ""},
	} {
		q := cdp.FunctionQuery{Project: p.ID, Sort: "name"}
		if err := json.Unmarshal([]byte(tt.groups), &q.FilterGroups); err != nil {
			t.Fatal(err)
		}
		page := must(s.Functions(ctx, q))(t)
		if d := cmp.Diff(tt.want, strings.Join(names(page), " ")); d != "" || page.Count != len(page.Functions) {
			t.Errorf("%s: %s", tt.groups, d)
		}
	}
	for _, bad := range []string{`{`, `{} {}`, ``} {
		_, err := s.Functions(ctx, cdp.FunctionQuery{Project: p.ID, FilterGroups: []json.RawMessage{json.RawMessage(bad)}})
		if code(err) != cdp.Invalid {
			t.Errorf("group %q: %v", bad, err)
		}
	}
}

// FuzzFilterGroups looks for groups that break the search: whatever is asked,
// the answer is a page or an Invalid.
func FuzzFilterGroups(f *testing.F) {
	for _, seed := range []string{`{"events":[{"id":"$pageview"}]}`, `[]`, `1e999`, `{"a":{"b":[[]]}}`, `"\u0000"`, `[[[[`} {
		f.Add(seed)
	}
	s := dbtest.Open(f)
	_, p := dbtest.Owner(f, s)
	dbtest.Function(f, s, p.ID, "one", nil)
	f.Fuzz(func(t *testing.T, group string) {
		_, err := s.Functions(context.Background(), cdp.FunctionQuery{Project: p.ID, FilterGroups: []json.RawMessage{json.RawMessage(group)}})
		if err != nil && code(err) != cdp.Invalid {
			t.Errorf("group %q: %v", group, err)
		}
	})
}

// searchable fills a project with functions to be searched.
func searchable(t testing.TB) (*db.Store, cdp.ProjectID) {
	t.Helper()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	for i, f := range []struct{ name, description string }{
		{"Slack notification", "Posts a message to a channel"},
		{"Marketing webhook", "Sends sign-ups to the campaign tool"},
		{"Webhook", "Sends every event"},
		{"Webhook for billing", ""},
		{"My webhook", ""},
		{"Invoices", "Calls a webhook of the invoice service; owner: finance@example.com"},
		{"GeoIP", "Adds a country"},
		{"Ärger melden", "018f2b6e-7d4a-7c3e-9b1a-2f4d5e6a7b8c"},
		{"100% sampling_rate", `C:\temp`},
	} {
		dbtest.Function(t, s, p.ID, f.name, func(fn *cdp.Function) {
			fn.Description, fn.UpdatedAt = f.description, dbtest.Now.Add(time.Duration(i)*time.Second)
		})
	}
	dbtest.Function(t, s, p.ID, "", func(fn *cdp.Function) { fn.Name, fn.Description = nil, "Has no name, only this about kangaroos" })
	return s, p.ID
}

func TestSearchRanking(t *testing.T) {
	t.Parallel()
	s, p := searchable(t)
	for _, tt := range []struct{ search, want, match string }{
		{"webhook", "Webhook|Webhook for billing|My webhook|Marketing webhook|Invoices", "exact"},
		{"  WEBHOOK\x00 ", "Webhook|Webhook for billing|My webhook|Marketing webhook|Invoices", "exact"},
		{"Marke", "Marketing webhook", "exact"},
		{"slcak", "Slack notification", "similar"},
		{"markteing", "Marketing webhook", "similar"},
		{"slack notificatoin", "Slack notification", "similar"},
		{"finance@example.com", "Invoices", "exact"},
		{"7c3e-9b1a", "Ärger melden", "exact"},
		{"ÄRGER", "Ärger melden", "exact"},
		{"kangaroo", "", "exact"},
		{"%", "100% sampling_rate", "exact"},
		{"g_r", "100% sampling_rate", "exact"},
		{`c:\TEMP`, "100% sampling_rate", "exact"},
		{"o", "My webhook|Webhook for billing|Webhook|Marketing webhook|Slack notification|GeoIP|Invoices", ""},
		{"zzzzqqqq", "-", "similar"},
		{"'; drop table hog_function; --", "-", "similar"},
		{"!!!", "-", "similar"},
		{"🦔", "-", "similar"},
	} {
		page := must(s.Functions(context.Background(), cdp.FunctionQuery{Project: p, Search: tt.search}))(t)
		var have []string
		for i, f := range page.Functions {
			if tt.match != "" && page.Match[i] != tt.match {
				t.Errorf("search %q: %q matched %s, want %s", tt.search, f.Title(), page.Match[i], tt.match)
			}
			if f.Name == nil {
				have = append(have, "")
				continue
			}
			have = append(have, *f.Name)
		}
		if page.Count != len(have) {
			t.Errorf("search %q: count %d, rows %d", tt.search, page.Count, len(have))
		}
		switch got := strings.Join(have, "|"); {
		case tt.want == "-" && len(have) > 0:
			t.Errorf("search %q found %q", tt.search, have)
		case tt.search == "o":
			// One letter: only that names come before descriptions matters.
			if i, j := slices.Index(have, "My webhook"), slices.Index(have, "GeoIP"); i < 0 || j < 0 {
				t.Errorf("search %q found %q", tt.search, have)
			}
		case tt.want != "-" && got != tt.want:
			t.Errorf("search %q: %q, want %q", tt.search, got, tt.want)
		}
	}
}

func TestBlankSearchListsEverythingWithoutMatches(t *testing.T) {
	t.Parallel()
	s, p := searchable(t)
	for _, search := range []string{"", "   ", "\x00", " \t\n"} {
		page := must(s.Functions(context.Background(), cdp.FunctionQuery{Project: p, Search: search}))(t)
		if page.Count != 10 || page.Match != nil {
			t.Errorf("search %q: count %d, matches %v", search, page.Count, page.Match)
		}
	}
}

func TestSimilarSearchIsRestrictedToo(t *testing.T) {
	t.Parallel()
	s, p := searchable(t)
	page := must(s.Functions(context.Background(), cdp.FunctionQuery{Project: p, Search: "slcak", Enabled: ptr(false)}))(t)
	if page.Count != 0 {
		t.Errorf("found %q", names(page))
	}
}

// TestSimilarFindsOneTypoAway searches many names with two letters swapped.
func TestSimilarFindsOneTypoAway(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	for _, name := range []string{"Zendesk ticket", "Customer.io", "Mailchimp audience", "Intercom message", "Hubspot contact", "Snowflake export"} {
		dbtest.Function(t, s, p.ID, name, nil)
		word := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == ' ' || r == '.' })[0]
		typo := []byte(word)
		typo[3], typo[4] = typo[4], typo[3]
		if string(typo) == word {
			t.Fatalf("%s is no typo", typo)
		}
		have := listed(t, s, cdp.FunctionQuery{Project: p.ID, Search: string(typo)})
		if len(have) == 0 || have[0] != name {
			t.Errorf("search %s: %q, want %q", typo, have, name)
		}
	}
}

// What the index of a search finds is what every text says by itself, also
// after saves, in any order of the list and under conditions.
func TestSearchFindsWhateverContains(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	r := rand.New(rand.NewPCG(7, 7))
	letters := []rune("abé -.")
	text := func(n int) string {
		out := make([]rune, n)
		for i := range out {
			out[i] = letters[r.IntN(len(letters))]
		}
		return string(out)
	}
	var all []*cdp.Function
	for i := range 150 {
		all = append(all, dbtest.Function(t, s, p.ID, text(3+r.IntN(9)), func(f *cdp.Function) {
			f.Description, f.Enabled = text(r.IntN(20)), i%2 == 0
		}))
	}
	for round := range 300 {
		if round%50 == 25 {
			f := all[r.IntN(len(all))]
			f.Name = ptr(text(8))
			if err := s.UpdateFunction(t.Context(), f, f.Version); err != nil {
				t.Fatal(err)
			}
			f.Version++
		}
		q := cdp.FunctionQuery{Project: p.ID, Limit: 1000, Search: text(1 + r.IntN(5)), Sort: []string{"", "name", "changed"}[r.IntN(3)]}
		if r.IntN(2) == 0 {
			q.Enabled = ptr(true)
		}
		want := map[cdp.FunctionID]bool{}
		term := strings.TrimSpace(q.Search)
		for _, f := range all {
			if (q.Enabled == nil || f.Enabled) && (strings.Contains(*f.Name, term) || strings.Contains(f.Description, term)) {
				want[f.ID] = true
			}
		}
		page := must(s.Functions(t.Context(), q))(t)
		if len(want) == 0 {
			if len(page.Match) > 0 && page.Match[0] != "similar" {
				t.Errorf("%q: %s, but nothing has it", q.Search, page.Match[0])
			}
			continue
		}
		have := map[cdp.FunctionID]bool{}
		for _, f := range page.Functions {
			have[f.ID] = true
		}
		if d := cmp.Diff(want, have); d != "" {
			t.Errorf("%q: %s", q.Search, d)
		}
	}
}

// filled is a store with n functions in one project, made once a benchmark.
func filled(b *testing.B, n int) (*db.Store, cdp.ProjectID) {
	b.Helper()
	s := dbtest.Open(b)
	_, p := dbtest.Owner(b, s)
	words := strings.Fields("signup checkout invoice payment webhook slack pageview identify session error trial upgrade churn refund")
	hog := strings.Repeat("// a program of some length\n", 60)
	for i := range n {
		dbtest.Function(b, s, p.ID, fmt.Sprintf("%s to %s no. %d", words[i%len(words)], words[i/len(words)%len(words)], i), func(f *cdp.Function) {
			f.UpdatedAt = dbtest.Now.Add(time.Duration(i) * time.Second)
			f.Hog = hog
			f.Enabled = i%3 != 0
			if i%10 == 0 {
				f.Type = cdp.Transformation
				f.ExecutionOrder = ptr(i % 1000)
			}
			f.Description = "Forwards each event that passes the filters of the team to the " + words[i%7] + " service and waits"
			if i == n/2 {
				f.Name = ptr("needle in a haystack")
			}
			for k := range 5 {
				f.InputsSchema = append(f.InputsSchema, cdp.InputSchema{Type: "string", Key: fmt.Sprint("key", k), Label: ptr("A label"), Required: true})
				f.Inputs = append(f.Inputs, cdp.Input{Key: fmt.Sprint("key", k), Value: json.RawMessage(`"{event.properties.value}"`), Bytecode: json.RawMessage(`["_H",1,32,"value",32,"properties",32,"event",1,3]`)})
			}
		})
	}
	return s, p.ID
}

func BenchmarkFunctions(b *testing.B) {
	ctx := context.Background()
	for _, n := range []int{10_000} {
		s, p := filled(b, n)
		for _, bb := range []struct {
			name string
			q    cdp.FunctionQuery
		}{
			{"list", cdp.FunctionQuery{}},
			{"types", cdp.FunctionQuery{Types: []cdp.Type{cdp.Destination}, Enabled: ptr(true)}},
			{"offset5000", cdp.FunctionQuery{Offset: 5000}},
			{"sortName", cdp.FunctionQuery{Sort: "name"}},
			{"searchCommon", cdp.FunctionQuery{Search: "signup"}},
			{"searchDescription", cdp.FunctionQuery{Search: "forwards each"}},
			{"searchRare", cdp.FunctionQuery{Search: "haystack"}},
			{"searchOneLetter", cdp.FunctionQuery{Search: "z"}},
			{"searchNone", cdp.FunctionQuery{Search: "xylophone"}},
			{"searchTypo", cdp.FunctionQuery{Search: "haysatck"}},
			{"searchTypoCommon", cdp.FunctionQuery{Search: "invocie"}},
			{"containmentOfAll", cdp.FunctionQuery{FilterGroups: []json.RawMessage{json.RawMessage(`{"source":"events"}`)}}},
			{"containment", cdp.FunctionQuery{FilterGroups: []json.RawMessage{json.RawMessage(`{"source":"x"}`)}}},
		} {
			b.Run(fmt.Sprintf("%s/%d", bb.name, n), func(b *testing.B) {
				bb.q.Project, bb.q.Limit = p, 25
				for b.Loop() {
					if _, err := s.Functions(ctx, bb.q); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run(fmt.Sprintf("afterASave/%d", n), func(b *testing.B) {
			f := dbtest.Function(b, s, p, "changing", nil)
			for b.Loop() {
				if err := s.UpdateFunction(ctx, f, f.Version); err != nil {
					b.Fatal(err)
				}
				if _, err := s.Functions(ctx, cdp.FunctionQuery{Project: p, Limit: 25}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
