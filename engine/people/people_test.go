package people_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hogpen/cdp"
	"hogpen/db"
	"hogpen/db/dbtest"
	"hogpen/engine/executor"
	"hogpen/engine/people"
	"hogpen/hog/vm"
)

// counting is a store that counts its reads and writes, and may fail.
type counting struct {
	*db.Store
	reads, writes atomic.Int64
	broken        atomic.Bool
}

func (c *counting) PersonOf(ctx context.Context, p cdp.ProjectID, d string, id cdp.PersonID) (cdp.Person, bool, error) {
	c.reads.Add(1)
	return c.Store.PersonOf(ctx, p, d, id)
}

func (c *counting) Group(ctx context.Context, p cdp.ProjectID, index int, key string) (cdp.Group, bool, error) {
	c.reads.Add(1)
	return c.Store.Group(ctx, p, index, key)
}

func (c *counting) KeepPeople(ctx context.Context, b *cdp.PeopleBlock) error {
	c.writes.Add(1)
	if c.broken.Load() {
		return errors.New("the disk is full")
	}
	return c.Store.KeepPeople(ctx, b)
}

type house struct {
	t     testing.TB
	store *counting
	*people.People
	cache int
}

func newHouse(t testing.TB, cache int) *house {
	h := &house{t: t, store: &counting{Store: dbtest.Open(t)}, cache: cache}
	h.restart()
	return h
}

