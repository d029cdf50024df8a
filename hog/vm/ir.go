package vm

import (
	"maps"
	"slices"
	"sync"

	"hogpen/hog/bytecode"
)

// The translator executes stack code symbolically, block by block: what would
// be pushed becomes a node, what would be popped becomes its operand. A node
// stays pending until something happens that it must not move past (a store, a
// call, the end of the block); then it is evaluated into the stack slot it
// would stand in. Hence the slots equal the plain machine's stack whenever
// anyone can look.
//
// Two rules keep pending nodes sound. Operands are evaluated in the order in
// which they were pushed, for a library call uses the slots above its place as
// scratch. And whatever lies below a slot that was filled is filled itself, or
// a constant.

// node is an expression.
type node struct {
	kind  nodeKind
	op    op
	typ   staticType
	fails bool // may end the run: must be evaluated even if unused
	depth int  // of the tree
	at    int  // instruction, for the place of a fault
	slot  int  // of a slot, an upvalue; first scratch slot of a library call
	value Value
	a, b  *node // left and right operand
	args  []*node
	path  *path
	site  *propSite
	lib   *libFunc
	info  *funcInfo
}

type nodeKind uint8

const (
	nodeConst nodeKind = iota
	nodeSlot
	nodeUpvalue
	nodeGlobal
	nodeProp  // a.site
	nodeIndex // a[b]
	nodeArith
	nodeTest
	nodeNot
	nodeAll // AND
	nodeAny // OR
	nodeDict
	nodeList
	nodeLib
	nodeAsk // a library function by its Test
	nodeFunc
)

type staticType uint8

const (
	typeAny staticType = iota
	typeNumber
	typeBool
)

// maxTree bounds the depth of one expression, and with it Go's stack.
const maxTree = 48

// compiled is a function in closures.
type compiled struct {
	info   *funcInfo
	blocks []block
	size   int  // stack slots
	nums   int  // numeric slots
	closes bool // locals are captured
	clears bool // slots may hold references when it returns
	tries  bool
	// guarded tells that the first block is a condition and nothing else.
	guarded bool
}

// block is straight code with one end.
type block struct {
	cost  int64
	stmts []func(m *Machine)
	kind  endKind
	cond  func(m *Machine) bool
	value func(m *Machine) Value
	yes   int // the next block; when cond holds
	no    int
}

type endKind uint8

const (
	endJump endKind = iota
	endCond
	endReturn
)

// translator makes the closures of one function.
type translator struct {
	p     *Program
	info  *funcInfo
	out   *compiled
	boxed []bool // slots that must hold values; the others hold numbers only
	// foreign are slots that may hold what is not of this run's making; written
	// are those whose content a SET_PROPERTY changes.
	foreign, written []bool
	root             bool
	again            bool // an assumption about a slot was wrong
	bad              bool // the function is not for closures
	// reaches tells that a SET_PROPERTY may change something that came from
	// outside: a global, an argument, what a function gave.
	reaches bool

	blockAt []int32 // block that begins at an instruction, +1; 0 when none
	depths  []int   // stack depth at each block's entry
	tries   [][]int // stack depths of the handlers that are registered there
	heads   []int32 // instruction at each block's entry
	todo    []int

	stack []*node
	cur   block
	index int // of the current block
	// held are the slots that a closure stands for at this point, and heldAt
	// those at the blocks' entries, by instruction; they are kept from attempt to
	// attempt, for a jump back may bring more.
	held   map[int]bool
	heldAt map[int32]map[int]bool
	// active are the stack depths of the handlers registered at this point, the
	// newest last. The slice is shared, and never written to.
	active []int

	blocks [][]node // of nodes; used again for each block of code
	made   int      // nodes in use
	refs   []*node  // what is left of the current block of their arguments
}

// nodesPerBlock is how many nodes are made at a time.
const nodesPerBlock = 64

// node makes a node. Nodes live as long as their block is translated; closures
// keep what they need of them.
func (t *translator) node(n node) *node {
	if t.made == len(t.blocks)*nodesPerBlock {
		t.blocks = append(t.blocks, make([]node, nodesPerBlock))
	}
	p := &t.blocks[t.made/nodesPerBlock][t.made%nodesPerBlock]
	t.made++
	*p = n
	return p
}

