package db_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	gocmp "github.com/google/go-cmp/cmp"

	"hogpen/cdp"
	"hogpen/db"
	"hogpen/db/dbtest"
)

// world is a project whose functions the test knows too, to be asked the same.
type world struct {
	testing.TB
	*rand.Rand
	store   *db.Store
	project cdp.ProjectID
	all     map[cdp.FunctionID]*cdp.Function
	saves   int
	exactly bool // the test leaves similar texts aside
}

func newWorld(t testing.TB, seed uint64, n int) *world {
	t.Helper()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	w := &world{TB: t, Rand: rand.New(rand.NewPCG(seed, 1)), store: s, project: p.ID, all: map[cdp.FunctionID]*cdp.Function{}}
	for range n {
		w.create()
	}
	return w
}

// words gives a text of some words out of few.
func (w *world) words(n int) string {
	some := strings.Fields("send signup receiver number Slack webhook écran 42 7777 a.b customer-service plan PAID naïve x")
	out := make([]string, n)
	for i := range out {
		out[i] = some[w.IntN(len(some))]
	}
	return strings.Join(out, " ")
}

// become gives a function other texts, another state and place.
func (w *world) become(f *cdp.Function) {
	name := w.words(1 + w.IntN(4))
	f.Name, f.Description, f.Enabled = &name, w.words(w.IntN(9)), w.IntN(2) == 0
	if w.IntN(10) == 0 {
		f.Name = nil
	}
	f.ExecutionOrder = nil
	if w.IntN(4) == 0 {
		order := w.IntN(5)
		f.ExecutionOrder = &order
	}
	w.saves++
	f.UpdatedAt = dbtest.Now.Add(time.Duration(w.saves/3) * time.Second) // some at the same time
}

func (w *world) create() {
	f := dbtest.Function(w, w.store, w.project, "", w.become)
	w.all[f.ID] = f
}

// change saves, deletes, brings back or makes some function.
func (w *world) change() {
	w.Helper()
	if w.IntN(6) == 0 {
		w.create()
		return
	}
	ids := slices.Sorted(maps.Keys(w.all))
	f := *w.all[ids[w.IntN(len(ids))]]
	w.become(&f)
	f.Deleted = w.IntN(4) == 0
	if err := w.store.UpdateFunction(w.Context(), &f, f.Version); err != nil {
		w.Fatal(err)
	}
	w.all[f.ID] = &f
}

// query asks for something.
func (w *world) query() cdp.FunctionQuery {
	q := cdp.FunctionQuery{Project: w.project, Limit: 1 + w.IntN(40), Sort: []string{"", "", "name", "changed", "created"}[w.IntN(5)]}
	switch w.IntN(8) {
	case 0:
	case 1:
		q.Search = string([]rune("aesx7. é")[w.IntN(8)])
	case 2, 3: // a piece of what is there
		text := []rune(w.words(3))
		from := w.IntN(len(text) - 1)
		q.Search = string(text[from : from+1+w.IntN(len(text)-from)])
	case 4: // letters swapped
		text := []rune(w.words(2))
		at := w.IntN(len(text) - 1)
		text[at], text[at+1] = text[at+1], text[at]
		q.Search = string(text)
	case 5:
		q.Search = strings.Repeat(w.words(3)+" ", 12)
	default:
		q.Search = w.words(1 + w.IntN(2))
	}
	if w.IntN(3) == 0 {
		enabled := w.IntN(2) == 0
		q.Enabled = &enabled
	}
	if w.IntN(3) == 0 {
		q.Offset = w.IntN(60)
	}
	return q
}

func nameOf(f *cdp.Function) string {
	if f.Name == nil {
		return ""
	}
	return strings.ToLower(*f.Name)
}

