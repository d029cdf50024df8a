package executor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"

	"hogpen/cdp"
	"hogpen/cdp/liquid"
	"hogpen/hog/vm"
)

// extendKey names the member of an object input whose value, an object, is
// merged into the one around it.
const extendKey = "$$_extend_object"

// inputPlan is a function's inputs in the order in which they are evaluated,
// for the function itself or for one of its mappings.
type inputPlan struct {
	inputs []plannedInput
	// hides tells that some input may hold what must not be seen.
	hides bool
	// nonFailure are the statuses of fetch that are no failure although they
	// are 400 or more: numbers, and 4 and 5 for whole classes. They can be an
	// input's value, so they are read after evaluation.
	nonFailureKey string
}

type plannedInput struct {
	key    string
	order  int
	kind   string // the type in the inputs schema
	secret bool
	// credential: its key says that it holds one.
	credential bool
	node       node
}

// node is an input's value, or a part of it, ready to be evaluated.
type node struct {
	value   vm.Value    // of a constant; frozen
	program *vm.Program // of a template
	// path are the names of a template that only reads a global: {event.uuid}.
	path   []string
	liquid *liquid.Template
	fault  error // why there is no Liquid template
	list   []node
	keys   []string // of an object, with list
	kind   nodeKind
}

type nodeKind uint8

const (
	constantNode nodeKind = iota
	programNode
	liquidNode
	listNode
	objectNode
)

// planInputs merges the inputs of a function, its secrets and one mapping's
// (-1 for none); a later one of the same key wins. Then they are sorted by
// their order (runtime specification 5.1).
func (x *Executor) planInputs(f *cdp.Function, mapping int) (*inputPlan, error) {
	merged := append(cdp.Inputs(nil), f.Inputs...)
	secrets, err := x.secrets(f, -1)
	if err != nil {
		return nil, err
	}
	merged = append(merged, secrets...)
	schema := append([]cdp.InputSchema(nil), f.InputsSchema...)
	if mapping >= 0 {
		secrets, err := x.secrets(f, mapping)
		if err != nil {
			return nil, err
		}
		merged = append(append(merged, f.Mappings[mapping].Inputs...), secrets...)
		schema = append(schema, f.Mappings[mapping].InputsSchema...)
	}
	plan := &inputPlan{}
	at := map[string]int{}
	for _, in := range merged {
		p, err := x.planInput(in, schema)
		if err != nil {
			return nil, err
		}
		if p.kind == "non_failure_status_codes" {
			plan.nonFailureKey = p.key
		}
		if i, ok := at[in.Key]; ok {
			plan.inputs[i] = p
			continue
		}
		at[in.Key] = len(plan.inputs)
		plan.inputs = append(plan.inputs, p)
	}
	sort.SliceStable(plan.inputs, func(i, j int) bool { return plan.inputs[i].order < plan.inputs[j].order })
	for i := range plan.inputs {
		in := &plan.inputs[i]
		in.credential = credentialKey.MatchString(in.key)
		plan.hides = plan.hides || in.secret || in.credential || in.kind == "integration" || in.kind == "integration_multi" || in.kind == "dictionary"
	}
	return plan, nil
}

func (x *Executor) secrets(f *cdp.Function, mapping int) (cdp.Inputs, error) {
	if len(f.Sealed) == 0 {
		return nil, nil
	}
	if x.cfg.Sealer == nil {
		return nil, fmt.Errorf("open secret inputs of function %s: no key", f.ID)
	}
	return f.Secrets(x.cfg.Sealer, mapping)
}

