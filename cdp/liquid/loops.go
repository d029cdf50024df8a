package liquid

import (
	"fmt"
	"math"
	"slices"

	"hogpen/hog/vm"
)

// loop is what forloop and tablerowloop tell of a loop.
type loop struct {
	at, length int
	cols       int // of a table, else 0
	name       string
}

func (l *loop) property(name string) value {
	f := func(i int) value { return number(float64(i)) }
	switch name {
	case "index":
		return f(l.at + 1)
	case "index0", "i":
		return f(l.at)
	case "first":
		return boolean(l.at == 0)
	case "last":
		return boolean(l.at == l.length-1)
	case "rindex":
		return f(l.length - l.at)
	case "rindex0":
		return f(l.length - l.at - 1)
	case "length":
		return f(l.length)
	case "name":
		return text(l.name)
	}
	if l.cols == 0 {
		return absent
	}
	switch name {
	case "cols":
		return f(l.cols)
	case "row":
		return f(l.at/l.cols + 1)
	case "col0":
		return f(l.at % l.cols)
	case "col":
		return f(l.at%l.cols + 1)
	case "col_first":
		return boolean(l.at%l.cols == 0)
	case "col_last":
		return boolean(l.at%l.cols == l.cols-1)
	}
	return absent
}

// json is what {{ forloop }} puts out.
func (l *loop) json() string {
	cols := ""
	if l.cols > 0 {
		cols = fmt.Sprintf(`,"cols":%d`, l.cols)
	}
	return fmt.Sprintf(`{"i":%d,"length":%d,"name":%s%s}`, l.at, l.length, vm.AppendJSONText(nil, l.name), cols)
}

// items are what a loop runs over: a list, the pairs of an object, a text as
// one item unless it is empty.
func (c *context) items(x value) []vm.Value {
	x = x.base()
	switch {
	case x.kind != plain:
		return nil
	case x.v.IsList():
		return x.v.Elems()
	case x.v.IsString() && x.v.Text() != "":
		return []vm.Value{x.v}
	case x.v.IsDict():
		keys, vals := x.v.Entries()
		out := make([]vm.Value, len(keys))
		for i, k := range keys {
			out[i] = vm.NewArray([]vm.Value{k, vals[i]})
		}
		return out
	}
	return nil
}

// sliced is JavaScript's slice: places below 0 count from the end.
func sliced[T any](l []T, from, to int) []T {
	from, to = clamp(from, len(l)), clamp(to, len(l))
	if from >= to {
		return nil
	}
	return l[from:to]
}

func clamp(i, n int) int {
	if i < 0 {
		return max(i+n, 0)
	}
	return min(i, n)
}

type forNode struct {
	name      string
	label     string // with the list as it is written
	list      *term
	args      []argument
	body      []node
	otherwise []node
}

func (n *forNode) render(c *context, s *sink) {
	items := c.items(c.term(n.list))
	if c.err != nil {
		return
	}
	if len(items) == 0 {
		c.nodes(n.otherwise, s)
		return
	}
	items = n.chosen(c, items)
	state := &loop{length: len(items), name: n.label}
	vars := scope{"forloop": {kind: loopState, loop: state}}
	c.push(vars)
	defer c.pop()
	for _, item := range items {
		vars[n.name] = of(item)
		c.stopLoop, c.nextRound = false, false
		c.nodes(n.body, s)
		if c.stopLoop || c.err != nil {
			break
		}
		state.at++
	}
	c.stopLoop, c.nextRound = false, false
}

// chosen applies offset, limit and reversed, in this order.
func (n *forNode) chosen(c *context, items []vm.Value) []vm.Value {
	key := n.label
	at, seen := c.ends[key]
	if !seen {
		at = math.NaN()
	}
	c.push(scope{"continue": number(at)})
	offset, limit := c.named(n.args, "offset"), c.named(n.args, "limit")
	reversed := c.named(n.args, "reversed")
	c.pop()
	first := 0.0
	if offset.kind != missing {
		first = c.num(offset)
		items = sliced(items, whole(first), len(items))
	}
	if limit.kind != missing {
		items = sliced(items, 0, whole(c.num(limit)))
	}
	if reversed.kind != missing {
		items = slices.Clone(items)
		slices.Reverse(items)
	}
	if c.ends == nil {
		c.ends = map[string]float64{}
	}
	c.ends[key] = first + float64(len(items))
	return items
}

// named gives a named argument of a tag, the last one of that name.
func (c *context) named(args []argument, name string) value {
	out := absent
	for _, a := range args {
		switch {
		case a.key != name:
		case a.term == nil:
			out = boolean(true)
		default:
			out = c.term(a.term)
		}
	}
	return out
}

type rowNode struct {
	name  string
	label string
	list  *term
	args  []argument
	body  []node
}

func (n *rowNode) render(c *context, s *sink) {
	items := c.items(c.term(n.list))
	offset := 0
	if v := c.named(n.args, "offset"); v.jsTruthy() {
		offset = whole(c.num(v))
	}
	limit := len(items)
	if v := c.named(n.args, "limit"); v.kind != missing {
		limit = whole(c.num(v))
	}
	items = sliced(items, offset, offset+limit)
	cols := len(items)
	if v := c.named(n.args, "cols"); v.jsTruthy() {
		cols = max(whole(c.num(v)), 1)
	}
	state := &loop{length: len(items), cols: max(cols, 1), name: n.label}
	vars := scope{"tablerowloop": {kind: loopState, loop: state}}
	c.push(vars)
	defer c.pop()
	for i, item := range items {
		state.at = i
		vars[n.name] = of(item)
		if i%state.cols == 0 {
			if i > 0 {
				c.write(s, "</tr>")
			}
			c.write(s, fmt.Sprintf(`<tr class="row%d">`, i/state.cols+1))
		}
		c.write(s, fmt.Sprintf(`<td class="col%d">`, i%state.cols+1))
		c.nodes(n.body, s)
		c.write(s, "</td>")
		if c.err != nil {
			return
		}
	}
	if len(items) > 0 {
		c.write(s, "</tr>")
	}
}
