package liquid

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"hogpen/hog/vm"
)

// MaxTime bounds how long all templates of an invocation may be rendered.
const MaxTime = 500 * time.Millisecond

// What stops a rendering.
var (
	errMemory = errors.New("memory alloc limit exceeded")
	errTime   = errors.New("template render limit exceeded")
	errDeep   = errors.New("value is nested too deeply")
	errOutput = &Error{Message: fmt.Sprintf("liquid output limit exceeded (%d characters per invocation)", MaxOutput)}
)

// Budget is what the templates of one invocation share: the time they may
// take, what they may put out, and the moment that is now for all of them. It
// belongs to one goroutine.
type Budget struct {
	now    time.Time
	left   time.Duration
	output int
}

// NewBudget gives the budget of one invocation that takes place at now.
func NewBudget(now time.Time) *Budget {
	return &Budget{now: now, left: MaxTime, output: MaxOutput}
}

// Render gives the text that t makes of the globals, a frozen dict which is
// only read, and of now. Time and output are taken from b. The error is an
// *Error with the place of the piece that failed.
func (t *Template) Render(globals vm.Value, b *Budget) (string, error) {
	began := time.Now()
	c := &context{budget: b, memory: MaxMemory, captured: MaxMemory, deadline: began.Add(b.left), env: globals,
		scopes: []scope{{}}, in: t.in}
	s := &sink{main: true}
	c.nodes(t.nodes, s)
	if !t.plain {
		b.left -= time.Since(began)
	}
	if c.err == nil {
		return s.b.String(), nil
	}
	if _, ok := c.err.(*Error); !ok {
		c.err = placed(t.in, 0, c.err.Error())
	}
	return "", c.err
}

type scope map[string]value

// context is the state of one rendering. Its first fault stays and ends it.
type context struct {
	budget   *Budget
	in       []uint16
	memory   int
	captured int
	steps    int
	deadline time.Time
	err      error

	env      vm.Value
	item     value // instead of env, for filters that look into items
	isItem   bool
	counters scope // of increment and decrement, before env
	scopes   []scope
	cycles   map[string]int
	ends     map[string]float64 // where loops ended, for offset: continue

	stopLoop, nextRound bool
}

func (c *context) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// spend counts n steps of work and looks at the clock now and then. It is
// false once the rendering is over.
func (c *context) spend(n int) bool {
	if c.steps += n; c.steps >= 256 {
		c.steps = 0
		if time.Now().After(c.deadline) {
			c.fail(errTime)
		}
	}
	return c.err == nil
}

// use takes n units of memory; false when there are not as many.
func (c *context) use(n int) bool {
	if n > 0 {
		if n > c.memory {
			c.fail(errMemory)
			return false
		}
		c.memory -= n
		return c.spend(n >> 10)
	}
	return c.err == nil
}

// useText takes as many units as s is long.
func (c *context) useText(s string) bool { return c.use(vm.UTF16Len(s)) }

// sink collects what nodes put out: the text of the template, or captured text.
type sink struct {
	b    strings.Builder
	main bool
}

func (c *context) write(s *sink, text string) {
	n := vm.UTF16Len(text)
	if s.main {
		if c.budget.output -= n; c.budget.output < 0 {
			c.budget.output = 0
			c.fail(errOutput)
			return
		}
	} else if c.captured -= n; c.captured < 0 {
		c.fail(errMemory)
		return
	}
	s.b.WriteString(text)
}

// node is a part of a template and where it begins.
type node struct {
	begin int
	part  part
}

type part interface {
	render(c *context, s *sink)
}

// nodes renders a list of nodes. An error without a place gets that of the
// innermost node.
func (c *context) nodes(l []node, s *sink) {
	if !c.spend(8) {
		return
	}
	for i := range l {
		if !c.spend(8) {
			return
		}
		l[i].part.render(c, s)
		if c.err != nil {
			if _, ok := c.err.(*Error); !ok {
				c.err = placed(c.in, l[i].begin, c.err.Error())
			}
			return
		}
		if c.stopLoop || c.nextRound {
			return
		}
	}
}

func (c *context) push(s scope) { c.scopes = append(c.scopes, s) }
func (c *context) pop()         { c.scopes = c.scopes[:len(c.scopes)-1] }

// variable finds a name in the scopes, then in the globals.
func (c *context) variable(name string) value {
	for i := len(c.scopes) - 1; i >= 0; i-- {
		if v, ok := c.scopes[i][name]; ok {
			return v
		}
	}
	if c.isItem {
		return c.property(c.item, text(name))
	}
	if v, ok := c.counters[name]; ok {
		return v
	}
	if v, ok := c.env.Get(name); ok {
		return of(v)
	}
	if name == "now" {
		return of(vm.NewDateTime(float64(c.budget.now.UnixMilli())/1000, "UTC"))
	}
	return absent
}

// property reads a member of a value.
func (c *context) property(obj, key value) value {
	if obj.kind == loopState {
		return obj.loop.property(c.text(key))
	}
	if obj.kind == blockWord && key.isString() && key.v.Text() == "super" {
		return text("")
	}
	if obj.isNil() {
		return obj
	}
	if obj.kind != plain {
		return absent
	}
	key = key.base()
	if obj.v.IsList() && key.isNumber() {
		return element(obj.v, key.v.Num())
	}
	return c.member(obj.v, c.joined(key))
}

