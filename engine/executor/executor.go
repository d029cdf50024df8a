package executor

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"hogpen/cdp"
	"hogpen/engine/fetch"
	"hogpen/hog/bytecode"
	"hogpen/hog/stl"
	"hogpen/hog/vm"
)

// Defaults of Limits (runtime specification 6.1 and 14).
const (
	DefaultTime       = 550 * time.Millisecond
	DefaultFilterTime = 500 * time.Millisecond
	DefaultMemory     = 64 << 20
	DefaultAsyncSteps = 5
	DefaultAttempts   = 3
	hashTime          = 50 * time.Millisecond
	maxSleep          = 60 * time.Second
	maxRetryAfter     = 300 * time.Second
	maxBackoff        = 30 * time.Second
)

// Fetch makes one HTTP request; fetch.Client.Do is one.
type Fetch func(ctx context.Context, r fetch.Request) (fetch.Response, error)

// Places knows the places of IP addresses; a geoip.Database is one.
type Places interface {
	// Lookup gives a frozen dict, and null for what is no address or not known.
	Lookup(ip string) vm.Value
}

// Config is what an Executor needs.
type Config struct {
	// Fetch makes the requests of functions.
	Fetch Fetch
	// Sealer opens secret inputs; without it, functions that have some do not
	// compile.
	Sealer cdp.Sealer
	// BaseURL is the site's address, without a slash at the end.
	BaseURL string
	// OwnHosts are host names, with port unless it is the default one, at which
	// this site takes events in: fetches to them are watched for loops.
	OwnHosts []string
	// Places is what geoipLookup asks; without it nothing is known of any
	// address.
	Places Places
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// NewID makes a random UUID; version 7 when nil.
	NewID func() string
	// Backoff gives the pause after n attempts; the default is that of
	// runtime specification 6.4.
	Backoff func(n int) time.Duration
	// Time bounds a program's own running time; DefaultTime when 0.
	Time time.Duration
	// Attempts bounds the tries of one fetch; DefaultAttempts when 0.
	Attempts int
}

// Executor compiles and runs functions. It may be used by many goroutines.
type Executor struct {
	cfg      Config
	base     string
	baseText vm.Value // base, for programs
	now      func() time.Time
	newID    func() string
	machines sync.Pool
	readers  sync.Pool // of JSON, which remember the keys of events
	// transformations are the pooled parts of their runs.
	transformations sync.Pool
	gate            *gate // for programs of destinations that compute
	own             map[string]bool
	seeds           [2]maphash.Seed // of Trace
}

// New makes an Executor. Fetch must be there.
func New(cfg Config) (*Executor, error) {
	if cfg.Fetch == nil {
		return nil, errors.New("executor: Fetch is needed")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Backoff == nil {
		cfg.Backoff = backoff
	}
	if cfg.Time <= 0 {
		cfg.Time = DefaultTime
	}
	if cfg.Attempts <= 0 {
		cfg.Attempts = DefaultAttempts
	}
	if cfg.NewID == nil {
		cfg.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	x := &Executor{
		cfg: cfg, base: strings.TrimRight(cfg.BaseURL, "/"), now: cfg.Now, newID: cfg.NewID,
		gate: newGate(), own: map[string]bool{}, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
	}
	x.baseText = vm.String(x.base)
	x.machines.New = func() any { return new(vm.Machine) }
	x.readers.New = func() any { return new(vm.JSONReader) }
	x.transformations.New = newTransformation
	for _, h := range cfg.OwnHosts {
		x.own[strings.ToLower(h)] = true
	}
	return x, nil
}

// backoff is one second for each attempt made and up to one more by chance,
// so that what failed together does not come back together.
func backoff(n int) time.Duration {
	return min(time.Duration(n)*time.Second+rand.N(time.Second), maxBackoff)
}

// load reads PostHog bytecode as JSON and translates it.
func (x *Executor) load(raw []byte, functions, async []string) (*vm.Program, error) {
	p, err := bytecode.Decode(raw)
	if err != nil {
		return nil, fmt.Errorf("read bytecode: %w", err)
	}
	return vm.Load(p, vm.LoadOptions{Library: stl.Library(), Functions: functions, Async: async})
}

// parse reads JSON into frozen values.
func (x *Executor) parse(raw []byte) (vm.Value, error) {
	r := x.readers.Get().(*vm.JSONReader)
	defer x.readers.Put(r)
	return r.Parse(raw, vm.JSONOptions{Freeze: true})
}

func (x *Executor) programBudget() vm.Budget {
	return vm.Budget{Time: x.cfg.Time, Memory: DefaultMemory, AsyncSteps: DefaultAsyncSteps}
}

func (x *Executor) filterBudget() vm.Budget {
	return vm.Budget{Time: DefaultFilterTime, Memory: DefaultMemory, AsyncSteps: -1}
}

// outcome is how a program's run, or a part of it, ended.
type outcome struct {
	value     vm.Value
	err       error
	suspended *vm.Suspension
	ops       int64
	memory    int64
	took      time.Duration // all of the program's running time so far
}

// runOnce runs a program that is not resumed here.
func (x *Executor) runOnce(p *vm.Program, globals vm.Value, b vm.Budget, functions map[string]vm.HostFunc) outcome {
	m := x.machines.Get().(*vm.Machine)
	defer x.machines.Put(m)
	began := time.Now()
	out := ended(m.Run(context.Background(), p, globals, vm.Env{Functions: functions, Now: x.now}, b))
	out.took = time.Since(began)
	return out
}

// ended leaves out the machine's own clock, which short runs never read.
func ended(r vm.Result, err error) outcome {
	return outcome{value: r.Value, err: err, suspended: r.Suspended, ops: r.Ops, memory: r.MaxMemory}
}

// shortText is a program's error without the class of the machine's faults,
// as PostHog words it for filters and inputs.
func shortText(err error) string {
	var re *vm.RuntimeError
	if errors.As(err, &re) {
		return re.Message
	}
	return err.Error()
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