// want answers by looking at every function: their IDs in order, all pages.
func (w *world) want(q cdp.FunctionQuery) (ids []cdp.FunctionID, match string) {
	type hit struct {
		*cdp.Function
		rank float64
	}
	var exact, similar []hit
	term := strings.TrimSpace(strings.ToLower(q.Search))
	for _, f := range w.all {
		if f.Deleted || q.Enabled != nil && *q.Enabled != f.Enabled {
			continue
		}
		name, description := nameOf(f), strings.ToLower(f.Description)
		switch {
		case term == "":
			exact = append(exact, hit{f, 0})
			continue
		case name == term:
			exact = append(exact, hit{f, 0})
		case strings.HasPrefix(name, term):
			exact = append(exact, hit{f, 1})
		case strings.Contains(name, term):
			exact = append(exact, hit{f, 2})
		case strings.Contains(description, term):
			exact = append(exact, hit{f, 3})
		}
		if len(exact) > 0 || w.exactly {
			continue
		}
		byName, byDescription := naiveStretch(term, name), naiveStretch(term, description)
		if byName > 0.3 || byDescription > 0.4 {
			similar = append(similar, hit{f, -(byName + naiveWhole(term, name) + 0.5*byDescription)})
		}
	}
	found, match := exact, "exact"
	if term == "" {
		match = ""
	} else if len(exact) == 0 {
		found, match = similar, "similar"
	}
	byID := func(a, b hit) int { return cmp.Compare(a.ID, b.ID) }
	byName := func(a, b hit) int { return cmp.Compare(nameOf(a.Function), nameOf(b.Function)) }
	changed := func(a, b hit) int { return b.UpdatedAt.Compare(a.UpdatedAt) }
	slices.SortFunc(found, func(a, b hit) int {
		switch {
		case q.Sort == "name":
			return cmp.Or(byName(a, b), byID(a, b))
		case q.Sort == "changed":
			return cmp.Or(changed(a, b), byID(a, b))
		case q.Sort == "created":
			return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), byID(a, b))
		case match == "similar":
			return cmp.Or(cmp.Compare(a.rank, b.rank), byName(a, b), byID(a, b))
		}
		place := func(h hit) int {
			if h.ExecutionOrder == nil {
				return 1 << 20
			}
			return *h.ExecutionOrder
		}
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(place(a), place(b)), changed(a, b), byID(a, b))
	})
	for _, f := range found {
		ids = append(ids, f.ID)
	}
	return ids, match
}

// naiveTrigrams are a text's by the words of pg_trgm's manual.
func naiveTrigrams(s string) (out []string) {
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		rs := []rune("  " + word + " ")
		for i := range len(rs) - 2 {
			out = append(out, string(rs[i:i+3]))
		}
	}
	return out
}

func naiveSet(ts []string) map[string]bool {
	set := map[string]bool{}
	for _, t := range ts {
		set[t] = true
	}
	return set
}

func naiveShare(a, b map[string]bool) float64 {
	common := 0
	for t := range a {
		if b[t] {
			common++
		}
	}
	if len(a)+len(b) == common {
		return 0
	}
	return float64(common) / float64(len(a)+len(b)-common)
}

func naiveWhole(query, text string) float64 {
	return naiveShare(naiveSet(naiveTrigrams(query)), naiveSet(naiveTrigrams(text)))
}

// naiveStretch tries every stretch that a search would.
func naiveStretch(query, text string) (best float64) {
	q, ts := naiveSet(naiveTrigrams(query)), naiveTrigrams(text)
	longest := int(float64(len(q)) / 0.3)
	for from := range ts {
		if !q[ts[from]] {
			continue
		}
		stretch := map[string]bool{}
		for _, t := range ts[from:] {
			stretch[t] = true
			if len(stretch) > longest {
				break
			}
			if q[t] {
				best = max(best, naiveShare(q, stretch))
			}
		}
	}
	return best
}

// check asks store and test the same and compares page and count.
func (w *world) check(q cdp.FunctionQuery) {
	w.Helper()
	want, match := w.want(q)
	count := len(want)
	want = want[min(q.Offset, count):min(q.Offset+q.Limit, count)]
	page := must(w.store.Functions(w.Context(), q))(w)
	var have []cdp.FunctionID
	for i, f := range page.Functions {
		have = append(have, f.ID)
		if match != "" && page.Match[i] != match {
			w.Errorf("%+v matched %s, want %s", q, page.Match[i], match)
		}
	}
	if d := gocmp.Diff(want, have, equateEmpty); d != "" || page.Count != count {
		w.Fatalf("%+v: count %d, want %d; %s", q, page.Count, count, d)
	}
}

var equateEmpty = gocmp.Transformer("nonNil", func(ids []cdp.FunctionID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
})

// Whatever is searched, sorted and paged among few functions, similar texts
// too, is what looking at each of them gives, between any two saves.
func TestSearchIsWhatAScanGives(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 100)
	for range 40 {
		w.change()
		for range 6 {
			w.check(w.query())
		}
	}
}

// The same among more functions than one block of slots holds. Of similar ones
// only so many are compared; those are left to the test above.
func TestSearchIsWhatAScanGivesAmongMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 1100)
	w.exactly = true
	for i := range 120 {
		for range w.IntN(4) {
			w.change()
		}
		if i == 60 { // many at once
			for range 200 {
				w.change()
			}
		}
		q := w.query()
		if _, match := w.want(q); match == "similar" {
			q.Search = ""
		}
		w.check(q)
	}
}