// nodeBlocks are the nodes of translations that are done.
var nodeBlocks = sync.Pool{New: func() any { return new([][]node) }}

// keptBlocks is how many blocks of nodes one translation leaves to the next.
const keptBlocks = 32

// giveBackNodes hands the nodes on, and nothing that they point at.
func (t *translator) giveBackNodes(to *[][]node) {
	*to = t.blocks[:min(len(t.blocks), keptBlocks)]
	for _, b := range *to {
		clear(b)
	}
	nodeBlocks.Put(to)
}

// compileClosures translates a whole program, or gives nil when a part of it
// is not fit: then all of it runs on the plain machine.
func compileClosures(p *Program) *compiled {
	if p.canSuspend || p.declares || p.version == 0 {
		return nil
	}
	root := &funcInfo{kind: fnLocal, name: p.name, prog: p}
	nodes := nodeBlocks.Get().(*[][]node)
	t := &translator{p: p, boxed: make([]bool, maxFrame+1), foreign: make([]bool, maxFrame+1), written: make([]bool, maxFrame+1), blockAt: make([]int32, len(p.code)+1), blocks: *nodes}
	defer t.giveBackNodes(nodes)
	if !t.all(root) {
		return nil
	}
	if p.writes && !t.reaches {
		// It writes to what it made itself: it may see the globals as they are.
		p.writes = false
		if !t.all(root) {
			return nil
		}
	}
	return root.body
}

// all translates the root and every function.
func (t *translator) all(root *funcInfo) bool {
	if !t.translate(root, true) {
		return false
	}
	for _, f := range t.p.funcs {
		if !t.translate(f, false) {
			return false
		}
	}
	return true
}

// A function with more stack slots than this runs on the plain machine.
const maxFrame = 1024

func (t *translator) translate(info *funcInfo, root bool) bool {
	t.info, t.root, t.heldAt = info, root, nil
	clear(t.boxed)
	if info.argc > maxFrame/2 {
		return false
	}
	for i := range info.argc {
		t.boxed[i] = true
	}
	// Slots are thought numeric until a store says otherwise. Few functions
	// need more than three rounds; hostile ones lose the optimisation.
	for round := 0; ; round++ {
		if round == 6 {
			for i := range t.boxed {
				t.boxed[i] = true
			}
		}
		t.again = false
		t.attempt()
		if t.bad {
			return false
		}
		if !t.again {
			break
		}
	}
	for i := range t.out.size {
		t.reaches = t.reaches || t.written[i] && t.foreign[i]
	}
	t.out.merge()
	first := &t.out.blocks[0]
	t.out.guarded = first.kind == endCond && len(first.stmts) == 0
	info.body = t.out
	return true
}

// slotNode reads the slot that stack position i has.
func (t *translator) slotNode(i int) *node {
	n := t.node(node{kind: nodeSlot, slot: i})
	if !t.boxed[i] {
		n.typ = typeNumber
	}
	return n
}

// box makes a slot hold values. When code for the other kind was made already,
// the function is translated again; until then only its slots are looked at,
// and no more closures are made.
func (t *translator) box(i int) {
	if !t.boxed[i] {
		t.boxed[i] = true
		t.again = true
	}
}

// hold is box for a slot that a value gets into by other ways than a store: it
// may be anything.
func (t *translator) hold(i int) {
	t.box(i)
	t.foreign[i] = true
}

// writesTo notes what a SET_PROPERTY changes.
func (t *translator) writesTo(n *node) {
	switch {
	case n.kind == nodeSlot:
		t.written[n.slot] = true
	case n.kind != nodeDict && n.kind != nodeList:
		t.reaches = true
	}
}

