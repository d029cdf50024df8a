package executor

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"hogpen/cdp"
)

const (
	// long is how much a program may compute before it counts as heavy.
	long = 25 * time.Millisecond
	// A step of few operations that took no more than slow was not computing:
	// the processors were busy with others.
	fewOps = 100_000
	slow   = 200 * time.Millisecond
)

// gate decides which programs of destinations compute at the same time, so
// that those which compute much never hold up those which end soon.
//
// Light functions share a few slots for each processor. A step that takes
// longer than it should gives its slot back while it goes on, and until it
// ends its function is heavy, as is one whose steps were long: heavy functions
// share half of the processors, one after the other in turn, whatever each of
// them has waiting. A function whose steps become short is light again.
type gate struct {
	light   chan struct{}
	tickets sync.Pool

	mu    sync.Mutex
	heavy int // slots that are free
	// waiting are the steps of each heavy function, turn the functions.
	waiting map[cdp.FunctionID][]chan struct{}
	turn    []cdp.FunctionID
}

// pace is how long the steps of one function take, as a moving average, and
// how many are overdue at the moment.
type pace struct {
	nanos atomic.Int64
	late  atomic.Int32
}

func (p *pace) heavy() bool {
	return p.late.Load() > 0 || time.Duration(p.nanos.Load()) > long*3/4
}

func (p *pace) observe(took time.Duration, ops int64) {
	if ops < fewOps && took < slow {
		took = 0
	}
	old := p.nanos.Load()
	p.nanos.Store(old + (int64(took)-old)/8) // a lost update matters little
}

func newGate() *gate {
	n := runtime.GOMAXPROCS(0)
	return &gate{light: make(chan struct{}, 4*n), heavy: max(1, n/2), waiting: map[cdp.FunctionID][]chan struct{}{}}
}

// run does a step when it may, and tells how long it took. The error is that
// of ctx; the step was then not done.
func (g *gate) run(ctx context.Context, f *Function, step func() (ops int64)) (time.Duration, error) {
	if f.pace.heavy() {
		return g.runHeavy(ctx, f, step)
	}
	select {
	case g.light <- struct{}{}:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if f.pace.heavy() { // it became so meanwhile
		<-g.light
		return g.runHeavy(ctx, f, step)
	}
	t := g.ticket(f)
	defer g.end(t)
	return f.pace.timed(step), nil
}

// ticket is a light slot that is taken back when its step takes long.
type ticket struct {
	g     *gate
	f     *Function
	timer *time.Timer
	given atomic.Bool // the slot is free again
}

func (g *gate) ticket(f *Function) *ticket {
	t, ok := g.tickets.Get().(*ticket)
	if !ok {
		t = &ticket{g: g, f: f}
		t.timer = time.AfterFunc(long, t.overdue)
		return t
	}
	t.f = f
	t.given.Store(false)
	t.timer.Reset(long)
	return t
}

func (t *ticket) overdue() {
	t.f.pace.late.Add(1)
	if !t.given.Swap(true) {
		<-t.g.light
		return
	}
	t.f.pace.late.Add(-1) // it has just ended
}

func (g *gate) end(t *ticket) {
	stopped := t.timer.Stop()
	if !t.given.Swap(true) {
		<-g.light
	} else {
		t.f.pace.late.Add(-1)
	}
	if stopped { // else overdue may still be on its way
		g.tickets.Put(t)
	}
}

func (p *pace) timed(step func() (ops int64)) time.Duration {
	began := time.Now()
	ops := step()
	took := time.Since(began)
	p.observe(took, ops)
	return took
}

func (g *gate) runHeavy(ctx context.Context, f *Function, step func() (ops int64)) (time.Duration, error) {
	if err := g.enter(ctx, f.ID); err != nil {
		return 0, err
	}
	defer g.leave()
	return f.pace.timed(step), nil
}

func (g *gate) enter(ctx context.Context, f cdp.FunctionID) error {
	g.mu.Lock()
	if g.heavy > 0 {
		g.heavy--
		g.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	if len(g.waiting[f]) == 0 {
		g.turn = append(g.turn, f)
	}
	g.waiting[f] = append(g.waiting[f], mine)
	g.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-mine: // in the last moment
		g.hand()
	default:
		g.forget(f, mine)
	}
	return ctx.Err()
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hand()
}

// hand gives a free slot to the function whose turn it is. Needs mu.
func (g *gate) hand() {
	if len(g.turn) == 0 {
		g.heavy++
		return
	}
	f := g.turn[0]
	g.turn = g.turn[1:]
	close(g.waiting[f][0])
	if g.waiting[f] = g.waiting[f][1:]; len(g.waiting[f]) > 0 {
		g.turn = append(g.turn, f)
	} else {
		delete(g.waiting, f)
	}
}

func (g *gate) forget(f cdp.FunctionID, mine chan struct{}) {
	list := g.waiting[f]
	for i, w := range list {
		if w == mine {
			g.waiting[f] = append(list[:i], list[i+1:]...)
			break
		}
	}
	if len(g.waiting[f]) > 0 {
		return
	}
	delete(g.waiting, f)
	for i, id := range g.turn {
		if id == f {
			g.turn = append(g.turn[:i], g.turn[i+1:]...)
			return
		}
	}
}
