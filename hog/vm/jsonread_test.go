package vm_test

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"hogpen/hog/vm"
)

// document draws JSON of few keys and shapes, so that a reader meets the same
// ones again: whole, cut short, with a key more, in another order, twice.
func document(depth int) *rapid.Generator[string] {
	key := rapid.SampledFrom([]string{"a", "b", "properties", "é", `\n`, ""})
	leaf := rapid.SampledFrom([]string{"1", "-2.5", "0.1", "1e3", "123456789012345678", "3.141592653589793", `"x"`, `"\u00e9"`, "true", "null", "[]", "{}"})
	if depth == 0 {
		return leaf
	}
	value := document(depth - 1)
	return rapid.Custom(func(t *rapid.T) string {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			n := rapid.IntRange(0, 12).Draw(t, "keys")
			s := "{"
			for i := range n {
				if i > 0 {
					s += ","
				}
				s += `"` + key.Draw(t, "key") + strconv.Itoa(rapid.IntRange(0, 2).Draw(t, "number")) + `": ` + value.Draw(t, "value")
			}
			return s + "}"
		case 1:
			return "[" + value.Draw(t, "first") + "," + value.Draw(t, "second") + "]"
		}
		return leaf.Draw(t, "leaf")
	})
}

// TestReaderForgetsNothing reads documents one after another with one reader,
// which predicts keys and shares shapes, and each with a new one.
func TestReaderForgetsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var r vm.JSONReader
		var read []vm.Value
		var want []string
		texts := rapid.SliceOfN(document(3), 1, 6).Draw(t, "texts")
		for _, text := range append(texts, texts...) {
			freeze := rapid.Bool().Draw(t, "freeze")
			v, err := r.Parse([]byte(text), vm.JSONOptions{Freeze: freeze})
			fresh, err2 := vm.ParseJSON([]byte(text), vm.JSONOptions{})
			if err != nil || err2 != nil {
				t.Fatalf("%s: %v, %v", text, err, err2)
			}
			if have, want := string(vm.AppendJSON(nil, v)), string(vm.AppendJSON(nil, fresh)); have != want {
				t.Fatalf("%s\nhave %s\nwant %s", text, have, want)
			}
			read, want = append(read, v), append(want, string(vm.AppendJSON(nil, fresh)))
		}
		// What was read later has not changed what was read before.
		for i, v := range read {
			if have := string(vm.AppendJSON(nil, v)); have != want[i] {
				t.Fatalf("later %s became %s", want[i], have)
			}
		}
	})
}

func TestReaderIsExactAboutNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := strconv.FormatFloat(rapid.Float64Range(-1e6, 1e6).Draw(t, "number"), 'f', rapid.IntRange(0, 17).Draw(t, "digits"), 64)
		want, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		v, err := vm.ParseJSON([]byte(text), vm.JSONOptions{})
		if err != nil || math.Float64bits(v.Num()) != math.Float64bits(want) {
			t.Fatalf("%s: have %v, %v; want %v", text, v.Num(), err, want)
		}
	})
}

// FuzzReaderAgain reads any two texts with one reader: the second as if it
// were the first.
func FuzzReaderAgain(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":{"a":2}}`), []byte(`{"a":1,"b":{"a":2,"c":3}}`))
	f.Add([]byte(`{"a":{"x":1}}`), []byte(`{"a":{"x":1,"x":2}}`))
	f.Add([]byte(`{"a":{"x":1,"y":2}}`), []byte(`{"a":{"x":1}}`))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var r vm.JSONReader
		opt := vm.JSONOptions{Freeze: true, Depth: 100}
		_, _ = r.Parse(first, opt)
		_, _ = r.Parse(first, opt)
		v, err := r.Parse(second, opt)
		fresh, err2 := vm.ParseJSON(second, opt)
		if (err == nil) != (err2 == nil) || err == nil && !json.Valid(second) {
			t.Fatalf("%q after %q: %v, alone %v", second, first, err, err2)
		}
		if err != nil {
			if err.Error() != err2.Error() {
				t.Fatalf("%q: %v, alone %v", second, err, err2)
			}
			return
		}
		if have, want := string(vm.AppendJSON(nil, v)), string(vm.AppendJSON(nil, fresh)); have != want {
			t.Fatalf("%q after %q: %s, alone %s", second, first, have, want)
		}
	})
}
