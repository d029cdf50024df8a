package liquid

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"

	"hogpen/hog/stl"
	"hogpen/hog/vm"
)

// itemsOf makes a list of any value: nothing of nil, itself of a list, one
// item of all else.
func itemsOf(x value) []vm.Value {
	x = x.base()
	switch {
	case x.isNil():
		return nil
	case x.isList():
		return x.v.Elems()
	}
	return []vm.Value{x.v}
}

// counted is itemsOf, with the memory for a copy taken.
func (c *context) counted(x value) ([]vm.Value, error) {
	l := itemsOf(x)
	c.use(len(l))
	return l, c.err
}

func join(c *context, in value, args []value) (value, error) {
	sep := " "
	if a := arg(args, 0).base(); !a.isNil() {
		sep = c.text(a)
	}
	l := itemsOf(in)
	texts := make([]string, len(l))
	n := vm.UTF16Len(sep) * max(len(l)-1, 0)
	for i, v := range l {
		if !v.IsNull() {
			texts[i] = c.joined(of(v))
		}
		if n += vm.UTF16Len(texts[i]); n > MaxMemory || c.err != nil {
			break
		}
	}
	if !c.use(n) {
		return absent, c.err
	}
	return text(strings.Join(texts, sep)), nil
}

// sentence is the filter array_to_sentence_string.
func sentence(c *context, in value, args []value) (value, error) {
	l, and := itemsOf(in), "and"
	if a := arg(args, 0); a.kind != missing {
		and = c.text(a)
	}
	n := vm.UTF16Len(and) + len(l)*2
	texts := make([]string, len(l))
	for i, v := range l {
		texts[i] = c.joined(of(v))
		if v.IsNull() && len(l) > 2 && i < len(l)-1 {
			texts[i] = ""
		}
		if n += vm.UTF16Len(texts[i]); n > MaxMemory || c.err != nil {
			break
		}
	}
	if !c.use(n) {
		return absent, c.err
	}
	switch len(l) {
	case 0:
		return text(""), nil
	case 1:
		return of(l[0]), nil
	case 2:
		return text(texts[0] + " " + and + " " + texts[1]), nil
	}
	last := len(l) - 1
	return text(strings.Join(texts[:last], ", ") + ", " + and + " " + texts[last]), nil
}

func size(c *context, in value, _ []value) (value, error) {
	in = in.base()
	switch {
	case in.isString():
		return number(float64(vm.UTF16Len(in.v.Text()))), nil
	case in.isList():
		return number(float64(in.v.Len())), nil
	case in.kind == plain && in.v.IsDict():
		if v, ok := in.v.Get("length"); ok && of(v).jsTruthy() {
			return of(v), nil
		}
	}
	return number(0), nil
}

func firstItem(_ *context, in value, _ []value) (value, error) { return endItem(in, 0), nil }
func lastItem(_ *context, in value, _ []value) (value, error)  { return endItem(in, -1), nil }

func endItem(in value, at float64) value {
	in = in.base()
	switch {
	case in.isList():
		return element(in.v, at)
	case in.isString() && in.v.Text() != "":
		u := vm.UTF16(in.v.Text())
		i := int(at)
		if i < 0 {
			i = len(u) - 1
		}
		return text(vm.FromUTF16(u[i : i+1]))
	}
	return text("")
}

func reverse(c *context, in value, _ []value) (value, error) {
	l, err := c.counted(in)
	l = slices.Clone(l)
	slices.Reverse(l)
	return list(l), err
}

// property reads a path of an item, nil of nil.
func (c *context) path(item vm.Value, path []string) value {
	v := of(item)
	for _, name := range path {
		v = c.property(v, text(name))
	}
	return v
}

func sortItems(natural bool) filterFunc {
	return func(c *context, in value, args []value) (value, error) {
		l, err := c.counted(in)
		if err != nil {
			return absent, err
		}
		type pair struct {
			item vm.Value
			key  value
		}
		pairs := make([]pair, len(l))
		var path []string
		if a := arg(args, 0); a.jsTruthy() {
			path = strings.Split(c.text(a), ".")
		}
		for i, item := range l {
			pairs[i] = pair{item, c.path(item, path)}
			if natural && !pairs[i].key.isNil() {
				pairs[i].key = text(stl.Lower(c.joined(pairs[i].key)))
			}
		}
		sort.SliceStable(pairs, func(i, j int) bool { return c.spend(1) && c.before(pairs[i].key, pairs[j].key) })
		out := make([]vm.Value, len(l))
		for i := range pairs {
			out[i] = pairs[i].item
		}
		return list(out), c.err
	}
}

