package vm_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"hogpen/hog/vm"
)

func TestReadingAGlobalGivesACopy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ src, want string }{
		{`let a := event.props; a.x := 2; return [a.x, event.props.x]`, `[2, 1]`},
		{`let a := event.props; let b := a; a.x := 2; return [b.x, event.props.x]`, `[2, 1]`},
		{`let a := event.props; a.l[2].a := 3; let l := a.l; return [l[2].a, event.props.l[2].a]`, `[3, 2]`},
		{`let l := event.props.l; let m := arrayPushBack(l, 3); m[2].a := 4; return [l[2].a, event.props.l[2].a]`, `[4, 2]`},
		{`let e := event; e.props.l[1] := 'x'; return [e.props.l, event.props.l]`, `[['x', {'a': 2}], [1, {'a': 2}]]`},
	} {
		for _, b := range backends {
			g := props()
			before := vm.Print(g)
			_, r, err := run(t, load(t, tt.src, b.opt), g, vm.Budget{})
			if have := vm.Print(r.Value); err != nil || have != tt.want {
				t.Errorf("%s: %s = %s, %v, want %s", b.name, tt.src, have, err, tt.want)
			}
			if vm.Print(g) != before {
				t.Errorf("%s: %s changed the globals to %s", b.name, tt.src, vm.Print(g))
			}
		}
	}
}

func TestNumbersAsText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		f    float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "0"}, {1.5, "1.5"}, {1e21, "1e+21"}, {123456789012345680000, "123456789012345680000"},
		{1e-6, "0.000001"}, {1e-7, "1e-7"}, {1.5e-10, "1.5e-10"}, {1e100, "1e+100"}, {5e-324, "5e-324"},
		{math.Inf(-1), "-Infinity"}, {math.NaN(), "NaN"}, {-7, "-7"}, {1 << 53, "9007199254740992"},
	} {
		if have := vm.NumberText(tt.f); have != tt.want {
			t.Errorf("%g is written %s, want %s", tt.f, have, tt.want)
		}
	}
}

func TestTextsAreCountedInUTF16(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "abc", "héllo", "😀x", "\ud7ff\uffff"} {
		u := vm.UTF16(s)
		if len(u) != vm.UTF16Len(s) || vm.FromUTF16(u) != s {
			t.Errorf("%q has units %x, counted %d, back %q", s, u, vm.UTF16Len(s), vm.FromUTF16(u))
		}
	}
	lone := vm.FromUTF16(vm.UTF16("😀")[:1])
	if vm.UTF16Len(lone) != 1 || vm.CleanText(lone) != "\ufffd" {
		t.Errorf("half a character: %d units, leaves as %q", vm.UTF16Len(lone), vm.CleanText(lone))
	}
	if have := string(vm.AppendJSON(nil, vm.String(lone+vm.FromUTF16(vm.UTF16("😀")[1:])))); have != `"😀"` {
		t.Errorf("two halves leave as %s", have)
	}
	if vm.CompareText("\U0001f600", "\uffee") >= 0 || vm.CompareText("a", "B") <= 0 || vm.CompareText("a", "ab") >= 0 {
		t.Error("texts are not ordered by UTF-16 units")
	}
}

func TestJSONInAndOut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{`{"b":1,"2":"x","a":[true,null,1.50],"1":{}}`, `{"1":{},"2":"x","b":1,"a":[true,null,1.5]}`},
		{` [ "\u00e9\n\u0001<&>\u2028" ] `, "[\"é\\n\\u0001<&>\u2028\"]"},
		{`{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`},
		{`-0`, `0`}, {`1e400`, `null`}, {`"\ud83d\ude00"`, `"😀"`}, {`"\ud83d"`, "\"\ufffd\""},
		{`{"k1":1,"k2":2,"k3":3,"k4":4,"k5":5,"k6":6,"k7":7,"k8":8,"k9":9,"k10":10}`, `{"k1":1,"k2":2,"k3":3,"k4":4,"k5":5,"k6":6,"k7":7,"k8":8,"k9":9,"k10":10}`},
	} {
		v, err := vm.ParseJSON([]byte(tt.in), vm.JSONOptions{Ordered: true})
		if have := string(vm.AppendJSON(nil, v)); err != nil || have != tt.want {
			t.Errorf("%s becomes %s, %v, want %s", tt.in, have, err, tt.want)
		}
	}
	for _, bad := range []string{``, `{`, `[1,]`, `{"a"}`, `01`, `+1`, `1.`, `.5`, `tru`, `"a`, "\"\n\"", `"\x"`, `1 2`, `{a:1}`, `nul`, `--1`, `1e`} {
		if v, err := vm.ParseJSON([]byte(bad), vm.JSONOptions{}); err == nil {
			t.Errorf("%q was read as %s", bad, vm.Print(v))
		}
	}
	if _, err := vm.ParseJSON([]byte(strings.Repeat("[", 600)+strings.Repeat("]", 600)), vm.JSONOptions{}); err == nil {
		t.Error("a nesting of 600 was read")
	}
	if _, err := vm.ParseJSON([]byte(`"abc"`), vm.JSONOptions{MaxBytes: 4}); err == nil {
		t.Error("a text of 5 bytes was read where 4 are allowed")
	}
}