func (t *translator) attempt() {
	t.out = &compiled{info: t.info}
	for _, at := range t.heads {
		t.blockAt[at] = 0
	}
	t.depths, t.tries, t.heads, t.todo = t.depths[:0], t.tries[:0], t.heads[:0], t.todo[:0]
	t.active, t.held = nil, nil
	clear(t.written)
	for i := range t.foreign {
		t.foreign[i] = i < t.info.argc
	}
	t.out.size = t.info.argc
	t.blockOf(t.info.entry, t.info.argc)
	for len(t.todo) > 0 && !t.bad {
		i := t.todo[len(t.todo)-1]
		t.todo = t.todo[:len(t.todo)-1]
		t.block(i)
	}
	if t.out.nums > 0 {
		t.out.nums = t.out.size
	}
}

// blockOf gives the block that begins at an instruction, where the stack has
// the given depth. A second depth for one place, or other handlers, make the
// function unfit.
func (t *translator) blockOf(at int32, depth int) int {
	t.holdAt(at, depth)
	if i := int(t.blockAt[at]) - 1; i >= 0 {
		if t.depths[i] != depth || !slices.Equal(t.tries[i], t.active) {
			t.bad = true
		}
		return i
	}
	i := len(t.depths)
	t.blockAt[at] = int32(i) + 1
	t.depths, t.heads, t.tries = append(t.depths, depth), append(t.heads, at), append(t.tries, t.active)
	t.out.blocks = append(t.out.blocks, block{})
	t.todo = append(t.todo, i)
	return i
}

// holdAt notes which slots closures stand for when a block is entered. When
// one is new the function is looked at again.
func (t *translator) holdAt(at int32, depth int) {
	for slot := range t.held {
		if slot >= depth || t.heldAt[at][slot] {
			continue
		}
		if t.heldAt == nil {
			t.heldAt = map[int32]map[int]bool{}
		}
		if t.heldAt[at] == nil {
			t.heldAt[at] = map[int]bool{}
		}
		t.heldAt[at][slot] = true
		if t.blockAt[at] != 0 {
			t.again = true
		}
	}
}

func (t *translator) block(i int) {
	t.held = maps.Clone(t.heldAt[t.heads[i]])
	t.index, t.cur, t.active = i, block{}, t.tries[i]
	t.made = 0
	t.stack = t.stack[:0]
	for s := range t.depths[i] {
		t.stack = append(t.stack, t.slotNode(s))
	}
	at := t.heads[i]
	for first := true; !t.bad; first = false {
		if other := int(t.blockAt[at]) - 1; other >= 0 && !first && other != i {
			t.endWithJump(at) // falls into a block that exists
			return
		}
		if t.targetInside(at) && !first {
			t.endWithJump(at)
			return
		}
		in := &t.p.code[at]
		t.cur.cost += int64(in.cost)
		next, ended := t.instruction(in, at)
		if n := len(t.active); n > 0 && len(t.stack) < t.active[n-1] {
			t.bad = true // a throw would find less than its handler left
		}
		if ended {
			return
		}
		at = next
	}
}

// targetInside reports whether an instruction is jumped to, so that a block
// must begin there.
func (t *translator) targetInside(at int32) bool { return t.p.landed[at] }

func (t *translator) finish() {
	t.out.blocks[t.index] = t.cur
}

func (t *translator) endWithJump(at int32) {
	t.fill(len(t.stack))
	t.cur.kind = endJump
	t.cur.yes = t.blockOf(at, len(t.stack))
	t.finish()
}

func (t *translator) push(n *node) {
	if len(t.stack) >= maxFrame-1 {
		t.bad = true
		return
	}
	t.stack = append(t.stack, n)
	t.use(len(t.stack))
	n.depth = 1
	n.fails = n.fails || n.a != nil && n.a.fails || n.b != nil && n.b.fails
	if n.a != nil {
		n.depth = max(n.depth, n.a.depth+1)
	}
	if n.b != nil {
		n.depth = max(n.depth, n.b.depth+1)
	}
	for _, a := range n.args {
		n.depth = max(n.depth, a.depth+1)
		n.fails = n.fails || a.fails
	}
	if n.depth > maxTree {
		t.fill(len(t.stack))
	}
}

// use makes sure that the frame has so many slots.
func (t *translator) use(slots int) {
	t.out.size = max(t.out.size, slots)
	if t.out.size > maxFrame {
		t.bad = true
	}
}

