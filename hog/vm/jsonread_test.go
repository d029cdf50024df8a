package vm_test

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

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

// scalars replaces lone surrogates, each by one U+FFFD.
func scalars(s string) string { return string(utf16.Decode(vm.UTF16(s))) }

// equal compares a value with what encoding/json read from the same text.
func equal(v vm.Value, x any) bool {
	switch x := x.(type) {
	case nil:
		return v.IsNull()
	case bool:
		return v.Kind() == vm.KindBool && v.Truth() == x
	case float64:
		return v.IsNumber() && math.Float64bits(v.Num()) == math.Float64bits(x)
	case string:
		return v.IsString() && scalars(v.Text()) == x
	case []any:
		same := v.IsList() && v.Len() == len(x)
		for i := 0; same && i < len(x); i++ {
			same = equal(v.At(i), x[i])
		}
		return same
	}
	m := x.(map[string]any)
	keys, vals := v.Entries()
	merged := map[string]vm.Value{} // lone surrogates become one character in Go
	for i, k := range keys {
		merged[scalars(k.Text())] = vals[i]
	}
	if !v.IsDict() || len(merged) != len(m) {
		return false
	}
	if len(merged) != len(keys) {
		return true // which of them is last is not to be told from the keys
	}
	for k, e := range m {
		if e2, ok := merged[k]; !ok || !equal(e2, e) {
			return false
		}
	}
	return true
}

// FuzzReaderLikeEncodingJSON compares what is read with encoding/json: the same
// texts are taken, with the same content, by a reader that is new and by one
// that has met the text. Only numbers that are too large differ: to the
// language they are infinite, to encoding/json an error.
func FuzzReaderLikeEncodingJSON(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,2.5e3,-0,"\u00e9\ud83d\ude00",true,null],"2":1,"1":{}}`, `{"a":1,"b":2,"a":3}`, "\"\xff\"", `"\ud800"`,
		`[0.1,123456789012345678,1e400,5e-324]`, "{\"a\\\\b\":1,\"a\\b\":2}", "{\"a\\n\":1}", "{\"a\n\":1}", ` { "k" : [ ] } `, `"`, `{"é":"é"}`,
		"{\"plain text of more than eight bytes\":\"with a tab\t\"}",
	} {
		f.Add([]byte(s), []byte(s))
		f.Add([]byte(`{"a":1,"b":{"a":2}}`), []byte(s))
	}
	f.Fuzz(func(t *testing.T, first, data []byte) {
		var r vm.JSONReader
		opt := vm.JSONOptions{Freeze: true, Depth: 9000}
		_, _ = r.Parse(first, opt)
		v, err := r.Parse(data, opt)
		if (err == nil) != json.Valid(data) {
			t.Fatalf("%q after %q: %v, but valid: %v", data, first, err, json.Valid(data))
		}
		var x any
		if err != nil || json.Unmarshal(data, &x) != nil {
			return
		}
		if !equal(v, x) {
			t.Fatalf("%q after %q: have %s, want %v", data, first, vm.Print(v), x)
		}
	})
}

// TestKeysStandForWhatIsWritten reads keys whose escapes look like other keys.
func TestKeysStandForWhatIsWritten(t *testing.T) {
	t.Parallel()
	var r vm.JSONReader
	opt := vm.JSONOptions{Freeze: true}
	for _, tt := range []struct{ text, key string }{
		{`{"a\\b":1}`, `a\b`}, {`{"a\b":1}`, "a\b"}, {`{"a\\b":1}`, `a\b`}, {`{"\n":1}`, "\n"},
	} {
		v, err := r.Parse([]byte(tt.text), opt)
		if _, ok := v.Get(tt.key); err != nil || !ok {
			t.Errorf("%s: %s, %v", tt.text, vm.Print(v), err)
		}
	}
	if v, err := r.Parse([]byte("{\"\n\":1}"), opt); err == nil {
		t.Errorf("a raw line break was read: %s", vm.Print(v))
	}
}

// TestStringsOfLongTextsAreTheirOwn reads a text beyond the length up to which
// strings share it.
func TestStringsOfLongTextsAreTheirOwn(t *testing.T) {
	t.Parallel()
	want := map[string]any{"long": strings.Repeat("x", 9000)}
	for i := range 9000 {
		want[strings.Repeat("k", i%80)+strconv.Itoa(i)] = []any{"v" + strconv.Itoa(i), float64(i)}
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var r vm.JSONReader
	for range 2 {
		v, err := r.Parse(text, vm.JSONOptions{Freeze: true})
		if err != nil || !equal(v, want) {
			t.Fatalf("%v", err)
		}
	}
}

// TestEventsAreReadAndWrittenWithFewAllocations holds what the pipeline counts
// on: six for an event of a known shape, none for writing it to a buffer.
func TestEventsAreReadAndWrittenWithFewAllocations(t *testing.T) {
	text, err := json.Marshal(map[string]any{
		"event": "$pageview", "distinct_id": "u1", "person": map[string]any{"properties": map[string]any{"email": "ada@example.com"}},
		"properties": map[string]any{"a": 1, "b": "two", "c": []any{true, nil}, "d": 1.5, "e": "", "f": 6, "g": 7, "h": 8, "i": 9, "$ip": "203.0.113.7"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var r vm.JSONReader
	var v vm.Value
	read := testing.AllocsPerRun(100, func() {
		if v, err = r.Parse(text, vm.JSONOptions{Freeze: true}); err != nil {
			t.Fatal(err)
		}
	})
	buf := make([]byte, 0, 2*len(text))
	written := testing.AllocsPerRun(100, func() { buf = vm.AppendJSON(buf[:0], v) })
	if read > 6 || written > 0 || !json.Valid(buf) {
		t.Errorf("%v allocations to read, %v to write %s", read, written, buf)
	}
}
