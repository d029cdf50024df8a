package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/db"
	"hogpen/engine/fetch"
	"hogpen/templates"
)

// Grades of a finding, the better first.
const (
	Fine = "ok"
	Odd  = "warn" // worth a look; nothing is broken
	Bad  = "fail"
)

// Finding is what one check of Doctor found.
type Finding struct {
	Check string // "queue"
	Grade string
	Text  string // a sentence; of what is not fine, what to do
}

const (
	// lateAfter and muchLateAfter are how long a message may wait.
	lateAfter     = time.Minute
	muchLateAfter = 10 * time.Minute
	// clockSlack is how far ahead of the clock something may have happened.
	clockSlack = time.Minute
	// outside is what Doctor asks to see whether requests get out.
	outside       = "https://example.com/"
	outsideWithin = 5 * time.Second
)

// Doctor examines a data folder and its surroundings and changes nothing; a
// server may run meanwhile. The findings stand worst last. Outside is the address
// that is asked for; "" is one that answers everybody.
func Doctor(ctx context.Context, cfg Config, ask string) []Finding {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if ask == "" {
		ask = outside
	}
	d := &doctor{cfg: cfg}
	if d.folder() {
		d.databases(ctx)
		d.clock(ctx)
	}
	d.outgoing(ctx, ask)
	d.templates()
	order := []string{Fine, Odd, Bad}
	slices.SortStableFunc(d.found, func(a, b Finding) int { return slices.Index(order, a.Grade) - slices.Index(order, b.Grade) })
	return d.found
}

type doctor struct {
	cfg   Config
	found []Finding
}

func (d *doctor) say(check, grade, format string, args ...any) {
	d.found = append(d.found, Finding{check, grade, fmt.Sprintf(format, args...)})
}

// folder looks at the data folder; false when there is nothing in it to look at.
func (d *doctor) folder() bool {
	dir := d.cfg.Data
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = errors.New("it is no folder")
	}
	if err != nil {
		d.say("data folder", Bad, "%s cannot be looked into: %v. Name the right one with --data.", dir, err)
		return false
	}
	if _, err := os.Stat(filepath.Join(dir, db.MainFile)); err != nil {
		d.say("data folder", Bad, "%s holds no %s. Name the right one with --data; a new one is made by hogpen serve.", dir, db.MainFile)
		return false
	}
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		d.say("data folder", Bad, "%s cannot be written to: %v. Mount it writable, make room, or run as its owner.", dir, err)
		return true
	}
	_ = f.Close() // nothing was written
	if err := os.Remove(f.Name()); err != nil {
		d.say("data folder", Odd, "%s was left behind: %v. Remove it.", f.Name(), err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		d.say("data folder", Odd, "%s is open to others (mode %04o). It holds secrets: chmod 700 %s.", dir, mode, dir)
	} else {
		d.say("data folder", Fine, "%s is writable and private, %s.", dir, d.server())
	}
	if _, err := os.Stat(filepath.Join(dir, account.KeyFile)); err != nil && d.cfg.SecretKey == "" {
		d.say("secret key", Bad, "%s is not in the folder, and --secret-key names none: secret inputs cannot be opened. Put it back from a backup.", account.KeyFile)
	}
	return true
}

// server tells whether one works on the folder.
func (d *doctor) server() string {
	path := filepath.Join(d.cfg.Data, lockFile)
	if _, err := os.Stat(path); err != nil {
		return "no server works on it"
	}
	l := flock.New(path, flock.SetPermissions(0o600))
	ok, err := l.TryRLock()
	if err != nil || !ok {
		return "a server works on it"
	}
	if err := l.Unlock(); err != nil {
		return "its lock is stuck"
	}
	return "no server works on it"
}

func (d *doctor) databases(ctx context.Context) {
	files, q, err := db.Look(ctx, d.cfg.Data, d.cfg.Now())
	if err != nil {
		d.say("databases", Bad, "%v", err)
		return
	}
	broken := false
	for _, f := range files {
		switch {
		case f.Fault != nil:
			broken = broken || f.Name == db.QueueFile
			d.say(f.Name, Bad, "it is damaged or cannot be read: %v. Restore a backup.", f.Fault)
		case len(f.Pending) > 0:
			d.say(f.Name, Odd, "%d migrations are to be applied; hogpen serve does that at its start.", len(f.Pending))
		default:
			d.say(f.Name, Fine, "it is sound, %.1f MB.", float64(f.Bytes)/1e6)
		}
	}
	if !broken {
		d.queue(q)
	}
}

func (d *doctor) queue(q db.QueueLook) {
	switch wait := q.Oldest.Round(time.Second); {
	case wait > muchLateAfter:
		d.say("queue", Bad, "%d messages wait, the first of them for %s. Is a server running, and is a destination down?", q.Messages, wait)
	case wait > lateAfter:
		d.say("queue", Odd, "%d messages wait, the first of them for %s.", q.Messages, wait)
	default:
		d.say("queue", Fine, "%d messages wait, none for long.", q.Messages)
	}
	if q.Dead > 0 {
		d.say("dead letters", Odd, "the queue gave up %d messages. Look at them on the page Dead letters.", q.Dead)
	}
}

// clock looks for what happened later than now: then the clock was set back, or
// is wrong.
func (d *doctor) clock(ctx context.Context) {
	store, err := db.Open(ctx, db.Options{Dir: d.cfg.Data, NoMigrate: true, Now: d.cfg.Now})
	if err != nil {
		return // its file has said so already
	}
	newest, err := store.NewestEventAt(ctx)
	if err = errors.Join(err, store.Close()); err != nil {
		d.say("clock", Odd, "what it is to be compared with cannot be read: %v.", err)
		return
	}
	if ahead := newest.Sub(d.cfg.Now()); ahead > clockSlack {
		d.say("clock", Bad, "the last event came %s later than now. Set the clock.", ahead.Round(time.Second))
		return
	}
	d.say("clock", Fine, "it is %s.", d.cfg.Now().UTC().Format(time.RFC3339))
}

// outgoing asks an address outside as a function would.
func (d *doctor) outgoing(ctx context.Context, ask string) {
	rules, err := fetch.ParseRules(d.cfg.FetchAllow)
	if err != nil {
		d.say("outgoing HTTP", Bad, "--fetch-allow: %v.", err)
		return
	}
	client := fetch.New(fetch.Config{Allow: rules, Timeout: outsideWithin, UserAgent: "Hogpen/" + Build().Version, Proxy: http.ProxyFromEnvironment})
	defer client.Close()
	began := time.Now()
	res, err := client.Do(ctx, fetch.Request{Method: http.MethodGet, URL: ask})
	if err != nil {
		d.say("outgoing HTTP", Odd, "%s did not answer: %v. Destinations outside cannot be reached from here.", ask, err)
		return
	}
	d.say("outgoing HTTP", Fine, "%s answered %d after %s.", ask, res.Status, time.Since(began).Round(time.Millisecond))
}

func (d *doctor) templates() {
	functions := &cdp.Functions{}
	all := templates.All()
	broken := 0
	for _, t := range all {
		if functions.Check(t.Type, t.Code).Failed() {
			broken++
			d.say("templates", Bad, "%s does not compile. Report it: this build is broken.", t.ID)
		}
	}
	if broken == 0 {
		d.say("templates", Fine, "all %d compile.", len(all))
	}
}
