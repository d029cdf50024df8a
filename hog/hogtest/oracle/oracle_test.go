package oracle_test

import (
	"testing"

	"hogpen/hog/hogtest/oracle"
)

const dir = "../../testdata/oracle"

// TestReplay draws the cases of the record again and holds Hogpen against the
// answers that PostHog's packages gave to them.
func TestReplay(t *testing.T) {
	t.Parallel()
	for _, k := range oracle.Kinds {
		t.Run(string(k.Kind), func(t *testing.T) {
			t.Parallel()
			rec, err := oracle.Read(dir, k.Kind)
			if err != nil {
				t.Fatal(err)
			}
			sources := oracle.Draw(k.Kind, oracle.Seed, k.Count)
			if rec.Sum != oracle.Sum(sources) || len(rec.Answers) != k.Count {
				t.Fatal("the record is of other cases than are drawn now: make oracle")
			}
			r := oracle.Compare(k.Kind, sources, rec.Answers)
			for _, c := range r.Unknown[:min(5, len(r.Unknown))] {
				t.Error(c)
			}
			for _, name := range r.Vanished() {
				t.Errorf("no case differs any more by %q: take the row out of Known", name)
			}
			if r.Same*10 < r.Compared*7 {
				t.Errorf("only %d of %d are the same", r.Same, r.Compared)
			}
		})
	}
}

// TestReplayScripts replays the answers to the golden scripts.
func TestReplayScripts(t *testing.T) {
	t.Parallel()
	scripts, err := oracle.ReadScripts(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range oracle.CompareScripts(scripts) {
		t.Errorf("script %s: %s", scripts[c.Index].Name, c)
	}
	ran := 0
	for i := range scripts {
		if scripts[i].Run != "" {
			ran++
		}
		scripts[i].Tree = ""
	}
	if len(scripts) < 15 || ran < 12 {
		t.Errorf("the record has %d scripts, %d of them run", len(scripts), ran)
	}
	if differ := oracle.CompareScripts(scripts); len(differ) < len(scripts) {
		t.Errorf("only %d of %d empty trees are noticed", len(differ), len(scripts))
	}
}

// TestNotBlind changes one answer of each kind: a comparison that says nothing
// then would prove nothing.
func TestNotBlind(t *testing.T) {
	t.Parallel()
	for _, k := range oracle.Kinds {
		sources := oracle.Draw(k.Kind, oracle.Seed, 20)
		answers := make([]string, len(sources))
		if r := oracle.Compare(k.Kind, sources, answers); len(r.Unknown) == 0 {
			t.Errorf("%s: empty answers pass", k.Kind)
		}
	}
}

func TestTheirs(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`{"node":"Program","declarations":[{"node":"ExprStatement","expr":{"node":"Constant","value":1.0}}]}`: `Program{declarations:[ExprStatement{expr:Constant{1.0}}]}`,
		`{"node":"Constant","value":"Infinity","value_type":"number"}`:                                        `Constant{inf}`,
		`{"node":"Call","name":"f","args":[],"distinct":true,"params":null}`:                                  `Call{args:[] name:"f"}`,
		`{"error":true,"type":"SyntaxError"}`:                                                                 oracle.Refused,
		`{"node":"TupleAccess","tuple":{"node":"Field","chain":["a"]},"index":1,"nullish":true}`:              `TupleAccess{index:1 nullish:true tuple:Field{chain:["a"]}}`,
	} {
		if have, err := oracle.Theirs([]byte(answer)); err != nil || have != want {
			t.Errorf("%s: have %s, %v; want %s", answer, have, err, want)
		}
	}
	if _, err := oracle.Theirs([]byte(`{`)); err == nil {
		t.Error("broken JSON was read")
	}
}