// A search of similar texts among many compares the most promising: one that
// is nearly the text is found whatever else is there.
func TestSimilarAmongMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, 700)
	name := "Kangaroo notifications"
	for range 5 {
		w.change()
		f := dbtest.Function(t, w.store, w.project, name, nil)
		page := must(w.store.Functions(t.Context(), cdp.FunctionQuery{Project: w.project, Search: "Kangaroo notificatoins"}))(t)
		if len(page.Functions) == 0 || *page.Functions[0].Name != name || page.Match[0] != "similar" {
			t.Errorf("%d found, want %s first", page.Count, f.ID)
		}
		page = must(w.store.Functions(t.Context(), cdp.FunctionQuery{Project: w.project, Search: "recieverr nubmer plann sned"}))(t)
		if page.Count == 0 || page.Count > 200 {
			t.Errorf("%d are similar, want at most as many as are compared", page.Count)
		}
	}
}

// So many that several goroutines share a search: it finds, counts and orders
// as one would.
func TestSearchAmongThousands(t *testing.T) {
	t.Parallel()
	const n = 40_000
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("Send %d to receiver %d", i%7, i)
	}
	names[n/2] = "Kangaroo notifications"
	for _, text := range []string{"send", "e", "q", "receiver 77", "Send 3 to", "kangaroo", "39999", "to receiver 1"} {
		var want []string
		count := 0
		for _, prefix := range []bool{true, false} {
			for i, name := range slices.Backward(names) {
				folded := strings.ToLower(name)
				if strings.Contains(folded, strings.ToLower(text)) && strings.HasPrefix(folded, strings.ToLower(text)) == prefix {
					count++
					if len(want) < 25 {
						want = append(want, fmt.Sprint(i))
					}
				}
			}
		}
		have, found := db.Searched(names, text)
		if d := gocmp.Diff(want, have); d != "" || found != count {
			t.Errorf("%q: %d found, want %d; %s", text, found, count, d)
		}
	}
	if have, _ := db.Searched(names, "kagnaroo notificatoins"); len(have) == 0 || have[0] != fmt.Sprint(n/2) {
		t.Errorf("found %v, want %d first", have, n/2)
	}
	if _, count := db.Searched(names, "sned receivre"); count == 0 || count > 200 {
		t.Errorf("%d are similar, want at most as many as are compared", count)
	}
}

