package vm

import (
	"strconv"
	"time"

	"hogpen/hog/bytecode"
)

// Telemetry is the protocol of an inspected run, an entry for each
// instruction, as PostHog's machine keeps it in its states (specification
// 4.12). The instructions of library functions are left out.
type Telemetry struct {
	Entries []TelemetryEntry
	last    time.Time
	chunk   string
}

// TelemetryEntry is one instruction. The first entry is the start.
type TelemetryEntry struct {
	Millis  int64  // since the entry before; of the first, since 1970
	Chunk   string // where it differs from the entry before, else ""
	Element int    // of the bytecode array, header included
	Op      string // "32/STRING"
	Debug   string // an operand, or what stands on top of the stack
}

// Value gives the entries in PostHog's form, a list of lists.
func (t *Telemetry) Value() Value {
	out := make([]Value, len(t.Entries))
	for i, e := range t.Entries {
		out[i] = NewArray([]Value{Number(float64(e.Millis)), String(e.Chunk), Int(e.Element), String(e.Op), String(e.Debug)})
	}
	return NewArray(out)
}

func (t *Telemetry) begin(now time.Time) {
	t.last, t.chunk = now, "root"
	t.Entries = append(t.Entries[:0], TelemetryEntry{Millis: now.UnixMilli(), Chunk: "root", Op: "START"})
}

func (t *Telemetry) note(m *Machine, p *Program, in *instr) {
	now := m.now()
	e := TelemetryEntry{Millis: now.Sub(t.last).Milliseconds(), Element: int(in.pos) + p.header(), Op: "???"}
	if t.last = now; t.chunk != p.name {
		t.chunk, e.Chunk = p.name, p.name
	}
	code := p.source.Code
	if op, _, ok := bytecode.Length(code, int(in.pos)); ok {
		e.Op = strconv.Itoa(int(op)) + "/" + op.String()
		switch op {
		case bytecode.GetGlobal, bytecode.CallGlobal, bytecode.String, bytecode.Integer, bytecode.Float:
			e.Debug = elemText(&code[in.pos+1])
		case bytecode.CallLocal, bytecode.GetProperty, bytecode.GetPropertyNullish:
			if m.sp > m.base {
				e.Debug = JSText(m.stack[m.sp-1])
			}
		}
	}
	t.Entries = append(t.Entries, e)
}
