package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hogpen/cdp"
	"hogpen/engine"
	"hogpen/engine/executor"
)

// What stands after many saves is what the functions give when they are
// arranged at once.
func TestSavesOneByOneArrangeTheSame(t *testing.T) {
	t.Parallel()
	x, err := executor.New(executor.Config{Fetch: newNoFetch(), Sealer: noLock{}})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(22) {
		r := rand.New(rand.NewPCG(seed, 0))
		var saves []engine.Save
		length, ids := 60, 12
		if seed >= 20 { // lists of many parts
			length, ids = 4000, 1500
		}
		for version := range length {
			id := cdp.FunctionID(fmt.Sprintf("f%02d", r.IntN(ids)))
			s := engine.Save{ID: id}
			if r.IntN(4) > 0 {
				if s.Function, err = x.Compile(anyFunction(r, id, version)); err != nil {
					t.Fatal(err)
				}
			}
			saves = append(saves, s)
		}
		stepwise, atOnce := engine.Arranged(saves)
		if d := cmp.Diff(atOnce, stepwise); d != "" {
			t.Fatalf("seed %d: %s", seed, d)
		}
	}
}

// A map of functions holds what a plain one would, and one that was left
// behind holds what it held, through saves and removals of thousands.
func TestFunctionMap(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var saves []engine.Save
	var want []map[cdp.FunctionID]*executor.Function
	plain := map[cdp.FunctionID]*executor.Function{}
	const every = 500
	for i := range 8 * every {
		s := engine.Save{ID: cdp.FunctionID(fmt.Sprintf("f%d", r.IntN(3000)))}
		if r.IntN(3) > 0 {
			s.Function = &executor.Function{Function: &cdp.Function{ID: s.ID, Version: i}}
			plain[s.ID] = s.Function
		} else {
			delete(plain, s.ID)
		}
		saves = append(saves, s)
		if (i+1)%every == 0 {
			want = append(want, maps.Clone(plain))
		}
	}
	for i, have := range engine.MapsAfter(saves, every) {
		if !maps.Equal(have, want[i]) {
			t.Errorf("after %d saves: %d functions, want %d", (i+1)*every, len(have), len(want[i]))
		}
	}
}

// anyFunction is a function of some type and for some events.
func anyFunction(r *rand.Rand, id cdp.FunctionID, version int) *cdp.Function {
	f := &cdp.Function{ID: id, Project: 1, Type: cdp.Destination, Enabled: true, Version: version, Bytecode: json.RawMessage(`["_H",1,29,38]`),
		Filters: cdp.Filters{Source: "events", Bytecode: json.RawMessage(`["_H",1,29]`)}}
	switch r.IntN(5) {
	case 0:
		f.Type = cdp.Transformation
		if order := r.IntN(4); order > 0 {
			f.ExecutionOrder = &order
		}
	case 1: // any event
	case 2:
		f.Filters.Source = "person-updates"
	case 3:
		f.Filters.Bytecode = named("a")
	default:
		f.Filters.Bytecode = json.RawMessage(`["_H",1,32,"` + []string{"a", "b", "c"}[r.IntN(3)] + `",32,"event",1,1,11,32,"d",32,"event",1,1,11,4,2]`)
	}
	return f
}

func named(event string) json.RawMessage {
	return json.RawMessage(`["_H",1,32,"` + event + `",32,"event",1,1,11]`)
}