func TestGoValues(t *testing.T) {
	t.Parallel()
	v, err := vm.FromGo(map[string]any{"b": []any{1, "x", nil, true}, "a": 2.5})
	if have := vm.Print(v); err != nil || have != `{'a': 2.5, 'b': [1, 'x', null, true]}` {
		t.Errorf("have %s, %v", have, err)
	}
	back, err := vm.FromGo(v.ToGo())
	if err != nil || vm.Print(back) != vm.Print(v) {
		t.Errorf("back as %s, %v", vm.Print(back), err)
	}
	if _, err := vm.FromGo(struct{}{}); err == nil {
		t.Error("a struct became a value")
	}
}

func TestFaultsTellTheirPlace(t *testing.T) {
	t.Parallel()
	src := "let a := 1;\nlet b := a in {};"
	for _, b := range backends {
		_, _, err := run(t, load(t, src, b.opt), vm.Null, vm.Budget{})
		have := vm.Explain(err, src)
		if !strings.HasPrefix(have, "2:") || !strings.Contains(have, `Can not use "in" on a value of type object`) || !strings.Contains(have, "let b := a in {}") {
			t.Errorf("%s: have %s", b.name, have)
		}
	}
	_, _, err := run(t, load(t, "\nthrow Error('x', {'a': 1})", vm.LoadOptions{}), vm.Null, vm.Budget{})
	var he *vm.HogError
	if !errors.As(err, &he) || he.Type != "Error" || he.Message != "x" || vm.Print(he.Payload) != "{'a': 1}" {
		t.Errorf("have %#v", err)
	}
	if have := vm.Explain(err, "\nthrow Error('x', {'a': 1})"); !strings.HasPrefix(have, "2:1: Error('x')") {
		t.Errorf("have %s", have)
	}
}

func TestHostFunctions(t *testing.T) {
	t.Parallel()
	for _, b := range backends {
		opt := b.opt
		opt.Functions = []string{"host"}
		p := load(t, `try { return host(1, 'a') } catch (e) { return e.message }`, opt)
		for _, tt := range []struct {
			f    vm.HostFunc
			want string
		}{
			{func(c *vm.Call) (vm.Value, error) { return vm.NewTuple(c.Args), nil }, "(1, 'a')"},
			{func(*vm.Call) (vm.Value, error) {
				return vm.Null, vm.Throw(vm.NewError("E", vm.String("thrown"), vm.Null))
			}, "'thrown'"},
			{func(*vm.Call) (vm.Value, error) { return vm.Null, errors.New("broken") }, "! Error: broken"},
		} {
			env := vm.Env{Functions: map[string]vm.HostFunc{"host": tt.f}}
			r, err := new(vm.Machine).Run(t.Context(), p, vm.Null, env, vm.Budget{})
			have := vm.Print(r.Value)
			if err != nil {
				have = "! " + err.Error()
			}
			if have != tt.want {
				t.Errorf("%s: have %s, want %s", b.name, have, tt.want)
			}
		}
	}
}

func TestNullOrderingIsAnOption(t *testing.T) {
	t.Parallel()
	for _, b := range backends {
		for _, tt := range []struct {
			order vm.NullOrdering
			want  string
		}{{vm.NullOrderingJS, "[true, true, false, true]"}, {vm.NullOrderingFalse, "[false, false, false, false]"}} {
			opt := b.opt
			opt.NullOrdering = tt.order
			_, r, err := run(t, load(t, `let n := null; return [n < 1, n <= 0, n > 0, less(null, 1)]`, opt), vm.Null, vm.Budget{})
			if have := vm.Print(r.Value); err != nil || have != tt.want {
				t.Errorf("%s: order %d gives %s, %v, want %s", b.name, tt.order, have, err, tt.want)
			}
		}
	}
}

func TestLike(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		s, pattern string
		fold, want bool
	}{
		{"abc", "b", false, true}, {"abc", "a%c", false, true}, {"a\nc", "a%c", false, false}, {"x\nabc", "a%c", false, true},
		{"abc", "a_c", false, true}, {"a😀c", "a_c", false, true}, {"ac", "a_c", false, false}, {"ABC", "b", false, false}, {"ABC", "b", true, true},
		{"user@EXAMPLE.com", "%@example.com", true, true}, {"user@example_com", "%@example.com", true, false}, {"ÄB", "äb", true, true},
		{"\u212a", "k", true, true}, {"", "%", false, true}, {"", "_", false, false}, {"a\nb", "a\nb", false, true}, {"é", "_", false, true},
	} {
		if have := vm.Like(tt.s, tt.pattern, tt.fold); have != tt.want {
			t.Errorf("%q like %q (ignoring case: %v) is %v", tt.s, tt.pattern, tt.fold, have)
		}
	}
}