func (x *Executor) planInput(in cdp.Input, schema []cdp.InputSchema) (plannedInput, error) {
	p := plannedInput{key: in.Key, order: in.Order}
	for _, s := range schema {
		if s.Key == in.Key {
			p.kind, p.secret = s.Type, s.Secret
		}
	}
	var err error
	if raw := in.Bytecode; in.Templating == "liquid" || absent(raw) {
		p.node.value, err = constant(in.Value)
		if err == nil && in.Templating == "liquid" {
			p.node = parseLiquid(p.node.value)
		}
	} else {
		p.node, err = x.parseNode(raw, 0)
	}
	if err != nil {
		return p, fmt.Errorf("input %s: %w", in.Key, err)
	}
	return p, nil
}

func absent(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) == 0 || string(raw) == "null"
}

func constant(raw json.RawMessage) (vm.Value, error) {
	if absent(raw) {
		return vm.Null, nil
	}
	return vm.ParseJSON(raw, vm.JSONOptions{Freeze: true})
}

const maxInputDepth = 100

// parseNode reads an input's bytecode, which mirrors its value: a list that
// begins with the mark of a program is one; other lists and objects are
// walked; all else is copied (runtime specification 5.2).
func (x *Executor) parseNode(raw json.RawMessage, depth int) (node, error) {
	if depth > maxInputDepth {
		return node{}, fmt.Errorf("nested deeper than %d", maxInputDepth)
	}
	raw = bytes.TrimSpace(raw)
	switch {
	case isProgram(raw):
		return x.parseProgram(raw)
	case len(raw) > 0 && raw[0] == '[':
		return x.parseList(raw, depth)
	case len(raw) > 0 && raw[0] == '{':
		return x.parseDict(raw, depth)
	}
	v, err := constant(raw)
	return node{value: v}, err
}

func isProgram(raw []byte) bool {
	if len(raw) == 0 || raw[0] != '[' {
		return false
	}
	rest := bytes.TrimLeft(raw[1:], " \t\r\n")
	return bytes.HasPrefix(rest, []byte(`"_H"`)) || bytes.HasPrefix(rest, []byte(`"_h"`))
}

// parseProgram loads a template. Most are plain text, which is a constant.
func (x *Executor) parseProgram(raw json.RawMessage) (node, error) {
	v, err := vm.ParseJSON(raw, vm.JSONOptions{})
	if err == nil && v.Len() == 4 && v.At(1).Num() >= 1 && v.At(2).Num() == 32 && v.At(3).IsString() {
		return node{value: v.At(3)}, nil
	}
	p, err := x.load(raw, nil, nil)
	if err != nil {
		return node{}, err
	}
	return node{kind: programNode, program: p, path: readPath(v)}, nil
}

// readPath recognises the program that reads one global, or a member of it, and
// gives the names from the outside in; nil for any other.
func readPath(code vm.Value) []string {
	const text, getGlobal = 32, 1
	n := (code.Len() - 4) / 2
	if n < 1 || code.Len() != 4+2*n || code.At(2+2*n).Num() != getGlobal || !code.At(2+2*n).IsNumber() || int(code.At(3+2*n).Num()) != n {
		return nil
	}
	path := make([]string, n)
	for i := range n {
		op, name := code.At(2+2*i), code.At(3+2*i)
		if op.Num() != text || !op.IsNumber() || !name.IsString() {
			return nil
		}
		path[n-1-i] = name.Text()
	}
	return path
}

// follow reads along a path through dicts. When something is missing on the way,
// the program itself is to say what comes of it.
func follow(v vm.Value, path []string) (vm.Value, bool) {
	for _, name := range path {
		var ok bool
		if v, ok = v.Get(name); !ok {
			return vm.Null, false
		}
	}
	return v, true
}

func (x *Executor) parseList(raw json.RawMessage, depth int) (node, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return node{}, err
	}
	n := node{kind: listNode}
	for _, item := range items {
		child, err := x.parseNode(item, depth+1)
		if err != nil {
			return node{}, err
		}
		n.list = append(n.list, child)
	}
	return n.fold(), nil
}

