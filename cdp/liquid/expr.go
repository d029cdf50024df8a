package liquid

import (
	"strings"

	"hogpen/hog/vm"
)

// term is an operand or an operator of an expression.
type term struct {
	kind  termKind
	value value   // of a constant
	base  *term   // of a path; nil when it begins with a variable
	props []*term // of a path
	low   *term   // of a range
	high  *term
	op    string // of an operator
	from  int    // where it is written, in the template
	to    int
}

type termKind uint8

const (
	constantTerm termKind = iota
	pathTerm
	rangeTerm
	operatorTerm
)

// filtered is an expression as postfix, with the filters that follow it.
type filtered struct {
	post    []*term
	filters []filterCall
	text    string
}

type filterCall struct {
	name string
	run  filterFunc // nil for one that is not known
	args []argument
}

// argument is an argument of a filter or a tag. A named one of a tag may have
// no term; it then stands for true.
type argument struct {
	key   string
	named bool
	term  *term
}

// postfix puts operators behind their operands. Those of one rank are worked
// on from the right, as liquidjs does.
func postfix(in []*term) []*term {
	var out, ops []*term
	for _, t := range in {
		if t.kind != operatorTerm {
			out = append(out, t)
			continue
		}
		for len(ops) > 0 && rank(ops[len(ops)-1]) > rank(t) {
			out, ops = append(out, ops[len(ops)-1]), ops[:len(ops)-1]
		}
		ops = append(ops, t)
	}
	for i := len(ops) - 1; i >= 0; i-- {
		out = append(out, ops[i])
	}
	return out
}

func rank(op *term) int {
	switch op.op {
	case "and", "or":
		return 0
	case "not":
		return 1
	}
	return 2
}

// filtered evaluates an expression and sends its value through the filters.
func (c *context) filtered(f *filtered) value {
	v := c.expression(f.post)
	for i := range f.filters {
		if !c.spend(8) {
			return absent
		}
		v = c.apply(&f.filters[i], v)
	}
	return v
}

func (c *context) apply(f *filterCall, v value) value {
	args := make([]value, 0, 4)
	for _, a := range f.args {
		arg := absent
		if a.term != nil {
			arg = c.term(a.term)
		}
		if a.named {
			arg = list([]vm.Value{vm.String(a.key), arg.base().v})
		}
		args = append(args, arg)
	}
	if f.run == nil || c.err != nil {
		return v
	}
	out, err := f.run(c, v, args)
	if err != nil {
		c.fail(err)
	}
	return out
}

func (c *context) expression(post []*term) value {
	if len(post) == 1 && post[0].kind != operatorTerm {
		return c.term(post[0])
	}
	stack := make([]value, 0, 8)
	pop := func() value {
		if len(stack) == 0 {
			return absent
		}
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		return v
	}
	for _, t := range post {
		if !c.spend(1) {
			return absent
		}
		if t.kind != operatorTerm {
			stack = append(stack, c.term(t))
			continue
		}
		r := pop()
		if t.op == "not" {
			stack = append(stack, boolean(!r.base().truthy()))
			continue
		}
		l := pop()
		stack = append(stack, boolean(c.operate(t.op, l, r)))
	}
	if len(stack) == 0 {
		return absent
	}
	return stack[0]
}

func (c *context) operate(op string, l, r value) bool {
	switch op {
	case "==":
		return c.equals(l, r)
	case "!=":
		return !c.equals(l, r)
	case "and":
		return l.base().truthy() && r.base().truthy()
	case "or":
		return l.base().truthy() || r.base().truthy()
	case "contains":
		return c.contains(l.base(), r)
	}
	if l.comparable() || r.comparable() {
		return false
	}
	cmp, ok := c.order(l, r)
	switch op {
	case "<":
		return ok && cmp < 0
	case "<=":
		return ok && cmp <= 0
	case ">":
		return ok && cmp > 0
	}
	return ok && cmp >= 0
}

func (c *context) contains(l, r value) bool {
	switch {
	case l.isList():
		for i := range l.v.Len() {
			if c.equals(of(l.v.At(i)), r) {
				return c.err == nil
			}
			if c.err != nil {
				return false
			}
		}
	case l.isString():
		c.spend(len(l.v.Text()) >> 10)
		return strings.Contains(l.v.Text(), c.joined(r))
	}
	return false
}

// term gives an operand's value.
func (c *context) term(t *term) value {
	switch t.kind {
	case constantTerm:
		return t.value
	case rangeTerm:
		return c.rangeOf(t)
	}
	var v value
	props := t.props
	if t.base != nil {
		v = c.term(t.base)
	} else {
		v = c.variable(c.text(c.term(props[0])))
		props = props[1:]
	}
	for _, p := range props {
		if v.isNil() && p.kind == constantTerm {
			continue
		}
		v = c.property(v, c.term(p))
	}
	return v
}

// rangeOf makes the list of a range, if there is memory for it.
func (c *context) rangeOf(t *term) value {
	low, high := c.num(c.term(t.low)), c.num(c.term(t.high))
	if !(high-low+1 <= float64(c.memory)) {
		if high-low+1 > 0 {
			c.fail(errMemory)
		}
		return list(nil)
	}
	if !c.use(whole(high - low + 1)) {
		return absent
	}
	var out []vm.Value
	for f := low; f < high+1; f++ {
		if len(out) > MaxMemory {
			c.fail(errMemory)
			break
		}
		out = append(out, vm.Number(f))
	}
	return list(out)
}
