// Package geoip finds the place of an IP address in a file of the MaxMind DB
// format, such as GeoLite2 City, which the operator brings along.
//
// The file is read into memory whole, so that nothing that happens to it on
// disk can harm a lookup; it costs as much memory as the file is long. Every
// few seconds a lookup looks whether the file has changed, and the first one
// that sees a new file reads it. A file that cannot be used is told in the log
// and the one before stays in force.
//
// Records are shared by many addresses. Each is decoded once, into frozen
// values of the Hog machine, and kept until too many are known.
package geoip

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"hogpen/hog/vm"
)

const (
	defaultEvery = 10 * time.Second
	// mostRecords bounds the decoded records; one is a few kilobytes.
	mostRecords = 4096
	// sampled is how many networks are decoded before a file is trusted.
	sampled = 256
	// maxAddress is the longest spelling of an address, with room to spare.
	maxAddress = 64
)

// Config is what a Database needs.
type Config struct {
	// Path is the file's.
	Path string
	// Every is how often the file is looked at; 10 s when 0.
	Every time.Duration
	Log   *slog.Logger     // slog.Default when nil
	Now   func() time.Time // time.Now when nil
}

// Database answers lookups, from any number of goroutines.
type Database struct {
	cfg     Config
	content atomic.Pointer[content]
	next    atomic.Int64 // when to look at the file again, in Unix nanoseconds
	reading sync.Mutex
	bad     stamp // the file that could not be used, so that it is told once
}

// content is one file's, and what was decoded of it.
type content struct {
	reader *maxminddb.Reader
	stamp  stamp

	mu      sync.RWMutex
	records map[uintptr]vm.Value
}

// stamp tells versions of a file apart.
type stamp struct {
	size int64
	time time.Time
}

// Open reads the file. The error says what is wrong with it.
func Open(cfg Config) (*Database, error) {
	if cfg.Every <= 0 {
		cfg.Every = defaultEvery
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	d := &Database{cfg: cfg}
	c, err := read(cfg.Path)
	if err != nil {
		return nil, err
	}
	d.content.Store(c)
	d.next.Store(cfg.Now().Add(cfg.Every).UnixNano())
	return d, nil
}

// Kind is what the file calls itself, such as GeoLite2-City, and when it was made.
func (d *Database) Kind() (name string, made time.Time) {
	m := d.content.Load().reader.Metadata
	return m.DatabaseType, m.BuildTime().UTC()
}

// Lookup gives the record of an address: a frozen dict whose keys are spelled
// in camel case, as PostHog's programs expect them. It is null for what is no
// address and for one that the file does not know.
func (d *Database) Lookup(ip string) vm.Value {
	addr, ok := parse(ip)
	if !ok {
		return vm.Null
	}
	d.refresh()
	c := d.content.Load()
	found := c.reader.Lookup(addr)
	if found.Err() != nil || !found.Found() {
		return vm.Null
	}
	return c.record(found)
}

func parse(ip string) (netip.Addr, bool) {
	if len(ip) > maxAddress {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}

// record decodes a record, or gives it as it was decoded before.
func (c *content) record(r maxminddb.Result) vm.Value {
	at := r.Offset()
	c.mu.RLock()
	v, ok := c.records[at]
	c.mu.RUnlock()
	if ok {
		return v
	}
	var x any
	if r.Decode(&x) == nil {
		v = value(x, 0).Freeze()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.records) >= mostRecords {
		clear(c.records)
	}
	c.records[at] = v
	return v
}

const maxDepth = 16

// value makes a value of what the reader decodes.
func value(x any, depth int) vm.Value {
	if depth > maxDepth {
		return vm.Null
	}
	switch x := x.(type) {
	case string:
		return vm.String(x)
	case bool:
		return vm.Bool(x)
	case float64:
		return vm.Number(x)
	case float32:
		return vm.Number(float64(x))
	case uint64:
		return vm.Number(float64(x))
	case int:
		return vm.Int(x)
	case map[string]any:
		return dict(x, depth)
	case []any:
		items := make([]vm.Value, len(x))
		for i := range x {
			items[i] = value(x[i], depth+1)
		}
		return vm.NewArray(items)
	}
	return vm.Null
}

// dict spells keys in camel case. Its order is that of the names, for a Go
// map has none.
func dict(m map[string]any, depth int) vm.Value {
	d := vm.NewDict(len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		d.Set(camel(k), value(m[k], depth+1))
	}
	return d
}

// camel makes isoCode of iso_code; names of languages, as pt-BR, stay.
func camel(s string) string {
	head, rest, found := strings.Cut(s, "_")
	for found {
		var part string
		part, rest, found = strings.Cut(rest, "_")
		if part != "" {
			part = strings.ToUpper(part[:1]) + part[1:]
		}
		head += part
	}
	return head
}

// refresh reads the file anew when it has changed. Only one goroutine at a
// time does; the others go on with what there is.
func (d *Database) refresh() {
	now := d.cfg.Now()
	if now.UnixNano() < d.next.Load() || !d.reading.TryLock() {
		return
	}
	defer d.reading.Unlock()
	d.next.Store(now.Add(d.cfg.Every).UnixNano())
	at, err := stampOf(d.cfg.Path)
	if err != nil || at == d.content.Load().stamp || at == d.bad {
		return // a file that is away, as in the midst of an update, is no news
	}
	c, err := read(d.cfg.Path)
	if err != nil {
		d.bad = at
		d.cfg.Log.Error("the GeoIP database changed but cannot be used, the one before stays", "error", err)
		return
	}
	d.content.Store(c)
	name, made := d.Kind()
	d.cfg.Log.Info("read the new GeoIP database", "kind", name, "made", made)
}

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, err
	}
	return stamp{info.Size(), info.ModTime()}, nil
}

// read reads a file and tries it: some of its networks are decoded.
func read(path string) (*content, error) {
	at, err := stampOf(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("GeoIP database %s: there is no such file", path)
	}
	if err != nil {
		return nil, fmt.Errorf("GeoIP database: %w", err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("GeoIP database: %w", err)
	}
	r, err := maxminddb.OpenBytes(raw)
	if err != nil {
		return nil, fmt.Errorf("GeoIP database %s is not a whole file of the MaxMind DB format: %w", path, err)
	}
	n := 0
	for network := range r.Networks() {
		var x any
		if err := network.Decode(&x); err != nil {
			return nil, fmt.Errorf("GeoIP database %s is damaged: %w", path, err)
		}
		if _, ok := x.(map[string]any); !ok {
			return nil, fmt.Errorf("GeoIP database %s holds no records of places", path)
		}
		if n++; n == sampled {
			break
		}
	}
	if n == 0 {
		return nil, fmt.Errorf("GeoIP database %s is empty", path)
	}
	return &content{reader: r, stamp: at, records: map[uintptr]vm.Value{}}, nil
}