func (t *translator) pop() *node {
	if len(t.stack) == 0 {
		t.bad = true
		return t.node(node{})
	}
	n := t.stack[len(t.stack)-1]
	t.stack = t.stack[:len(t.stack)-1]
	t.let(len(t.stack))
	return n
}

// let tells that a slot is dropped by something else than CLOSE_UPVALUE. A
// closure that stands for it would go on to see what was there.
func (t *translator) let(slot int) {
	if t.held[slot] {
		t.bad = true
	}
}

func (t *translator) popN(n int) []*node {
	if n > len(t.stack) {
		t.bad = true
		return nil
	}
	if len(t.refs) < n {
		t.refs = make([]*node, max(n, 32))
	}
	args := t.refs[:n:n]
	t.refs = t.refs[n:]
	copy(args, t.stack[len(t.stack)-n:])
	t.stack = t.stack[:len(t.stack)-n]
	for i := range n {
		t.let(len(t.stack) + i)
	}
	return args
}

// fill evaluates all pending nodes below a position into their slots.
func (t *translator) fill(below int) {
	for i := range t.stack[:below] {
		if n := t.stack[i]; n.kind != nodeSlot || n.slot != i {
			t.store(i, n)
			t.stack[i] = t.slotNode(i)
		}
	}
}

// settle evaluates the pending nodes that a store could change: all but
// constants and filled slots.
func (t *translator) settle() {
	for i := len(t.stack) - 1; i >= 0; i-- {
		if n := t.stack[i]; n.kind != nodeConst && (n.kind != nodeSlot || n.slot != i) {
			t.fill(i + 1)
			return
		}
	}
}

// store evaluates a node into a slot.
func (t *translator) store(i int, n *node) {
	t.use(i + 1)
	if t.bad {
		return
	}
	if !t.boxed[i] && n.typ != typeNumber {
		t.box(i)
	}
	if n.kind != nodeDict && n.kind != nodeList && n.kind != nodeConst {
		t.foreign[i] = true
	}
	if n.typ == typeAny {
		t.out.clears = true
	}
	if !t.boxed[i] {
		t.out.nums = 1 // how many is known at the end
	}
	t.stmt(t.genStore(i, n))
}

func (t *translator) stmt(s func(m *Machine)) { t.cur.stmts = append(t.cur.stmts, s) }

// instruction translates one; ended tells that it ended the block.
func (t *translator) instruction(in *instr, at int32) (next int32, ended bool) {
	next = at + 1
	switch in.op {
	case opConst:
		t.push(t.constNode(t.p.values[in.k]))
	case opGlobal:
		t.push(t.node(node{kind: nodeGlobal, path: t.p.paths[in.k], fails: true, at: int(at)}))
		return at + 1 + in.n, false
	case opProp:
		t.push(t.node(node{kind: nodeProp, a: t.pop(), site: t.p.sites[in.k], at: int(at)}))
		return at + 1 + in.n, false
	case bytecode.And, bytecode.Or:
		kind := nodeAll
		if in.op == bytecode.Or {
			kind = nodeAny
		}
		t.push(t.node(node{kind: kind, typ: typeBool, args: t.popN(int(in.n))}))
	case bytecode.Not:
		t.push(t.node(node{kind: nodeNot, typ: typeBool, a: t.pop()}))
	case bytecode.Plus, bytecode.Minus, bytecode.Multiply, bytecode.Divide, bytecode.Mod:
		a := t.pop()
		t.push(t.node(node{kind: nodeArith, op: in.op, typ: typeNumber, a: a, b: t.pop()}))
	case bytecode.Eq, bytecode.NotEq, bytecode.Gt, bytecode.GtEq, bytecode.Lt, bytecode.LtEq,
		bytecode.Like, bytecode.ILike, bytecode.NotLike, bytecode.NotILike:
		a := t.pop()
		t.push(t.node(node{kind: nodeTest, op: in.op, typ: typeBool, a: a, b: t.pop(), at: int(at)}))
	case bytecode.In, bytecode.NotIn, bytecode.Regex, bytecode.NotRegex, bytecode.IRegex, bytecode.NotIRegex:
		a := t.pop()
		t.push(t.node(node{kind: nodeTest, op: in.op, typ: typeBool, a: a, b: t.pop(), fails: true, at: int(at)}))
	case bytecode.Pop:
		if n := t.pop(); n.fails && !t.bad {
			t.fill(len(t.stack))
			t.stmt(t.genDrop(n))
		}
	case bytecode.GetLocal:
		t.getLocal(int(in.n))
	case bytecode.SetLocal:
		t.setLocal(int(in.n))
	case bytecode.Dict:
		t.push(t.node(node{kind: nodeDict, args: t.popN(2 * int(in.n)), fails: true, at: int(at)}))
	case bytecode.Array, bytecode.Tuple:
		t.push(t.node(node{kind: nodeList, op: in.op, args: t.popN(int(in.n)), fails: true, at: int(at)}))
	case bytecode.GetProperty, bytecode.GetPropertyNullish:
		key := t.pop()
		// Index 0 fails, so an index that is not a known text may.
		fails := key.kind != nodeConst || !key.value.IsString()
		t.push(t.node(node{kind: nodeIndex, b: key, a: t.pop(), fails: fails, at: int(at)}))
	case bytecode.GetUpvalue:
		if int(in.n) >= t.info.ups {
			t.bad = true
		}
		t.push(t.node(node{kind: nodeUpvalue, slot: int(in.n)}))
	case opCallLib:
		return next, t.callLibrary(in, at)
	case bytecode.Callable:
		t.push(t.node(node{kind: nodeFunc, info: t.p.funcs[in.k], fails: true}))
		return in.n, false
	default:
		return t.effect(in, at)
	}
	return next, false
}