// before orders nil behind everything.
func (c *context) before(a, b value) bool {
	if a.isNil() || b.isNil() {
		return !a.isNil() && b.isNil()
	}
	cmp, ok := c.order(a, b)
	return ok && cmp < 0
}

func mapItems(c *context, in value, args []value) (value, error) {
	l, err := c.counted(in)
	path := strings.Split(c.text(arg(args, 0)), ".")
	out := make([]vm.Value, len(l))
	for i, item := range l {
		out[i] = c.path(item, path).base().v
	}
	return list(out), err
}

func sum(c *context, in value, args []value) (value, error) {
	var path []string
	if a := arg(args, 0); a.jsTruthy() {
		path = strings.Split(c.text(a), ".")
	}
	total := 0.0
	for _, item := range itemsOf(in) {
		if n := c.num(c.path(item, path)); !math.IsNaN(n) {
			total += n
		}
		if !c.spend(1) {
			break
		}
	}
	return number(total), nil
}

func compact(c *context, in value, _ []value) (value, error) {
	l, err := c.counted(in)
	var out []vm.Value
	for _, v := range l {
		if !v.IsNull() {
			out = append(out, v)
		}
	}
	return list(out), err
}

func concat(c *context, in value, args []value) (value, error) {
	a, b := itemsOf(in), itemsOf(arg(args, 0))
	c.use(len(a) + len(b))
	return list(slices.Concat(a, b)), c.err
}

func push(c *context, in value, args []value) (value, error) {
	l := itemsOf(in)
	c.use(len(l) + 1)
	return list(append(slices.Clone(l), arg(args, 0).base().v)), c.err
}

func unshift(c *context, in value, args []value) (value, error) {
	l, err := c.counted(in)
	return list(slices.Concat([]vm.Value{arg(args, 0).base().v}, l)), err
}

func pop(c *context, in value, _ []value) (value, error) {
	l, err := c.counted(in)
	return list(slices.Clone(l[:max(len(l)-1, 0)])), err
}

func shift(c *context, in value, _ []value) (value, error) {
	l, err := c.counted(in)
	return list(slices.Clone(l[min(1, len(l)):])), err
}

func slice(c *context, in value, args []value) (value, error) {
	in = in.base()
	if in.isNil() {
		return list(nil), nil
	}
	begin, length := c.num(arg(args, 0)), 1.0
	if a := arg(args, 1); a.kind != missing {
		length = c.num(a)
	}
	if !in.isList() {
		in = text(c.text(in))
	}
	var chars []rune
	if in.isString() {
		chars = []rune(in.v.Text())
	}
	n := len(chars)
	if in.isList() {
		n = in.v.Len()
	}
	if begin < 0 {
		begin += float64(n)
	}
	if begin < 0 || length < 0 {
		begin, length = 0, 0
	}
	if length > 0 && !c.use(whole(length)) {
		return absent, c.err
	}
	from, to := min(whole(begin), n), min(whole(begin)+whole(length), n)
	if in.isList() {
		return list(slices.Clone(in.v.Elems()[from:to])), nil
	}
	return text(string(chars[from:to])), nil
}

// lookup gives the reader of a property that a filter names as text.
func (c *context) lookup(name value) func(vm.Value) value {
	in := vm.UTF16(c.text(name))
	s := scanner{in: in, n: len(in)}
	t := s.scopeValue()
	if s.err != nil {
		c.fail(s.err)
	}
	return func(item vm.Value) value {
		if t == nil || item.IsNull() || !c.spend(1) {
			return absent
		}
		outer, was, scopes := c.item, c.isItem, c.scopes
		c.item, c.isItem, c.scopes = of(item), true, nil
		v := c.term(t)
		c.item, c.isItem, c.scopes = outer, was, scopes
		return v
	}
}

