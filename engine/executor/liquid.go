package executor

import (
	"fmt"
	"strings"

	"hogpen/cdp/liquid"
	"hogpen/hog/vm"
)

// parseLiquid makes a node of an input's value whose texts are Liquid
// templates (runtime specification 5.3): lists and objects are walked, numbers
// and booleans stay. A template that cannot be parsed is a fault when the
// input is evaluated, for saving does not look at Liquid.
func parseLiquid(v vm.Value) node {
	switch {
	case v.IsString():
		return liquidText(v)
	case v.IsList():
		n := node{kind: listNode}
		for i := range v.Len() {
			n.list = append(n.list, parseLiquid(v.At(i)))
		}
		return n.fold()
	case v.IsDict():
		n := node{kind: objectNode}
		keys, vals := v.Entries()
		for i, k := range keys {
			n.keys = append(n.keys, k.Text())
			n.list = append(n.list, parseLiquid(vals[i]))
		}
		return n.fold()
	}
	return node{value: v}
}

// liquidText parses one template. Most are plain text, which is a constant.
func liquidText(v vm.Value) node {
	s := v.Text()
	if !strings.Contains(s, "{{") && !strings.Contains(s, "{%") && len(s) <= liquid.MaxLength {
		return node{value: v}
	}
	t, err := liquid.Parse(s)
	return node{kind: liquidNode, liquid: t, fault: err}
}

// render renders a Liquid template; all of an invocation share one budget. The
// error names the input, since upstream's texts do not say where they stand.
func (b *inputBuilder) render(key string, n *node) (vm.Value, error) {
	if n.fault != nil {
		return vm.Null, fmt.Errorf("input %s: %w", key, n.fault)
	}
	if b.budget == nil {
		b.budget = liquid.NewBudget(b.x.now())
	}
	out, err := n.liquid.Render(b.scope(), b.budget)
	if err != nil {
		return vm.Null, fmt.Errorf("input %s: %w", key, err)
	}
	return vm.String(out), nil
}
