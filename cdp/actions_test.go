package cdp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"hogpen/cdp"
)

// withActions makes the bundle's functions look actions up.
func (b *bundle) withActions() *cdp.Actions {
	b.fns.Actions, b.fns.Cohorts = b.store, b.store
	return &cdp.Actions{Store: b.store, Functions: b.fns}
}

func stepsOf(event string) cdp.ActionChange {
	return cdp.ActionChange{Steps: raw(`[{"event":"` + event + `"}]`)}
}

func naming(id int64) json.RawMessage {
	return raw(fmt.Sprintf(`{"actions":[{"id":"%d","type":"actions"}]}`, id))
}

// late is a store in which something else happens between the compiling of a
// function and its storing, if it can.
type late struct {
	cdp.FunctionStore
	meanwhile func()
}

func (s *late) UpdateFunction(ctx context.Context, f *cdp.Function, base int) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.meanwhile()
	}()
	select {
	case <-done:
	case <-time.After(50 * time.Millisecond): // it waits for us, as it should
	}
	return s.FunctionStore.UpdateFunction(ctx, f, base)
}

// An action that changes while a function is being saved waits until the
// function is stored, and then reaches it.
func TestActionChangesWhileAFunctionIsSaved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fns.Now, b.fns.Changed = nil, nil
	actions := b.withActions()
	a, err := actions.Create(b.ctx, b.user, b.project, stepsOf("before"))
	if err != nil {
		t.Fatal(err)
	}
	c := minimal()
	c.Filters = naming(a.ID)
	f := b.create(c)
	var change sync.WaitGroup
	change.Add(1)
	b.fns.Store = &late{b.store, func() {
		defer change.Done()
		if _, err := actions.Update(b.ctx, b.user, b.project, a.ID, stepsOf("after")); err != nil {
			t.Error(err)
		}
	}}
	b.update(f.ID, cdp.FunctionChange{Filters: naming(a.ID)})
	change.Wait()
	got, err := b.store.Function(b.ctx, b.project, f.ID)
	if err != nil {
		t.Fatal(err)
	}
	if want := `["_H",1,32,"after",32,"event",1,1,11]`; string(got.Filters.Bytecode) != want {
		t.Errorf("compiled to %s, want %s", got.Filters.Bytecode, want)
	}
}

// stuck is a store that cannot store filters.
type stuck struct {
	cdp.FunctionStore
	on bool
}

func (s *stuck) SaveFilters(ctx context.Context, fs []*cdp.Function) error {
	if s.on {
		return errors.New("disk full")
	}
	return s.FunctionStore.SaveFilters(ctx, fs)
}

// A change stands even if what hangs on it cannot be stored now; that is done
// later, and by the next change as well.
func TestFiltersThatCouldNotBeStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var out strings.Builder
	s := &stuck{FunctionStore: b.store}
	b.fns.Store, b.fns.Log = s, slog.New(slog.NewTextHandler(&out, nil))
	actions := b.withActions()
	a, err := actions.Create(b.ctx, b.user, b.project, stepsOf("one"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := actions.Create(b.ctx, b.user, b.project, stepsOf("other"))
	if err != nil {
		t.Fatal(err)
	}
	c := minimal()
	c.Filters = naming(a.ID)
	f := b.create(c)
	compiled := func(event string) {
		t.Helper()
		got, err := b.store.Function(b.ctx, b.project, f.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(got.Filters.Bytecode), `"`+event+`"`) {
			t.Errorf("compiled to %s, want %s", got.Filters.Bytecode, event)
		}
	}
	change := func(id int64, event string) {
		t.Helper()
		if _, err := actions.Update(b.ctx, b.user, b.project, id, stepsOf(event)); err != nil {
			t.Error(err)
		}
	}
	s.on = true
	change(a.ID, "two")
	compiled("one")
	if !strings.Contains(out.String(), "disk full") {
		t.Errorf("the log says %s", &out)
	}
	if err := b.fns.RecompileDue(b.ctx); err == nil {
		t.Error("what is due was done with a full disk")
	}
	s.on = false
	change(other.ID, "another") // the mark says that more is due than what hangs on it
	compiled("two")
	s.on = true
	change(a.ID, "three")
	s.on = false
	if err := b.fns.RecompileDue(b.ctx); err != nil {
		t.Error(err)
	}
	compiled("three")
	if due, err := b.store.MarkedFilters(b.ctx); err != nil || len(due) != 0 {
		t.Errorf("still due: %v %v", due, err)
	}
}