// matches reports whether an item's property is the expected one; without an
// expected one, whether it is true.
func (c *context) matches(v value, args []value) bool {
	if want := arg(args, 1); want.kind != missing {
		return c.equals(v, want)
	}
	return v.base().truthy()
}

func where(include bool) filterFunc {
	return func(c *context, in value, args []value) (value, error) {
		l, err := c.counted(in)
		read := c.lookup(arg(args, 0))
		var out []vm.Value
		for _, item := range l {
			if c.matches(read(item), args) == include {
				out = append(out, item)
			}
		}
		return list(out), err
	}
}

// search gives the place of the first item that matches, -1 for none.
func (c *context) search(in value, args []value) int {
	read := c.lookup(arg(args, 0))
	return slices.IndexFunc(itemsOf(in), func(item vm.Value) bool { return c.matches(read(item), args) })
}

func has(c *context, in value, args []value) (value, error) {
	return boolean(c.search(in, args) >= 0), nil
}

func find(c *context, in value, args []value) (value, error) {
	if at := c.search(in, args); at >= 0 {
		return of(itemsOf(in)[at]), nil
	}
	return absent, nil
}

func findIndex(c *context, in value, args []value) (value, error) {
	if at := c.search(in, args); at >= 0 {
		return number(float64(at)), nil
	}
	return absent, nil
}

// identity tells values apart as JavaScript's Set and Map do. Scalars are
// themselves; of other values only those with the same place in the list of
// others are one.
type identity struct {
	known  map[string]int
	others []vm.Value
}

// of gives a name for v that is the same for the same value.
func (d *identity) of(c *context, v vm.Value) string {
	switch v.Kind() {
	case vm.KindNull, vm.KindBool, vm.KindNumber, vm.KindString:
		return v.TypeName() + plainText(of(v), "null")
	}
	for i, o := range d.others {
		if !c.spend(1) {
			break
		}
		if vm.SameValue(o, v) {
			return indexName(i)
		}
	}
	d.others = append(d.others, v)
	return indexName(len(d.others) - 1)
}

func indexName(i int) string { return "object " + numberText(float64(i)) }

func groupBy(c *context, in value, args []value) (value, error) {
	l := c.items(in)
	c.use(len(l))
	read := c.lookup(arg(args, 0))
	d := identity{known: map[string]int{}}
	var names []vm.Value
	var groups [][]vm.Value
	for _, item := range l {
		name := read(item).base().v
		key := d.of(c, name)
		at, ok := d.known[key]
		if !ok {
			at = len(groups)
			d.known[key] = at
			names, groups = append(names, name), append(groups, nil)
		}
		groups[at] = append(groups[at], item)
	}
	keys := vm.Texts("name", "items")
	out := make([]vm.Value, len(groups))
	for i, g := range groups {
		out[i] = vm.DictOf(keys, []vm.Value{names[i], vm.NewArray(g)})
	}
	return list(out), c.err
}

func uniq(c *context, in value, _ []value) (value, error) {
	l, err := c.counted(in)
	d := identity{known: map[string]int{}}
	var out []vm.Value
	for _, v := range l {
		key := d.of(c, v)
		if _, ok := d.known[key]; !ok {
			d.known[key] = 1
			out = append(out, v)
		}
	}
	return list(out), err
}

// sample gives an item, or as many as asked for, by chance.
func sample(c *context, in value, args []value) (value, error) {
	in = in.base()
	if in.isNil() {
		return list(nil), nil
	}
	l := itemsOf(in)
	if !in.isList() {
		l = nil
		for _, r := range c.text(in) {
			l = append(l, vm.String(string(r)))
		}
	}
	if !c.use(len(l)) {
		return absent, c.err
	}
	l = slices.Clone(l)
	rand.Shuffle(len(l), func(i, j int) { l[i], l[j] = l[j], l[i] })
	count := 1.0
	if a := arg(args, 0); a.kind != missing {
		count = c.num(a)
	}
	if count == 1 {
		if len(l) == 0 {
			return absent, nil
		}
		return of(l[0]), nil
	}
	return list(sliced(l, 0, whole(count))), nil
}