// restart begins with an empty memory, as after a kill.
func (h *house) restart() {
	h.t.Helper()
	p, err := people.New(people.Config{Store: h.store, Cache: h.cache, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		h.t.Fatal(err)
	}
	h.People = p
}

func (h *house) flush() {
	h.t.Helper()
	if err := h.Flush(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

func parse(t testing.TB, s string) vm.Value {
	t.Helper()
	if s == "" {
		return vm.Null
	}
	v, err := vm.ParseJSON([]byte(s), vm.JSONOptions{Freeze: true})
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return v
}

// step is an event: who, which, and what it says, as JSON.
type step struct {
	id, event, set, once, unset, other string
}

var day = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

func (h *house) apply(s step) executor.PersonView {
	h.t.Helper()
	if s.event == "" {
		s.event = "a"
	}
	v, err := h.Update(context.Background(), &executor.PersonChange{Project: 1, DistinctID: s.id, Event: s.event, At: day,
		Set: parse(h.t, s.set), SetOnce: parse(h.t, s.once), Unset: parse(h.t, s.unset), Other: s.other})
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}

// props are a person's as JSON.
func (h *house) props(id string) string {
	h.t.Helper()
	v, err := h.Person(context.Background(), 1, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(vm.AppendJSON(nil, v.Properties))
}

func (h *house) id(distinct string) string {
	h.t.Helper()
	v, err := h.Person(context.Background(), 1, distinct)
	if err != nil {
		h.t.Fatal(err)
	}
	return v.ID
}

func TestPersons(t *testing.T) { // 1.11
	t.Parallel()
	for _, tt := range []struct {
		name  string
		steps []step
		want  map[string]string // properties by distinct ID
		same  [][2]string       // distinct IDs of one person
		apart [][2]string
	}{
		{name: "set overwrites", steps: []step{{id: "u", set: `{"a":1,"b":2}`}, {id: "u", set: `{"a":3}`}}, want: map[string]string{"u": `{"a":3,"b":2}`}},
		{name: "set once does not", steps: []step{{id: "u", once: `{"a":1}`}, {id: "u", once: `{"a":2,"b":2}`}}, want: map[string]string{"u": `{"a":1,"b":2}`}},
		{name: "once, set, unset, in this order", steps: []step{{id: "u", set: `{"a":2,"c":1}`, once: `{"a":1,"b":1}`, unset: `["c"]`}}, want: map[string]string{"u": `{"a":2,"b":1}`}},
		{name: "unset by an object's keys", steps: []step{{id: "u", set: `{"a":1,"b":2}`}, {id: "u", unset: `{"a":true,"z":1}`}}, want: map[string]string{"u": `{"b":2}`}},
		{name: "unset of what is no key", steps: []step{{id: "u", set: `{"a":1}`}, {id: "u", unset: `[1,null,"z"]`}}, want: map[string]string{"u": `{"a":1}`}},
		{name: "null is a value", steps: []step{{id: "u", set: `{"a":null}`}, {id: "u", once: `{"a":1}`}}, want: map[string]string{"u": `{"a":null}`}},
		{name: "fleeting properties alone are not kept", steps: []step{{id: "u", set: `{"a":1,"$browser":"x"}`}, {id: "u", set: `{"$browser":"y","$geoip_latitude":1,"a":1}`}}, want: map[string]string{"u": `{"a":1,"$browser":"x"}`}},
		{name: "with another one they are", steps: []step{{id: "u", set: `{"a":1,"$browser":"x"}`}, {id: "u", set: `{"$browser":"y","a":2}`}}, want: map[string]string{"u": `{"a":2,"$browser":"y"}`}},
		{name: "the city is not fleeting", steps: []step{{id: "u", set: `{"a":1}`}, {id: "u", set: `{"$geoip_city_name":"x","$geoip_latitude":1}`}}, want: map[string]string{"u": `{"a":1,"$geoip_city_name":"x","$geoip_latitude":1}`}},
		{name: "$set keeps fleeting ones", steps: []step{{id: "u", set: `{"$browser":"x"}`}, {id: "u", event: "$set", set: `{"$browser":"y"}`}}, want: map[string]string{"u": `{"$browser":"y"}`}},
		{name: "a person of nothing", want: map[string]string{"u": `{}`}, apart: [][2]string{{"u", "v"}}},
		{name: "identify takes the anonymous one in", steps: []step{{id: "anon", set: `{"a":1,"b":1}`}, {id: "u", set: `{"a":2}`}, {id: "u", event: "$identify", other: "anon", set: `{"c":3}`}},
			want: map[string]string{"u": `{"a":2,"b":1,"c":3}`, "anon": `{"a":2,"b":1,"c":3}`}, same: [][2]string{{"u", "anon"}}},
		{name: "what comes for the anonymous one later", steps: []step{{id: "u", event: "$identify", other: "anon"}, {id: "anon", set: `{"a":1}`}}, want: map[string]string{"u": `{"a":1}`}, same: [][2]string{{"u", "anon"}}},
		{name: "identify without another", steps: []step{{id: "u", event: "$identify", set: `{"a":1}`}}, want: map[string]string{"u": `{"a":1}`}},
		{name: "an identified one is not taken", steps: []step{{id: "v", event: "$identify", set: `{"a":1}`}, {id: "u", event: "$identify", other: "v"}}, want: map[string]string{"v": `{"a":1}`, "u": `{}`}, apart: [][2]string{{"u", "v"}}},
		{name: "unless dangerously", steps: []step{{id: "v", event: "$identify", set: `{"a":1}`}, {id: "u", event: "$merge_dangerously", other: "v"}}, want: map[string]string{"u": `{"a":1}`}, same: [][2]string{{"u", "v"}}},
		{name: "alias", steps: []step{{id: "other", set: `{"a":1}`}, {id: "u", event: "$create_alias", other: "other"}}, want: map[string]string{"u": `{"a":1}`}, same: [][2]string{{"u", "other"}}},
		{name: "nobody is merged by a mistake", steps: []step{{id: "u", event: "$identify", other: "Anonymous"}, {id: "undefined", event: "$create_alias", other: "w"}}, apart: [][2]string{{"u", "Anonymous"}, {"undefined", "w"}}},
		{name: "with itself", steps: []step{{id: "u", event: "$identify", other: "u", set: `{"a":1}`}}, want: map[string]string{"u": `{"a":1}`}},
		{name: "twice", steps: []step{{id: "u", event: "$identify", other: "a"}, {id: "u", event: "$identify", other: "a", set: `{"x":1}`}}, want: map[string]string{"a": `{"x":1}`}},
		{name: "a chain", steps: []step{{id: "a", set: `{"a":1}`}, {id: "b", event: "$merge_dangerously", other: "a"}, {id: "c", event: "$merge_dangerously", other: "b", set: `{"c":1}`}},
			want: map[string]string{"a": `{"a":1,"c":1}`}, same: [][2]string{{"a", "b"}, {"b", "c"}}},
		{name: "the first distinct ID comes along", steps: []step{{id: "a", set: `{"a":1}`}, {id: "a", event: "$merge_dangerously", other: "b"}, {id: "c", event: "$merge_dangerously", other: "b"}},
			want: map[string]string{"a": `{"a":1}`}, same: [][2]string{{"a", "c"}, {"b", "c"}}},
		{name: "lists and objects", steps: []step{{id: "u", set: `{"l":[1,{"x":2}]}`}, {id: "u", set: `{"l":[1,{"x":2}],"$browser":"z"}`}}, want: map[string]string{"u": `{"l":[1,{"x":2}]}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 0)
			check := func(when string) {
				t.Helper()
				for id, want := range tt.want {
					if have := h.props(id); have != want {
						t.Errorf("%s: %s has %s, want %s", when, id, have, want)
					}
				}
				for _, p := range tt.same {
					if h.id(p[0]) != h.id(p[1]) {
						t.Errorf("%s: %v are apart", when, p)
					}
				}
				for _, p := range tt.apart {
					if h.id(p[0]) == h.id(p[1]) {
						t.Errorf("%s: %v are one", when, p)
					}
				}
			}
			for _, s := range tt.steps {
				h.apply(s)
			}
			check("in memory")
			h.flush()
			check("after writing")
			h.restart()
			check("after a restart")
			for _, s := range tt.steps[max(len(tt.steps)-1, 0):] {
				h.apply(s) // an event whose acknowledgement was lost
			}
			check("after doing the last again")
		})
	}
}

func TestDistinctIDsOfAPerson(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	h.apply(step{id: "u", event: "$identify", other: "a"})
	h.flush()
	h.apply(step{id: "u", event: "$identify", other: "b"})
	h.apply(step{id: "w", event: "$merge_dangerously", other: "u"})
	h.flush()
	all, err := h.store.DistinctIDs(t.Context(), 1, cdp.PersonID(h.id("a")))
	if err != nil || !reflect.DeepEqual(all, []string{"a", "b", "u", "w"}) {
		t.Errorf("have %v, %v", all, err)
	}
}

// TestNothingNewCostsNoQuery: a person who is in memory and unchanged is
// neither read nor written.
func TestNothingNewCostsNoQuery(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	s := step{id: "u", set: `{"a":1,"$browser":"x"}`, once: `{"b":2}`}
	h.apply(s)
	h.flush()
	if h.Waiting() {
		t.Error("something waits after a flush")
	}
	reads, writes := h.store.reads.Load(), h.store.writes.Load()
	for range 1000 {
		h.apply(s)
		h.flush()
	}
	if h.store.reads.Load() != reads || h.store.writes.Load() != writes {
		t.Errorf("%d reads and %d writes", h.store.reads.Load()-reads, h.store.writes.Load()-writes)
	}
	if reads != 1 || writes != 1 {
		t.Errorf("the first cost %d reads and %d writes", reads, writes)
	}
}

// TestFailedWriteLosesNothing: what could not be written is written later, with
// what came meanwhile.
func TestFailedWriteLosesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1) // nothing stays that may go
	h.apply(step{id: "a", set: `{"a":1}`})
	h.apply(step{id: "b", event: "$identify", other: "a"})
	if _, err := h.GroupIndex(t.Context(), 1, "company"); err != nil {
		t.Fatal(err)
	}
	h.store.broken.Store(true)
	for range 3 {
		if err := h.Flush(t.Context()); err == nil || !h.Waiting() {
			t.Fatalf("written to a full disk: %v", err)
		}
	}
	h.apply(step{id: "c", event: "$merge_dangerously", other: "b", set: `{"c":1}`})
	h.store.broken.Store(false)
	h.flush()
	h.restart()
	if have := h.props("a"); have != `{"c":1,"a":1}` && have != `{"a":1,"c":1}` {
		t.Errorf("have %s", have)
	}
	if types, err := h.store.GroupTypes(t.Context(), 1); err != nil || len(types) != 1 {
		t.Errorf("types %v, %v", types, err)
	}
}

// TestSmallCache: with room for a few, thousands are right, and memory stays
// within bounds once they are written.
func TestSmallCache(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 20_000)
	const n = 2000
	for round := range 2 {
		for i := range n {
			h.apply(step{id: fmt.Sprint("u", i), set: fmt.Sprintf(`{"round%d":%d}`, round, i)})
			if i%97 == 0 {
				h.flush()
			}
		}
	}
	h.flush()
	for i := 0; i < n; i += 13 {
		if have, want := h.props(fmt.Sprint("u", i)), fmt.Sprintf(`{"round0":%d,"round1":%d}`, i, i); have != want {
			t.Fatalf("u%d has %s, want %s", i, have, want)
		}
	}
	if held := h.Held(); held > 20_000 {
		t.Errorf("%d bytes are held", held)
	}
}

func TestTooLargeIsLeftOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	h.apply(step{id: "u", set: `{"a":1}`})
	h.apply(step{id: "u", set: `{"b":"` + strings.Repeat("x", people.MaxProperties) + `"}`})
	if have := h.props("u"); have != `{"a":1}` {
		t.Errorf("%d bytes are kept", len(have))
	}
}

// TestManyAtOnce: goroutines that change and merge persons while others write,
// with a cache that is too small, end where they should.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 30_000)
	const workers, each, persons = 8, 150, 40
	stop := make(chan struct{})
	var writer, wg sync.WaitGroup
	writer.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if err := h.Flush(context.Background()); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				u := fmt.Sprint("u", (i*7+w)%persons)
				h.apply(step{id: fmt.Sprint(u, "-", w), set: fmt.Sprintf(`{"w%d":%d}`, w, i)})
				if i == each/2 {
					for p := range persons {
						h.apply(step{id: fmt.Sprint("u", p), event: "$merge_dangerously", other: fmt.Sprint("u", p, "-", w)})
					}
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	writer.Wait()
	h.flush()
	h.restart()
	for p := range persons {
		id := h.id(fmt.Sprint("u", p))
		for w := range workers {
			name := fmt.Sprint("u", p, "-", w)
			if h.id(name) != id {
				t.Fatalf("%s is not u%d", name, p)
			}
			v, err := h.Person(t.Context(), 1, name)
			if err != nil {
				t.Fatal(err)
			}
			last := -1
			for i := range each {
				if (i*7+w)%persons == p {
					last = i
				}
			}
			if have := v.Properties.Path(fmt.Sprint("w", w)); last >= 0 && have.Num() != float64(last) {
				t.Errorf("%s: w%d is %v, want %d", name, w, have.Num(), last)
			}
		}
	}
}

// TestKilledAnywhere: events are applied in order, written now and then, and the
// process dies now and then; those since the last write come again. The end is
// the same as without any of it.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		var steps []step
		for i := range 120 {
			s := step{id: fmt.Sprint("u", r.IntN(8)), set: fmt.Sprintf(`{"k%d":%d}`, r.IntN(4), i)}
			switch r.IntN(8) {
			case 0:
				s.event, s.other = "$identify", fmt.Sprint("u", r.IntN(8))
			case 1:
				s.event, s.other = "$merge_dangerously", fmt.Sprint("u", r.IntN(8))
			case 2:
				s.unset, s.set = fmt.Sprintf(`["k%d"]`, r.IntN(4)), ""
			case 3:
				s.once, s.set = s.set, ""
			}
			steps = append(steps, s)
		}
		calm, killed := newHouse(t, 0), newHouse(t, 2000)
		for _, s := range steps {
			calm.apply(s)
		}
		calm.flush()
		written := 0
		for i := 0; i < len(steps); i++ {
			killed.apply(steps[i])
			switch r.IntN(10) {
			case 0, 1:
				killed.flush()
				written = i + 1
			case 2:
				killed.restart()
				i = written - 1
			}
		}
		killed.flush()
		calm.restart()
		killed.restart()
		for u := range 8 {
			id := fmt.Sprint("u", u)
			if calm.id(id) != killed.id(id) || !sameJSON(calm.props(id), killed.props(id)) {
				t.Errorf("seed %d, %s: %s %s, without a kill %s %s", seed, id, killed.id(id), killed.props(id), calm.id(id), calm.props(id))
			}
		}
	}
}

func sameJSON(a, b string) bool {
	x, errX := vm.ParseJSONText(a)
	y, errY := vm.ParseJSONText(b)
	return errX == nil && errY == nil && reflect.DeepEqual(x.ToGo(), y.ToGo())
}

func TestGroups(t *testing.T) { // 1.12
	t.Parallel()
	h := newHouse(t, 0)
	ctx := t.Context()
	for i, kind := range []string{"company", "team", "company", "a", "b", "c", "sixth", "team"} {
		want := []int{0, 1, 0, 2, 3, 4, -1, 1}[i]
		if have, err := h.GroupIndex(ctx, 1, kind); err != nil || have != want {
			t.Errorf("%s has index %d, %v, want %d", kind, have, err, want)
		}
	}
	if have, err := h.GroupIndex(ctx, 2, "team"); err != nil || have != 0 {
		t.Errorf("another project's first type has index %d, %v", have, err)
	}
	for _, set := range []string{`{"plan":"free","n":1}`, `{"plan":"pro"}`, `{}`} {
		if err := h.UpdateGroup(ctx, 1, 0, "acme", parse(t, set), day); err != nil {
			t.Fatal(err)
		}
	}
	check := func() {
		t.Helper()
		for key, want := range map[string]string{"acme": `{"plan":"pro","n":1}`, "none": `{}`} {
			if v, err := h.Group(ctx, 1, 0, key); err != nil || string(vm.AppendJSON(nil, v)) != want {
				t.Errorf("%s has %s, %v, want %s", key, vm.AppendJSON(nil, v), err, want)
			}
		}
		if have, err := h.GroupIndex(ctx, 1, "b"); err != nil || have != 3 {
			t.Errorf("b has index %d, %v", have, err)
		}
	}
	check()
	h.flush()
	h.restart()
	check()
}

// TestGoneReader: who waits for a read that never ends stops with its context.
func TestGoneReader(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Person(ctx, 1, "u"); !errors.Is(err, context.Canceled) {
		t.Errorf("have %v", err)
	}
	if have := h.props("u"); have != "{}" {
		t.Errorf("have %s", have)
	}
}

func BenchmarkUpdateNothingNew(b *testing.B) {
	h := newHouse(b, 0)
	c := &executor.PersonChange{Project: 1, DistinctID: "u", Event: "$pageview", At: day,
		Set:     parse(b, `{"$browser":"Chrome","$browser_version":140,"$os":"Linux","$current_url":"https://example.com/","$device_type":"Desktop","$screen_width":1920,"$screen_height":1080,"email":"a@example.com"}`),
		SetOnce: parse(b, `{"$initial_browser":"Chrome","$initial_os":"Linux","$initial_current_url":"https://example.com/","$initial_device_type":"Desktop"}`)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Update(context.Background(), c); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNewPersons is a block of 1,000 events of new persons, written.
func BenchmarkNewPersons(b *testing.B) {
	h := newHouse(b, 0)
	set := parse(b, `{"$browser":"Chrome","$os":"Linux","email":"a@example.com"}`)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		for range 1000 {
			n++
			if _, err := h.Update(context.Background(), &executor.PersonChange{Project: 1, DistinctID: fmt.Sprint("u", n), Event: "a", At: day, Set: set}); err != nil {
				b.Fatal(err)
			}
		}
		if err := h.Flush(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