// Functions that are saved while lists are read are listed once each.
func TestSavesWhileOthersSearch(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	const n = 600
	ids := make([]cdp.FunctionID, n)
	for i := range ids {
		ids[i] = dbtest.Function(t, s, p.ID, fmt.Sprint("Function ", i), nil).ID
	}
	var wg sync.WaitGroup
	for part := range 3 {
		wg.Go(func() {
			for i := part; i < n; i += 3 * 10 {
				f, err := s.Function(t.Context(), p.ID, ids[i])
				if err == nil {
					f.Description, f.UpdatedAt = "Saved again", f.UpdatedAt.Add(time.Duration(i)*time.Second)
					err = s.UpdateFunctionNoted(t.Context(), f, f.Version, cdp.Activity{ID: fmt.Sprint("a", i), Project: p.ID, Activity: "updated", Scope: "HogFunction", ItemID: string(f.ID), CreatedAt: dbtest.Now})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 30 {
				page, err := s.Functions(t.Context(), cdp.FunctionQuery{Project: p.ID, Search: []string{"function", "", "fucntion 1"}[part], Limit: n})
				if err != nil {
					t.Error(err)
					return
				}
				seen := map[cdp.FunctionID]bool{}
				for _, f := range page.Functions {
					if seen[f.ID] {
						t.Errorf("%s is listed twice", f.ID)
					}
					seen[f.ID] = true
				}
				if part < 2 && len(seen) != n {
					t.Errorf("%d functions of %d", len(seen), n)
				}
			}
		})
	}
	wg.Wait()
	again := must(s.Functions(t.Context(), cdp.FunctionQuery{Project: p.ID, Search: "saved again"}))(t)
	if again.Count != n/10 {
		t.Errorf("%d were saved, want %d", again.Count, n/10)
	}
	if entries := must(s.ActivityCount(t.Context(), cdp.ActivityQuery{Project: p.ID}))(t); entries != n/10 {
		t.Errorf("%d activity entries, want %d", entries, n/10)
	}
}

// A change whose entry cannot be stored is not stored either.
func TestEntryAndChangeAreOne(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	f := dbtest.Function(t, s, p.ID, "Before", nil)
	entry := cdp.Activity{ID: "once", Project: p.ID, Activity: "updated", Scope: "HogFunction", ItemID: string(f.ID), CreatedAt: dbtest.Now}
	changed := *f
	changed.Name = ptr("After")
	if err := s.UpdateFunctionNoted(t.Context(), &changed, 1, entry); err != nil {
		t.Fatal(err)
	}
	changed.Name = ptr("Never")
	if err := s.UpdateFunctionNoted(t.Context(), &changed, 2, entry); err == nil {
		t.Error("two entries have one ID")
	}
	other := *f
	other.ID = "018f2b6e-7d4a-7c3e-9b1a-2f4d5e6a7b8c"
	if err := s.CreateFunctionNoted(t.Context(), &other, entry); err == nil {
		t.Error("two entries have one ID")
	}
	have := must(s.Function(t.Context(), p.ID, f.ID))(t)
	page := must(s.Functions(t.Context(), cdp.FunctionQuery{Project: p.ID}))(t)
	if *have.Name != "After" || have.Version != 2 || page.Count != 1 {
		t.Errorf("%q of version %d is stored, among %d", *have.Name, have.Version, page.Count)
	}
}

// anyJSON is a small value made of few names and values, so that some contain
// others.
func anyJSON(r *rand.Rand, depth int) any {
	switch n := r.IntN(8); {
	case depth > 0 && n < 3:
		out := map[string]any{}
		for range r.IntN(3) {
			out[[]string{"id", "type", "key"}[r.IntN(3)]] = anyJSON(r, depth-1)
		}
		return out
	case depth > 0 && n < 5:
		out := make([]any, r.IntN(3))
		for i := range out {
			out[i] = anyJSON(r, depth-1)
		}
		return out
	default:
		return []any{"a", "b", 1, 1.0, json.Number("1.0"), json.Number("-0.0"), 0, json.Number("1e400"), true, false, nil, "1"}[r.IntN(12)]
	}
}

// naiveContains is containment by its words (REST API specification 8.1).
func naiveContains(have, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		have, ok := have.(map[string]any)
		for k, v := range want {
			h, there := have[k]
			ok = ok && there && naiveContains(h, v)
		}
		return ok
	case []any:
		have, ok := have.([]any)
		for _, v := range want {
			ok = ok && slices.ContainsFunc(have, func(h any) bool { return naiveContains(h, v) })
		}
		return ok
	case json.Number:
		have, ok := have.(json.Number)
		a, errA := have.Float64()
		b, errB := want.Float64()
		return ok && (have == want || errA == nil && errB == nil && a == b)
	default:
		return have == want
	}
}

// What is found in stored filters is what containment says of each.
func TestFiltersAreWhatContainmentSays(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	r := rand.New(rand.NewPCG(5, 5))
	encode := func(v any) json.RawMessage { return must(json.Marshal(v))(t) }
	decode := func(raw []byte) (v any) {
		d := json.NewDecoder(strings.NewReader(string(raw)))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	stored := map[cdp.FunctionID]any{}
	for i := range 700 {
		var events, properties []json.RawMessage
		for range r.IntN(3) {
			events = append(events, encode(anyJSON(r, 2)))
		}
		for range r.IntN(2) {
			properties = append(properties, encode(anyJSON(r, 3)))
		}
		f := dbtest.Function(t, s, p.ID, fmt.Sprint(i), func(f *cdp.Function) {
			f.Filters = cdp.Filters{Source: "events", Events: events, Properties: properties}
		})
		members := map[string]any{"source": "events"}
		if events != nil {
			members["events"] = events
		}
		if properties != nil {
			members["properties"] = properties
		}
		stored[f.ID] = decode(encode(members))
	}
	found := 0
	for range 150 {
		group := encode(map[string]any{[]string{"events", "properties"}[r.IntN(2)]: []any{anyJSON(r, 2)}})
		want := 0
		for _, have := range stored {
			if naiveContains(have, decode(group)) {
				want++
			}
		}
		page := must(s.Functions(t.Context(), cdp.FunctionQuery{Project: p.ID, FilterGroups: []json.RawMessage{group}, Limit: 1000}))(t)
		for _, f := range page.Functions {
			if !naiveContains(stored[f.ID], decode(group)) {
				t.Errorf("%s is found in %v", group, stored[f.ID])
			}
		}
		if page.Count != want || len(page.Functions) != want {
			t.Errorf("%s: %d found, want %d", group, page.Count, want)
		}
		found += want
	}
	if found < 300 {
		t.Errorf("only %d found in all: the test asks too much", found)
	}
}