func (x *Executor) parseDict(raw json.RawMessage, depth int) (node, error) {
	n := node{kind: objectNode}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return node{}, err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return node{}, err
		}
		var item json.RawMessage
		if err := dec.Decode(&item); err != nil {
			return node{}, err
		}
		child, err := x.parseNode(item, depth+1)
		if err != nil {
			return node{}, err
		}
		n.keys = append(n.keys, key.(string))
		n.list = append(n.list, child)
	}
	return n.fold(), nil
}

// fold makes a constant of a list or object whose parts are all constants, so
// that it is built once and not for every event.
func (n node) fold() node {
	for i, child := range n.list {
		if child.kind != constantNode || n.kind == objectNode && n.keys[i] == extendKey {
			return n
		}
	}
	v, err := n.eval(nil)
	if err != nil {
		return n
	}
	return node{value: v.Freeze()}
}

// eval gives a node's value; run runs a template of either kind.
func (n node) eval(run func(*node) (vm.Value, error)) (vm.Value, error) {
	switch n.kind {
	case programNode, liquidNode:
		return run(&n)
	case listNode:
		out := make([]vm.Value, 0, len(n.list))
		for _, child := range n.list {
			v, err := child.eval(run)
			if err != nil {
				return vm.Null, err
			}
			out = append(out, v)
		}
		return vm.NewArray(out), nil
	case objectNode:
		return n.evalObject(run)
	}
	return n.value, nil
}

func (n node) evalObject(run func(*node) (vm.Value, error)) (vm.Value, error) {
	out := vm.NewDict(len(n.keys))
	for i, child := range n.list {
		v, err := child.eval(run)
		if err != nil {
			return vm.Null, err
		}
		if n.keys[i] != extendKey || child.kind == liquidNode {
			out.Set(n.keys[i], v)
			continue
		}
		keys, vals := v.Entries()
		for j, k := range keys {
			out.Put(k, vals[j])
		}
	}
	return out, nil
}

// buildInputs evaluates the plan's inputs one by one over globals, as
// "inputs" of which a later input sees the earlier ones. The result is frozen.
func (x *Executor) buildInputs(plan *inputPlan, globals vm.Value) (vm.Value, error) {
	b := inputBuilder{x: x, globals: globals, done: vm.NewDict(len(plan.inputs))}
	for i := range plan.inputs {
		in := &plan.inputs[i]
		v, err := b.build(in)
		if err != nil {
			return b.done.Freeze(), err
		}
		if !vm.Fits(v, maxValue) {
			return b.done.Freeze(), fmt.Errorf("input %s is larger than %d bytes", in.key, maxValue)
		}
		b.done.Set(in.key, v.Freeze())
	}
	return b.done.Freeze(), nil
}

// inputBuilder gives templates their globals. A run freezes what it reads, so
// those with the inputs so far are made again when there are more of them.
type inputBuilder struct {
	x       *Executor
	globals vm.Value
	done    vm.Value
	seen    vm.Value // globals with the first n inputs
	n       int
	budget  *liquid.Budget // nil until a Liquid template is rendered
}

func (b *inputBuilder) scope() vm.Value {
	if b.seen.IsNull() || b.n != b.done.Len() {
		b.n = b.done.Len()
		b.seen = edit(b.globals, 1)
		b.seen.Set("inputs", edit(b.done, 0))
	}
	return b.seen
}

func (b *inputBuilder) build(in *plannedInput) (vm.Value, error) {
	return in.node.eval(func(n *node) (vm.Value, error) {
		if n.kind == liquidNode {
			return b.render(in.key, n)
		}
		if n.path != nil && n.path[0] != "inputs" {
			if v, ok := follow(b.globals, n.path); ok {
				return v, nil
			}
		}
		out := b.x.runOnce(n.program, b.scope(), b.x.programBudget(), nil)
		if out.suspended != nil {
			//lint:ignore ST1005 the text is PostHog's
			return vm.Null, fmt.Errorf("Could not execute bytecode for input field: %s", in.key)
		}
		return out.value, out.err
	})
}
