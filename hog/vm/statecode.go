package vm

import (
	"hogpen/hog/bytecode"
)

// stateHash gives the hash of the bytecode that a state was made with. Ours
// hold the hash, PostHog's the code: as bytecodes of chunks, older ones as the
// bytecode of the root alone.
func stateHash(top Value, p *Program) (hash string, posthog bool) {
	code, ok := top.Path("bytecodes", "root").Get("bytecode")
	if !ok {
		if code, ok = top.Get("bytecode"); !ok {
			return top.Path("bytecodes", "root", "hash").Text(), false
		}
	}
	root := stateCode(code)
	if root == nil {
		return "none", true
	}
	if len(p.chunks) == 0 {
		return hashCode(root), true
	}
	chunks := map[string]string{}
	names, vals := top.Path("bytecodes").Entries()
	for i, name := range names {
		if c := stateCode(vals[i].Path("bytecode")); c != nil && p.chunks[name.Text()] != nil {
			chunks[name.Text()] = hashCode(c)
		}
	}
	return hashChunks(hashCode(root), chunks), true
}

// stateCode reads bytecode out of a state, nil when it is none. JavaScript
// writes the float 2.0 as 2: what a FLOAT pushes is a float all the same.
func stateCode(list Value) *bytecode.Program {
	elems := list.Elems()
	if len(elems) == 0 {
		return nil
	}
	p := &bytecode.Program{}
	start := 1
	switch elems[0].Text() {
	case "_h":
	case "_H":
		if start = 2; len(elems) < 2 {
			return nil
		}
		p.Version = int(elems[1].Num())
	default:
		return nil
	}
	p.Code = make([]bytecode.Elem, 0, len(elems)-start)
	for _, e := range elems[start:] {
		p.Code = append(p.Code, stateElem(e))
	}
	for at := 0; at < len(p.Code); {
		op, n, ok := bytecode.Length(p.Code, at)
		if ok && op == bytecode.Float {
			if e := &p.Code[at+1]; e.Kind == bytecode.KindInt {
				*e = bytecode.FloatElem(float64(e.Int))
			}
		}
		at += n
	}
	return p
}

func stateElem(v Value) bytecode.Elem {
	switch v.Kind() {
	case KindString:
		return bytecode.StringElem(v.Text())
	case KindBool:
		return bytecode.BoolElem(v.Truthy())
	case KindNumber:
		if f := v.Num(); f == float64(int64(f)) && f > -1<<53 && f < 1<<53 {
			return bytecode.IntElem(int64(f))
		}
		return bytecode.FloatElem(v.Num())
	}
	return bytecode.Elem{Kind: bytecode.KindNull}
}

// isRootFunction reports whether a function of a PostHog state is the one that
// it has for a chunk's outermost code.
func isRootFunction(closure Value) bool {
	c := closure.Path("callable")
	return c.Path("__hogCallable__").Text() == "local" && c.Path("name").Text() == "" && c.Path("upvalueCount").Num() == 0
}
