package vm

import (
	"math"
	"time"
)

// Budget bounds one run. A zero field means the default of specification 4.11;
// a negative one switches that limit off, except Depth, which is always bounded.
type Budget struct {
	Time       time.Duration // 5 s; what passed before a suspension counts
	Steps      int64         // operations; 0 means no limit
	Memory     int64         // bytes reachable at a time; 64 MiB
	Depth      int           // frames; 1000
	AsyncSteps int           // suspensions; 100. Negative: none are allowed
	Output     int64         // bytes printed from beginning or resumption on; 16 MiB
}

// The defaults of a budget.
const (
	DefaultTime       = 5 * time.Second
	DefaultMemory     = 64 << 20
	DefaultDepth      = 1000
	DefaultAsyncSteps = 100
	DefaultOutput     = 16 << 20
	maxArguments      = 300
)

// The clock is read when this many units of work are done. A unit is an
// operation, an element or sixteen bytes.
const fuelChunk = 4096

func (m *Machine) setBudget(b Budget) {
	if b != m.asked || m.memLimit == 0 {
		m.fillBudget(b)
	}
	m.clocked, m.printed = false, 0
	m.granted, m.fuel, m.extra = 0, 0, 0
	m.grant()
}

// fillBudget puts the defaults in. Most runs ask for what the last one did.
func (m *Machine) fillBudget(b Budget) {
	m.asked = b
	if b.Time == 0 {
		b.Time = DefaultTime
	}
	if b.Memory == 0 {
		b.Memory = DefaultMemory
	}
	if b.Depth <= 0 || b.Depth > 10*DefaultDepth {
		b.Depth = DefaultDepth
	}
	if b.AsyncSteps == 0 {
		b.AsyncSteps = DefaultAsyncSteps
	}
	if b.Output == 0 {
		b.Output = DefaultOutput
	}
	m.budget = b
	m.memLimit = b.Memory
	if b.Memory < 0 {
		m.memLimit = math.MaxInt64
	}
}

func (m *Machine) grant() {
	n := int64(fuelChunk)
	if m.budget.Steps > 0 {
		n = min(n, m.budget.Steps-m.Ops())
	}
	m.granted += n
	m.fuel += n
}

// Ops is the number of operations performed so far in this run, including
// those before a suspension.
func (m *Machine) Ops() int64 { return m.opsBefore + m.granted - m.fuel - m.extra }

// refuel is called when the fuel is used up: it checks steps and clock.
func (m *Machine) refuel() error {
	if !m.clocked {
		m.clocked, m.started = true, time.Now()
	}
	if m.budget.Steps > 0 && m.Ops() > m.budget.Steps {
		return limitErrorf(LimitSteps, "Execution exceeded the limit of %d operations", m.budget.Steps)
	}
	if m.budget.Time > 0 && m.elapsed() > m.budget.Time {
		return limitErrorf(LimitTime, "Execution timed out after %s seconds. Performed %d ops.",
			NumberText(m.budget.Time.Seconds()), m.Ops())
	}
	if m.ctx != nil && m.ctx.Err() != nil {
		return &RuntimeError{Class: "Error", Message: "The run was cancelled", Cause: m.ctx.Err()}
	}
	if m.fuel < 0 {
		// Work beyond the grant is paid with the next one.
		m.granted -= m.fuel
		m.fuel = 0
	}
	m.grant()
	return nil
}

// elapsed is the time spent running. The clock is first read when the first
// portion of fuel is gone: a run shorter than that, some ten microseconds,
// counts as nothing, and costs no look at the clock.
func (m *Machine) elapsed() time.Duration {
	if !m.clocked {
		return m.syncBefore
	}
	return m.syncBefore + time.Since(m.started)
}

// spend charges work that is no operation.
func (m *Machine) spend(units int64) error {
	m.fuel -= units
	m.extra += units
	if m.fuel < 0 {
		return m.refuel()
	}
	return nil
}

// alloc charges memory. What was charged and has become garbage since is not
// known until the sum passes the limit; then what is reachable is counted.
func (m *Machine) alloc(bytes int64) error {
	m.mem += bytes
	if m.mem > m.memLimit {
		return m.census(bytes)
	}
	return nil
}

func (m *Machine) census(bytes int64) error {
	m.memMax = max(m.memMax, m.mem)
	if bytes <= m.memLimit {
		c := counter{seen: map[*object]struct{}{}, limit: m.memLimit}
		live := c.machine(m) + bytes
		m.mem = live
		if err := m.spend(c.visited); err != nil {
			return err
		}
		if live <= m.memLimit {
			return nil
		}
	}
	return limitErrorf(LimitMemory, "Memory limit of %d bytes exceeded. Tried to allocate %d bytes.", m.memLimit, m.mem)
}

// counter adds up the memory of reachable values, each object once.
type counter struct {
	seen    map[*object]struct{}
	cells   map[*cell]struct{}
	work    []Value
	sum     int64
	limit   int64
	visited int64
}

func (c *counter) machine(m *Machine) int64 {
	for i := range m.frames {
		if fn := m.frames[i].fn; fn != nil {
			c.function(fn)
		}
	}
	for _, fn := range m.fns {
		if fn != nil {
			c.function(fn)
		}
	}
	c.values(m.stack[:m.top()])
	c.values(m.kept)
	for len(c.work) > 0 && c.sum <= c.limit {
		v := c.work[len(c.work)-1]
		c.work = c.work[:len(c.work)-1]
		c.object(v.o)
	}
	return c.sum
}

func (c *counter) values(vs []Value) {
	c.sum += int64(len(vs)) * 16
	for _, v := range vs {
		if v.o == nil || v.o == &numberObject || v.o == &boolObject || v.o.flags&flagFrozen != 0 {
			continue
		}
		if _, ok := c.seen[v.o]; ok {
			continue
		}
		c.seen[v.o] = struct{}{}
		if v.o.flags&(flagCow|flagView) != 0 && v.o.flags&flagLent == 0 {
			c.sum += 48 // the content is shared
			continue
		}
		c.work = append(c.work, v)
	}
}

func (c *counter) object(o *object) {
	c.visited++
	c.sum += 48 + int64(len(o.str))
	switch {
	case o.list != nil:
		c.values(o.list.elems)
	case o.dict != nil:
		c.values(o.dict.keys)
		c.values(o.dict.vals)
	case o.kind == KindError:
		c.values([]Value{o.ext.msg, o.ext.payload})
	case o.kind == KindFunction:
		c.function(o.ext.fn)
	}
}

func (c *counter) function(fn *function) {
	if c.cells == nil {
		c.cells = map[*cell]struct{}{}
	}
	for _, u := range fn.up {
		if _, ok := c.cells[u]; !ok {
			c.cells[u] = struct{}{}
			c.values([]Value{u.v})
		}
	}
}
