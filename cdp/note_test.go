package cdp_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"hogpen/cdp"
)

// Changes that many make at the same moment are all stored, each with the entry
// that tells of it, and whoever listens hears of each once.
func TestChangesAtOnceHaveAnEntryEach(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fns.Now, b.fns.Changed = nil, nil
	var mu sync.Mutex
	heard := map[string]int{}
	f, g := b.create(minimal()), b.create(minimal())
	b.fns.Logged = func(_ context.Context, a cdp.Activity) {
		mu.Lock()
		defer mu.Unlock()
		heard[a.ID]++
	}
	const people, times = 6, 4
	var wg sync.WaitGroup
	for who := range people {
		id := []cdp.FunctionID{f.ID, g.ID}[who%2]
		wg.Go(func() {
			for i := range times {
				change := cdp.FunctionChange{Name: cdp.Some(fmt.Sprintf("%d by %d", i, who)), Hog: cdp.Some(fmt.Sprintf("print(%d, %d)", i, who))}
				if _, err := b.fns.Update(b.ctx, b.user, b.project, id, change); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	entries, err := b.store.Activities(b.ctx, cdp.ActivityQuery{Project: b.project, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, e := range entries {
		if e.Activity != "updated" {
			continue
		}
		told[e.ItemID+string(e.Detail)] = true
		if heard[e.ID] != 1 || !strings.Contains(string(e.Detail), `"field":"hog"`) {
			t.Errorf("entry %s was heard %d times and tells %s", e.ID, heard[e.ID], e.Detail)
		}
	}
	if len(told) != people*times || len(heard) != people*times {
		t.Errorf("%d changes: %d entries, %d heard", people*times, len(told), len(heard))
	}
	for _, id := range []cdp.FunctionID{f.ID, g.ID} {
		have, err := b.store.Function(b.ctx, b.project, id)
		if err != nil {
			t.Fatal(err)
		}
		if want := 1 + people/2*times; have.Version != want {
			t.Errorf("version %d, want %d", have.Version, want)
		}
	}
}
