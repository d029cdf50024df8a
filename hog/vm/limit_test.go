package vm_test

import (
	"context"
	"errors"
	"regexp"
	"testing"
	"time"

	"hogpen/hog/vm"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		src    string
		budget vm.Budget
		want   string // regular expression
		limit  vm.Limit
	}{
		{`while (true) {}`, vm.Budget{Time: 100 * time.Millisecond}, `^HogVMException: Execution timed out after 0\.1 seconds\. Performed \d+ ops\.$`, vm.LimitTime},
		{`for (let i := 0; true; i := i + 1) { let a := [i] }`, vm.Budget{Time: 50 * time.Millisecond}, `timed out after 0\.05 seconds`, vm.LimitTime},
		{`while (true) { arrayMap(x -> x, [1]) }`, vm.Budget{Time: 50 * time.Millisecond}, `timed out`, vm.LimitTime},
		{`while (true) { try { throw Error('x') } catch {} }`, vm.Budget{Time: 50 * time.Millisecond}, `timed out`, vm.LimitTime},
		{`while (true) {}`, vm.Budget{Steps: 5000}, `^HogVMException: Execution exceeded the limit of 5000 operations$`, vm.LimitSteps},
		{`fn f() { return f() } f()`, vm.Budget{}, `^HogVMException: Call stack exceeded maximum length of 1000$`, vm.LimitDepth},
		{`let f := 1; f := x -> arrayMap(f, [x]); f(1)`, vm.Budget{Depth: 100}, `Call stack exceeded maximum length of 100$`, vm.LimitDepth},
		{`let a := []; while (true) { a := [a, a, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxx'] }`, vm.Budget{Memory: 1 << 20}, `^HogVMException: Memory limit of 1048576 bytes exceeded\. Tried to allocate \d+ bytes\.$`, vm.LimitMemory},
		{`let d := {}; let i := 0; while (true) { d[i] := i; i := i + 1 }`, vm.Budget{Memory: 1 << 20}, `Memory limit`, vm.LimitMemory},
		{`let s := 'x'; while (true) { s := concat(s, s) }`, vm.Budget{Memory: 1 << 20}, `Memory limit`, vm.LimitMemory},
		{`let s := 'xy'; while (true) { s := replaceAll(s, 'x', 'xx') }`, vm.Budget{Memory: 1 << 20}, `Memory limit`, vm.LimitMemory},
		{`return range(1000000000)`, vm.Budget{}, `Memory limit of 67108864 bytes exceeded`, vm.LimitMemory},
		{`let a := [1]; a[1000000000] := 1`, vm.Budget{}, `Memory limit`, vm.LimitMemory},
		{`let a := range(100000); return arrayMap(x -> range(100000), a)`, vm.Budget{}, `Memory limit`, vm.LimitMemory},
		{`fn f(n) { let a := range(100000); return [f(n + 1), a] } f(0)`, vm.Budget{}, `Memory limit`, vm.LimitMemory},
		{`let f := () -> 0; while (true) { let g := f; f := () -> g() }`, vm.Budget{Memory: 1 << 20}, `Memory limit`, vm.LimitMemory},
		{`let a := []; for (let i := 0; i < 2000; i := i + 1) { let d := {}; d[toString(range(500))] := 1; a := [a, keys(d)] } return a`, vm.Budget{Memory: 1 << 20}, `Memory limit`, vm.LimitMemory},
		{`let a := []; for (let i := 0; i < 2000; i := i + 1) { let d := {'x': toString(range(500))}; a := [a, values(d)] } return a`, vm.Budget{Memory: 1 << 20}, `Memory limit`, vm.LimitMemory},
		{`while (true) { print('many words') }`, vm.Budget{Output: 1000}, `^HogVMException: Print output limit of 1000 bytes exceeded$`, vm.LimitOutput},
		{`let a := []; a[1] := a; let n := 0; while (n < 100000) { let b := [a]; n := n + 1 } return n`, vm.Budget{Memory: 1 << 20}, `^$`, vm.LimitNone},
	} {
		// What another limit stops must not be stopped by the clock of a slow
		// computer first; what nothing stops ends here, with the wrong text.
		if tt.budget.Time == 0 {
			tt.budget.Time = time.Minute
		}
		for _, b := range backends {
			_, _, err := run(t, load(t, tt.src, b.opt), vm.Null, tt.budget)
			if !regexp.MustCompile(tt.want).MatchString(text(err)) {
				t.Errorf("%s: %s fails with %q, want %s", b.name, tt.src, text(err), tt.want)
			}
			var re *vm.RuntimeError
			if errors.As(err, &re) && re.Limit != tt.limit {
				t.Errorf("%s: %s: limit %d, want %d", b.name, tt.src, re.Limit, tt.limit)
			}
		}
	}
}

func TestTooManyArguments(t *testing.T) {
	t.Parallel()
	src := "concat("
	for range 301 {
		src += "1,"
	}
	src = src[:len(src)-1] + ")"
	for _, b := range backends {
		if _, _, err := run(t, load(t, src, b.opt), vm.Null, vm.Budget{}); text(err) != "HogVMException: Too many arguments" {
			t.Errorf("%s: have %v", b.name, err)
		}
	}
}

func TestContextEndsARun(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, b := range backends {
		_, err := new(vm.Machine).Run(ctx, load(t, `while (true) {}`, b.opt), vm.Null, vm.Env{}, vm.Budget{Time: time.Minute})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: have %v", b.name, err)
		}
	}
}