func (c *context) member(obj vm.Value, key string) value {
	switch {
	case obj.IsDict():
		if v, ok := obj.Get(key); ok {
			return of(v)
		}
		if key == "size" {
			return number(float64(obj.Len()))
		}
	case obj.IsList():
		switch key {
		case "size", "length":
			return number(float64(obj.Len()))
		case "first":
			return element(obj, 0)
		case "last":
			return element(obj, -1)
		}
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && strconv.Itoa(i) == key {
			return element(obj, float64(i))
		}
	case obj.IsString():
		return stringMember(obj.Text(), key)
	case obj.Kind() == vm.KindDateTime && key == "size":
		return number(0)
	}
	return absent
}

func stringMember(s, key string) value {
	if key == "size" || key == "length" {
		return number(float64(vm.UTF16Len(s)))
	}
	i, err := strconv.Atoi(key)
	if err != nil || i < 0 || strconv.Itoa(i) != key {
		return absent
	}
	if u := vm.UTF16(s); i < len(u) {
		return text(vm.FromUTF16(u[i : i+1]))
	}
	return absent
}

// element is an item of a list; places below 0 count from its end.
func element(l vm.Value, at float64) value {
	if at < 0 {
		at += float64(l.Len())
	}
	if at < 0 || at >= float64(l.Len()) || at != float64(int(at)) {
		return absent
	}
	return of(l.At(int(at)))
}

// htmlNode is text that is put out as it is.
type htmlNode string

func (n htmlNode) render(c *context, s *sink) { c.write(s, string(n)) }

// outputNode is {{ value }}, and echo.
type outputNode struct {
	value *filtered
	raw   bool
}

func (n outputNode) text(c *context) string {
	out := c.text(c.filtered(n.value))
	if n.raw || !c.useText(out) {
		return out
	}
	return escaper.Replace(out)
}

func (n outputNode) render(c *context, s *sink) {
	if out := n.text(c); c.err == nil {
		c.write(s, out)
	}
}

type assignNode struct {
	name  string
	value *filtered
}

func (n assignNode) render(c *context, _ *sink) { c.scopes[0][n.name] = c.filtered(n.value) }

type captureNode struct {
	name string
	body []node
}

func (n *captureNode) render(c *context, _ *sink) {
	inner := &sink{}
	c.nodes(n.body, inner)
	c.scopes[0][n.name] = text(inner.b.String())
}

type counterNode struct {
	name string
	down bool
}

func (n counterNode) render(c *context, s *sink) {
	if c.counters == nil {
		c.counters = scope{}
	}
	v, ok := c.counters[n.name]
	if !ok {
		if g, _ := c.env.Get(n.name); g.IsNumber() {
			v = of(g)
		}
	}
	at := v.v.Num()
	if n.down {
		c.counters[n.name] = number(at - 1)
		c.write(s, numberText(at-1))
		return
	}
	c.counters[n.name] = number(at + 1)
	c.write(s, numberText(at))
}

type branch struct {
	value  *filtered
	negate bool
	body   []node
}

type ifNode struct {
	branches  []*branch
	otherwise []node
}

func (n *ifNode) render(c *context, s *sink) {
	for _, b := range n.branches {
		if c.filtered(b.value).base().truthy() != b.negate {
			c.nodes(b.body, s)
			return
		}
		if c.err != nil {
			return
		}
	}
	c.nodes(n.otherwise, s)
}

type whenBranch struct {
	values []*term
	body   []node
}

type caseNode struct {
	value     *filtered
	branches  []*whenBranch
	otherwise []node
}

func (n *caseNode) render(c *context, s *sink) {
	target, hit := c.filtered(n.value).base(), false
	for _, b := range n.branches {
		for _, t := range b.values {
			if c.equals(target, c.term(t)) && c.err == nil {
				hit = true
				c.nodes(b.body, s)
				break
			}
		}
	}
	if !hit {
		c.nodes(n.otherwise, s)
	}
}

type cycleNode struct {
	group  *term
	values []outputNode
	key    string
}

func (n *cycleNode) render(c *context, s *sink) {
	group := absent
	if n.group != nil {
		group = c.term(n.group)
	}
	key := c.joined(group) + ":" + n.key
	if c.cycles == nil {
		c.cycles = map[string]int{}
	}
	at := c.cycles[key]
	c.cycles[key] = (at + 1) % len(n.values)
	n.values[at].render(c, s)
}

// blockNode is a liquid tag, a layout that is none, or a block, whose content
// stands where the block stands.
type blockNode struct {
	body   []node
	scoped bool
}

func (n blockNode) render(c *context, s *sink) {
	if n.scoped {
		c.push(scope{"block": {kind: blockWord}})
		defer c.pop()
	}
	c.nodes(n.body, s)
}

type jumpNode struct{ stop bool }

func (n jumpNode) render(c *context, _ *sink) {
	if n.stop {
		c.stopLoop = true
	} else {
		c.nextRound = true
	}
}

type fileNode struct{ name *term }

func (n fileNode) render(c *context, _ *sink) {
	name := c.term(n.name)
	if !name.jsTruthy() {
		c.fail(fmt.Errorf(`illegal file path "%s"`, c.joined(name)))
		return
	}
	c.fail(fileFault(c.joined(name)))
}
