package engine_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hogpen/cdp"
	"hogpen/db"
	"hogpen/db/dbtest"
	"hogpen/engine"
	"hogpen/engine/people"
	"hogpen/hog/vm"
)

func withPeople(t *testing.T, store people.Store) func(*engine.Config) {
	t.Helper()
	p, err := people.New(people.Config{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	return func(c *engine.Config) { c.People = p }
}

// TestProgramsSeeStoredPersons: what earlier events said, with this one's own
// $set over it, and nothing of personless events (1.11, 2.1).
func TestProgramsSeeStoredPersons(t *testing.T) {
	t.Parallel()
	h := newHouse(t, withPeople(t, dbtest.Open(t)))
	h.put(h.function("hook", cdp.Destination, `fetch(f'{inputs.url}', {'method': 'POST', 'body': {'name': person.name, 'p': person.properties, 'g': groups, 'e': event.properties}})`))
	h.put(h.function("filtered", cdp.Destination, `fetch(f'{inputs.url}', {'method': 'POST', 'body': {'filtered': event.event}})`), func(f *cdp.Function) {
		f.Filters.Bytecode = condition(t, "person.properties.plan = 'pro' and group_0.properties.size = 7 and $group_0 = 'acme'")
	})
	h.put(h.function("named", cdp.Destination, `print(groups.company.id)`), only("both"), func(f *cdp.Function) {
		f.Filters.Bytecode = condition(t, "company.properties.size = 7")
	})
	h.start()
	for i, step := range []struct{ name, props, want string }{
		{"a", `{"$set":{"email":"ada@example.com"},"$set_once":{"first":1}}`, `{"name":"ada@example.com","p":{"first":1,"email":"ada@example.com"},"g":{},"e":{"$set":{"email":"ada@example.com"},"$set_once":{"first":1}}}`},
		{"b", `{"x":1}`, `{"name":"ada@example.com","p":{"first":1,"email":"ada@example.com"},"g":{},"e":{"x":1}}`},
		{"b", `{"$set":{"$browser":"B"}}`, `{"name":"ada@example.com","p":{"first":1,"email":"ada@example.com","$browser":"B"},"g":{},"e":{"$set":{"$browser":"B"}}}`},
		{"c", `{"$process_person_profile":false,"$set":{"plan":"no"}}`, `{"name":"u1","p":{},"g":{},"e":{"$process_person_profile":false}}`},
		{"$groupidentify", `{"$group_type":"company","$group_key":"acme","$group_set":{"size":7}}`,
			`{"name":"ada@example.com","p":{"first":1,"email":"ada@example.com"},"g":{},"e":{"$group_type":"company","$group_key":"acme","$group_set":{"size":7}}}`},
		{"d", `{"$groups":{"company":"acme","team":"red","bad":5}}`,
			`{"name":"ada@example.com","p":{"first":1,"email":"ada@example.com"},"g":{"company":{"id":"acme","type":"company","index":0,"properties":{"size":7},"url":"https://hog.example.com/project/1/groups/0/acme"},` +
				`"team":{"id":"red","type":"team","index":1,"properties":{},"url":"https://hog.example.com/project/1/groups/1/red"}},` +
				`"e":{"$groups":{"company":"acme","team":"red","bad":5},"$group_0":"acme","$group_1":"red"}}`},
		{"e", `{"$unset":["email","first"],"$set":{"plan":"pro"}}`, `{"name":"u1","p":{"plan":"pro"},"g":{},"e":{"$unset":["email","first"],"$set":{"plan":"pro"}}}`},
		{"$exception", `{"$set":{"plan":"none"}}`, `{"name":"u1","p":{"plan":"none"},"g":{},"e":{"$set":{"plan":"none"}}}`},
		{"f", `{}`, `{"name":"u1","p":{"plan":"pro"},"g":{},"e":{}}`},
	} {
		h.capture(step.name, step.props)
		h.eventually("request "+step.name, func() bool { return len(h.sink.caught()) == i+1 })
		if got := h.sink.caught()[i]; got != step.want {
			t.Errorf("%s %s gives\n\t%s\nwant\n\t%s", step.name, step.props, got, step.want)
		}
	}
	h.capture("both", `{"$groups":{"company":"acme"}}`)
	h.wantMetrics("filtered", "fetch 1, filtered 9, succeeded 1, triggered 1")
	h.eventually("the filter that names a type matches", func() bool { return strings.Contains(h.logs("named"), "info acme\n") })
}

// TestProjectWithoutFunctionsKeepsPersons, so that the first function meets them.
func TestProjectWithoutFunctionsKeepsPersons(t *testing.T) {
	t.Parallel()
	store := dbtest.Open(t)
	h := newHouse(t, withPeople(t, store)).start()
	ev := h.capture("a", `{"$set":{"email":"ada@example.com"}}`)
	h.eventually("the person is stored", func() bool {
		p, found, err := store.PersonOf(t.Context(), 1, "u1", "8e7c6b2e-0000-5000-8000-000000000000")
		return err == nil && !found && p.ID != "" || found
	})
	h.eventually("the event is recorded", func() bool { _, ok := h.event(ev.UUID); return ok })
	view, err := freshPeople(t, store).Person(t.Context(), 1, "u1")
	if err != nil || string(vm.AppendJSON(nil, view.Properties)) != `{"email":"ada@example.com"}` {
		t.Errorf("have %s, %v", vm.AppendJSON(nil, view.Properties), err)
	}
}

func freshPeople(t *testing.T, store people.Store) *people.People {
	t.Helper()
	p, err := people.New(people.Config{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// moody is a store that cannot be read or written for a while.
type moody struct {
	*db.Store
	sulks atomic.Int64
}

var errMood = errors.New("not now")

func (m *moody) PersonOf(ctx context.Context, p cdp.ProjectID, d string, id cdp.PersonID) (cdp.Person, bool, error) {
	if m.sulks.Add(-1) >= 0 {
		return cdp.Person{}, false, errMood
	}
	return m.Store.PersonOf(ctx, p, d, id)
}

func (m *moody) KeepPeople(ctx context.Context, b *cdp.PeopleBlock) error {
	if m.sulks.Add(-1) >= 0 {
		return errMood
	}
	return m.Store.KeepPeople(ctx, b)
}

// TestPeopleThatCannotBeReadComeBack: the event waits until they can, and is
// delivered as if nothing had been.
func TestPeopleThatCannotBeReadComeBack(t *testing.T) {
	t.Parallel()
	store := &moody{Store: dbtest.Open(t)}
	store.sulks.Store(4)
	h := newHouse(t, withPeople(t, store))
	h.put(h.function("hook", cdp.Destination, `fetch(inputs.url, {'method': 'POST', 'body': person.properties})`))
	h.start()
	h.capture("a", `{"$set":{"n":1}}`)
	h.capture("b", `{}`)
	h.eventually("both are delivered", func() bool { return len(h.sink.caught()) >= 2 })
	for _, got := range h.sink.caught() {
		if got != `{"n":1}` {
			t.Errorf("caught %s", got)
		}
	}
	if left := store.sulks.Load(); left >= 0 {
		t.Errorf("%d faults were not met", left)
	}
}

func updates(f *cdp.Function) { f.Filters.Source = cdp.SourcePersonUpdates }

// TestPersonUpdates: a function that waits for changes of persons runs once for
// changes that come together, with the person as it is then (2.2, 12.3).
func TestPersonUpdates(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *engine.Config) {
		withPeople(t, dbtest.Open(t))(c)
		c.PersonPause = 300 * time.Millisecond
	})
	h.put(h.function("changed", cdp.Destination, `fetch(inputs.url, {'method': 'POST', 'body': {'event': event.event, 'who': event.distinct_id = person.id, 'p': event.properties,
		'url': event.url = person.url and person.url = f'{project.url}/person/{person.id}', 'person': person.properties}})`), updates)
	h.put(h.function("paid", cdp.Destination, `print(event.uuid)`), updates, func(f *cdp.Function) {
		f.Filters.Bytecode = condition(t, "event = '$person_updated' and person.properties.plan = 'paid'")
	})
	h.put(h.function("other", cdp.Destination, `print(1)`))
	h.start()
	h.capture("a", `{"$set":{"plan":"free","n":1}}`)
	h.capture("b", `{"$set":{"n":2}}`)
	h.capture("c", `{"$set":{"n":2}}`)
	h.capture("d", `{}`)
	h.eventually("the first changes are told", func() bool { return len(h.sink.caught()) == 1 })
	h.wantMetrics("other", "succeeded 4, triggered 4")
	h.capture("e", `{"$set":{"n":2}}`) // nothing new
	h.capture("f", `{"$unset":["n"],"$set":{"plan":"paid"}}`)
	h.eventually("the next is told", func() bool { return len(h.sink.caught()) == 2 })
	h.wantMetrics("changed", "fetch 2, succeeded 2, triggered 2")
	h.wantMetrics("paid", "filtered 1, succeeded 1, triggered 1")
	for i, want := range []string{
		`{"event":"$person_updated","who":true,"p":{},"url":true,"person":{"plan":"free","n":2}}`,
		`{"event":"$person_updated","who":true,"p":{},"url":true,"person":{"plan":"paid"}}`,
	} {
		if got := h.sink.caught()[i]; got != want {
			t.Errorf("caught %s, want %s", got, want)
		}
	}
}