func (t *translator) constNode(v Value) *node {
	n := t.node(node{kind: nodeConst, value: v})
	switch v.Kind() {
	case KindNumber:
		n.typ = typeNumber
	case KindBool:
		n.typ = typeBool
	}
	return n
}

func (t *translator) getLocal(i int) {
	if i >= len(t.stack) {
		t.push(t.constNode(Null)) // a variable read in its own initializer
		return
	}
	if n := t.stack[i]; n.kind == nodeConst {
		t.push(t.constNode(n.value))
		return
	}
	t.fill(i + 1)
	t.push(t.slotNode(i))
}

func (t *translator) setLocal(i int) {
	n := t.pop()
	if i >= len(t.stack) {
		t.bad = true
		return
	}
	// The value itself is evaluated before the store; only others may not see it.
	t.settle()
	t.store(i, n)
	t.stack[i] = t.slotNode(i)
}

// callLibrary makes a call of a library function an operand, unless the
// function has an effect.
func (t *translator) callLibrary(in *instr, at int32) (ended bool) {
	site, n := t.p.calls[in.k], int(in.n)
	if n > maxArguments || n > len(t.stack) || site.lib.arity(n) != "" {
		return t.failWith(t.p.callFault(site, n, len(t.stack)))
	}
	args := t.popN(n)
	if site.lib.Test != nil && n == site.lib.Min && n <= 2 {
		t.push(t.node(node{kind: nodeAsk, typ: typeBool, lib: site.lib, args: args}))
		return false
	}
	call := t.node(node{kind: nodeLib, lib: site.lib, args: args, slot: len(t.stack), fails: true, at: int(at)})
	for i := range args {
		t.box(call.slot + i)
	}
	t.use(call.slot + n + 1)
	t.push(call)
	if site.lib.Effect {
		t.fill(len(t.stack))
	}
	return false
}

// callFault gives the message for a call that can only fail.
func (p *Program) callFault(site *callSite, n, have int) string {
	switch {
	case n > have:
		return "Not enough arguments on the stack"
	case n > maxArguments:
		return "Too many arguments"
	}
	return site.lib.arity(n)
}

// failWith ends the block with a fault.
func (t *translator) failWith(msg string) (ended bool) {
	t.fill(len(t.stack))
	at := t.index
	p := t.p
	head := int(t.heads[at])
	t.stmt(func(m *Machine) { m.failAt(p, head, Errorf("%s", msg)) })
	t.cur.kind = endReturn
	t.cur.value = func(*Machine) Value { return Null }
	t.finish()
	return true
}
