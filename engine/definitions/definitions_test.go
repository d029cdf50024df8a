package definitions_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"hogpen/cdp"
	"hogpen/db"
	"hogpen/db/dbtest"
	"hogpen/engine/definitions"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// bench is a collector over a real database.
type bench struct {
	testing.TB
	*definitions.Collector
	store   *db.Store
	project cdp.ProjectID
	n       int
}

func setup(t testing.TB) *bench {
	t.Helper()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	return &bench{TB: t, store: s, project: p.ID, Collector: definitions.New(s, s, slog.New(slog.DiscardHandler))}
}

func (b *bench) event(name, properties string) cdp.Event {
	b.n++
	return cdp.Event{Project: b.project, UUID: fmt.Sprintf("018f0000-0000-7000-8000-%012d", b.n), Name: name, DistinctID: "d",
		Timestamp: now, ReceivedAt: now, Properties: json.RawMessage(properties)}
}

func (b *bench) pass(events ...cdp.Event) {
	b.Helper()
	if err := b.Record(context.Background(), cdp.Batch{Events: events}); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) flush() {
	b.Helper()
	if err := b.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// properties are those of a kind with their types, by name.
func (b *bench) properties(q cdp.PropertyDefinitionQuery) string {
	b.Helper()
	q.Project = b.project
	found, n, err := b.store.PropertyDefinitions(context.Background(), q)
	if err != nil {
		b.Fatal(err)
	}
	if n != len(found) {
		b.Errorf("%d were counted, %d listed", n, len(found))
	}
	var out []string
	for _, p := range found {
		text := p.Name + ":" + p.Type
		if p.GroupIndex >= 0 {
			text += fmt.Sprintf("@%d%s", p.GroupIndex, p.GroupType)
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func (b *bench) names() (names string, last []time.Time) {
	b.Helper()
	found, _, err := b.store.EventDefinitions(context.Background(), cdp.EventDefinitionQuery{Project: b.project, Order: "name"})
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range found {
		names += e.Name + " "
		last = append(last, e.LastSeenAt)
	}
	return strings.TrimSpace(names), last
}

func TestLearnsWhatEventsHold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.pass(
		b.event("bought", `{"price":3.5,"gift":true,"on":"2026-01-02T03:04:05Z","what":"book","text":"true","tags":[],"nothing":null,"$group_0":"acme","$groups":{},"$set":{"email":"a@example.com","age":3},"$set_once":{"first":"2026-01-02"},"utm_source":7,"$feature/beta":true}`),
		b.event("$groupidentify", `{"$group_type":"company","$group_key":"acme","$group_set":{"seats":5}}`),
		b.event("$groupidentify", `{"$group_type":"team","$group_key":"x","$group_set":{"size":1}}`),
		b.event("odd", `[]`), b.event("odder", ``), b.event("bad", `{"a":`),
	)
	b.flush()
	if names, _ := b.names(); names != "$groupidentify bad bought odd odder" {
		t.Errorf("names %s", names)
	}
	for kind, want := range map[string]string{
		"event":  "$feature/beta:String $group_key:String $group_type:String gift:Boolean nothing: on:DateTime price:Numeric tags: text:String utm_source:String what:String",
		"person": "age:Numeric email:String first:DateTime", "group": "seats:Numeric@0company size:Numeric@1team",
	} {
		if have := b.properties(cdp.PropertyDefinitionQuery{Kind: kind}); have != want {
			t.Errorf("%s: %s\nwant %s", kind, have, want)
		}
	}
	if have := b.properties(cdp.PropertyDefinitionQuery{Events: []string{"bought"}, OnlyEvents: true, Search: "pr"}); have != "price:Numeric" {
		t.Errorf("of bought: %s", have)
	}
	// A type that was unknown is learnt, one that was known stays.
	b.pass(b.event("bought", `{"nothing":1,"price":"none"}`))
	b.flush()
	if have := b.properties(cdp.PropertyDefinitionQuery{Names: []string{"nothing", "price"}}); have != "nothing:Numeric price:Numeric" {
		t.Errorf("later: %s", have)
	}
	for name, want := range map[string]bool{"gift": true, "text": false, "none": false} {
		if have, err := b.store.BooleanProperty(t.Context(), b.project, "event", name); err != nil || have != want {
			t.Errorf("%s is boolean: %t %v", name, have, err)
		}
	}
}

// A new process goes on from what is stored: numbers of groups, ids, times.
func TestGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.pass(b.event("a", `{"x":1}`), b.event("$groupidentify", `{"$group_type":"company","$group_set":{"seats":5}}`))
	b.flush()
	before, _, err := b.store.EventDefinitions(t.Context(), cdp.EventDefinitionQuery{Project: b.project, Search: "a"})
	if err != nil {
		t.Fatal(err)
	}
	b.Collector = definitions.New(b.store, b.store, slog.New(slog.DiscardHandler))
	late := b.event("a", `{"x":1,"y":2}`)
	late.ReceivedAt = now.Add(time.Hour)
	early := b.event("a", `{}`)
	early.ReceivedAt = now.Add(-time.Hour)
	b.pass(late, early, b.event("$groupidentify", `{"$group_type":"team","$group_set":{"size":5}}`))
	b.flush()
	after, _, err := b.store.EventDefinitions(t.Context(), cdp.EventDefinitionQuery{Project: b.project, Search: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if after[0].ID != before[0].ID || !after[0].CreatedAt.Equal(now) || !after[0].LastSeenAt.Equal(now.Add(time.Hour)) {
		t.Errorf("%+v became %+v", before[0], after[0])
	}
	if have := b.properties(cdp.PropertyDefinitionQuery{Kind: "group"}); have != "seats:Numeric@0company size:Numeric@1team" {
		t.Errorf("groups %s", have)
	}
}

// What is remembered of a project is bounded.
func TestBounds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const names, properties, pairs = 300, 2500, 4000
	b.Limit(names, properties, pairs)
	var events []cdp.Event
	for i := range names + 50 {
		events = append(events, b.event(fmt.Sprintf("event %d", i), `{}`))
	}
	var wide []string
	for i := range properties + 50 {
		wide = append(wide, fmt.Sprintf(`"p%d":1`, i))
	}
	events = append(events, b.event("event 1", "{"+strings.Join(wide, ",")+"}"))
	for i := range 10 {
		events = append(events, b.event(fmt.Sprintf("event %d", i), "{"+strings.Join(wide, ",")+"}"))
	}
	events = append(events, b.event("", `{}`), b.event("a\x00b", `{}`), b.event(strings.Repeat("é", 201), `{}`), b.event("\xff", `{"\u0000":1}`))
	b.pass(events...)
	b.flush()
	seen, err := b.store.Seen(t.Context(), b.project)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.Events) != names || len(seen.Properties) != properties || len(seen.Pairs) != pairs {
		t.Errorf("%d events, %d properties, %d pairs", len(seen.Events), len(seen.Properties), len(seen.Pairs))
	}
}

// broken fails as often as it is told to.
type broken struct {
	*db.Store
	records, seens int
}

func (f *broken) Record(ctx context.Context, b cdp.Batch) error {
	if f.records--; f.records >= 0 {
		return errors.New("disk full")
	}
	return f.Store.Record(ctx, b)
}

func (f *broken) RecordSeen(ctx context.Context, all []cdp.Seen) error {
	if f.seens--; f.seens >= 0 {
		return errors.New("disk full")
	}
	return f.Store.RecordSeen(ctx, all)
}

func TestFaultsLoseNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	store := &broken{Store: b.store, records: 1, seens: 1}
	c := definitions.New(store, store, slog.New(slog.DiscardHandler))
	batch := cdp.Batch{Events: []cdp.Event{b.event("a", `{"x":1}`)}}
	if err := c.Record(t.Context(), batch); err == nil {
		t.Error("the recorder's fault was hidden")
	}
	if err := c.Flush(t.Context()); err != nil {
		t.Errorf("there was nothing to write: %v", err)
	}
	if err := c.Record(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if err := c.Flush(t.Context()); err == nil {
		t.Error("a fault was hidden")
	}
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if names, _ := b.names(); names != "a" || b.properties(cdp.PropertyDefinitionQuery{}) != "x:Numeric" {
		t.Errorf("%s, %s", names, b.properties(cdp.PropertyDefinitionQuery{}))
	}
}

// nowhere records nothing.
type nowhere struct{}

func (nowhere) Record(context.Context, cdp.Batch) error { return nil }

// One batch of a busy moment: names known, a sample read.
func BenchmarkRecord(b *testing.B) {
	s := setup(b)
	c := definitions.New(nowhere{}, s.store, slog.New(slog.DiscardHandler))
	var events []cdp.Event
	for i := range 3000 {
		events = append(events, s.event(fmt.Sprintf("event %d", i%20), `{"$browser":"Firefox","$current_url":"https://example.com/a/b","price":12.5,"items":[{"id":1},{"id":2}],"$lib":"web","token":"phc_x","$set":{"email":"a@example.com"},"gift":true,"title":"A title of some length","$ip":"127.0.0.1"}`))
	}
	batch := cdp.Batch{Events: events}
	for b.Loop() {
		if err := c.Record(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
}

// Whatever properties are, they are read or left.
func FuzzLearn(f *testing.F) {
	for _, s := range []string{`{"a":1,"$set":{"b":true},"$set_once":[]}`, `{"$group_type":"x","$group_set":{"y":"2026-01-01"}}`, `{"\ud800":1,"":2}`, `[`, `{"a":{"b":`} {
		f.Add("$groupidentify", s)
	}
	b := setup(f)
	f.Fuzz(func(t *testing.T, name, properties string) {
		c := definitions.New(nowhere{}, b.store, slog.New(slog.DiscardHandler))
		if err := c.Record(t.Context(), cdp.Batch{Events: []cdp.Event{b.event(name, properties)}}); err != nil {
			t.Fatal(err)
		}
		if err := c.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}
