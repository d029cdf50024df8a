package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/prometheus/client_golang/prometheus"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/db"
	"hogpen/engine"
	"hogpen/engine/definitions"
	"hogpen/engine/fetch"
	"hogpen/engine/people"
	"hogpen/handlers/admin"
	"hogpen/handlers/api"
	"hogpen/handlers/capture"
	"hogpen/handlers/public"
	"hogpen/templates"
	"hogpen/web"
	"hogpen/web/session"
)

// StopTimeout is how long Stop may take before what is left is handed back to
// the queue: an acknowledged event is never lost, only later.
const StopTimeout = 30 * time.Second

// pruneEvery is the pause between two looks for telemetry that grew too old.
const pruneEvery = 10 * time.Minute

// recompileEvery is the pause between two looks for filters that are due.
const recompileEvery = 30 * time.Second

// App is a running Hogpen.
type App struct {
	cfg         Config
	log         *slog.Logger
	lock        *flock.Flock
	listener    net.Listener // bound, so that programs may be told the site's address
	store       *db.Store
	queue       *db.Queue
	accounts    *account.Accounts
	functions   *cdp.Functions
	reruns      *cdp.Reruns
	letters     *cdp.DeadLetters
	definitions *definitions.Collector
	engine      *engine.Engine
	fetch       *fetch.Client
	web         *web.Server
	demo        *demo
	warmed      time.Time // when New began

	failed  chan error
	cancel  context.CancelFunc
	workers sync.WaitGroup
	stopped sync.Once
	stopErr error
}

// New builds the parts, opens the data folder and binds the address; nothing
// runs and nobody is answered yet. When it fails, nothing stays open.
func New(ctx context.Context, cfg Config) (*App, error) {
	a := &App{cfg: cfg, warmed: time.Now(), failed: make(chan error, 1)}
	if a.cfg.Now == nil {
		a.cfg.Now = time.Now
	}
	a.log = newLogger(cfg)
	if err := a.build(ctx); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

func (a *App) build(ctx context.Context) error {
	var err error
	if a.lock, err = lock(a.cfg.Data); err != nil {
		return err
	}
	if a.store, err = db.Open(ctx, db.Options{Dir: a.cfg.Data, NoMigrate: a.cfg.NoMigrate, Now: a.cfg.Now}); err != nil {
		return fmt.Errorf("open the data folder %s: %w", a.cfg.Data, err)
	}
	if a.queue, err = db.OpenQueue(ctx, a.cfg.Data, db.QueueOptions{MaxMessages: a.cfg.MaxInbox, Now: a.cfg.Now, Log: a.log}); err != nil {
		return fmt.Errorf("open the queue in %s: %w", a.cfg.Data, err)
	}
	sealer, err := openSealer(a.cfg)
	if err != nil {
		return err
	}
	if a.listener, err = net.Listen("tcp", a.cfg.Addr); err != nil {
		return fmt.Errorf("listen on %s: %w", a.cfg.Addr, err)
	}
	if a.accounts, err = account.New(account.Config{Store: a.store, Now: a.cfg.Now, Log: a.log, Made: a.furnish}); err != nil {
		return err
	}
	if a.cfg.Demo {
		if a.demo, err = newDemo(ctx, a); err != nil {
			return err
		}
		a.cfg.FetchAllow = append(slices.Clone(a.cfg.FetchAllow), a.demo.address())
	}
	if err := a.buildEngine(sealer); err != nil {
		return err
	}
	return a.buildWeb(sealer)
}

func (a *App) buildEngine(sealer *account.Sealer) error {
	rules, err := fetch.ParseRules(a.cfg.FetchAllow)
	if err != nil {
		return fmt.Errorf("--fetch-allow: %w", err)
	}
	a.fetch = fetch.New(fetch.Config{Allow: rules, UserAgent: "Hogpen/" + Build().Version, Proxy: http.ProxyFromEnvironment})
	places, err := a.openPlaces()
	if err != nil {
		return err
	}
	persons, err := people.New(people.Config{Store: a.store, Log: a.log, Now: a.cfg.Now})
	if err != nil {
		return err
	}
	a.definitions = definitions.New(a.store, a.store, a.log)
	a.definitions.GroupIndex = persons.GroupIndex
	a.engine, err = engine.New(engine.Config{
		Queue: a.queue, Functions: a.store, Projects: a.store, Recorder: a.definitions, States: a.store, Windows: a.store, Memory: a.store,
		Letters: a.store, Dead: a.queue,
		Fetch: a.fetch.Do, Sealer: sealer, Places: places, People: persons, BaseURL: a.siteURL(), OwnHosts: a.ownHosts(),
		NoEvents: !a.plays("events"), NoInvocations: !a.plays("invocations"),
		Now: a.cfg.Now, Log: a.log,
	})
	if err != nil {
		return err
	}
	a.definitions.Whole = a.engine.Normalized
	a.reruns = &cdp.Reruns{Store: a.store, Runner: a.engine, Now: a.cfg.Now, Log: a.log}
	a.letters = &cdp.DeadLetters{Store: a.store, Runner: a.engine, Jobs: a.reruns}
	a.functions = &cdp.Functions{
		Store: a.store, Projects: a.store, Sealer: sealer, Templates: templates.Get, Now: a.cfg.Now, SiteURL: a.siteURL(),
		Actions: a.store, Cohorts: a.store, Types: a.store, Watcher: a.engine, Log: a.log, Logged: a.logged,
		Changed: func(p cdp.ProjectID, id cdp.FunctionID) {
			// The save is committed: the person who saved has their answer,
			// and the engine's poll makes up for a notice that got lost.
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			if err := a.engine.Reload(ctx, p, id); err != nil {
				a.log.Error("reload after a save", "function", id, "error", err)
			}
		},
	}
	return nil
}

func (a *App) buildWeb(sealer *account.Sealer) error {
	cookieKey, err := sealer.Derive("cookies")
	if err != nil {
		return err
	}
	sessions, err := session.New(session.Config{Rows: a.store, Users: a.store, Key: cookieKey, BaseURL: a.cfg.BaseURL, Now: a.cfg.Now})
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	if err := registerMetrics(registry, a.engine); err != nil {
		return err
	}
	c := web.Config{
		Sessions: sessions, Projects: a.store, Accounts: a.accounts,
		BaseURL: a.cfg.BaseURL, TrustedProxies: a.cfg.TrustedProxies, Metrics: registry, Log: a.log, Now: a.cfg.Now,
		Failed: func(err error) { a.failed <- err }, // at most once, and there is room
	}
	open := public.Config{Version: Build().Version, Ready: a.ready, Metrics: registry, Log: a.log}
	if a.plays("capture") {
		open.Webhooks = a.engine
		if c.Capture, err = capture.New(capture.Config{Capturer: a.engine, Borrows: true, Projects: a.store, Sites: a.store, Now: a.cfg.Now, Log: a.log}); err != nil {
			return err
		}
	}
	if c.Public, err = public.New(open); err != nil {
		return err
	}
	if a.plays("web") {
		traces := &cdp.Traces{Store: readable{a.store, a.engine}, Functions: a.functions, Checker: a.engine, Status: a.engine.Status}
		programs, err := api.New(api.Config{
			Functions: a.functions, Reader: a.store, Telemetry: a.store, People: a.store, Activities: a.store,
			Tester: a.engine, Gallery: templates.Gallery{}, Reruns: a.reruns, DeadLetters: a.letters, LetterReader: a.store, Internals: a.engine, Statuses: statuses{a.engine}, Now: a.cfg.Now,
			Accounts: a.accounts, Settings: &cdp.ProjectSettings{Store: a.store, Now: a.cfg.Now, Functions: a.functions},
			Named: a.store, Actions: &cdp.Actions{Store: a.store, Functions: a.functions},
			Cohorts: &cdp.Cohorts{Store: a.store, Functions: a.functions}, Traces: traces,
			Broadcasts: &cdp.Broadcasts{Functions: a.functions, Persons: a.store, Runner: a.engine},
		})
		if err != nil {
			return err
		}
		people, err := admin.New(admin.Config{
			Functions: a.functions, Store: readable{a.store, a.engine}, Accounts: a.accounts, Tester: a.engine, Live: a.engine, Status: a.engine.Status,
			Definitions: &cdp.Definitions{Store: a.store}, Traces: traces, Letters: a.letters, Jobs: a.reruns,
			Templates: templates.All, Template: templates.Get, TemplateDocs: templates.Docs,
			Version: Build().Version, Log: a.log, Now: a.cfg.Now,
		})
		if err != nil {
			return err
		}
		c.API, c.Admin, c.ErrorPage = web.APIRoutes(programs), web.AdminRoutes(people), people.ErrorPage
	}
	a.web, err = web.New(c)
	return err
}

// Start starts the parts; when it returns without an error the address is
// bound and requests are answered.
func (a *App) Start(ctx context.Context) error {
	if err := a.engine.Start(ctx); err != nil {
		return err
	}
	if err := a.web.Serve(a.listener); err != nil {
		return err
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a.cancel = cancel
	a.workers.Go(func() { a.prune(run) })
	a.workers.Go(func() { a.definitions.Run(run) })
	a.workers.Go(func() { a.recompile(run) })
	if a.demo != nil {
		if err := a.demo.start(run, a); err != nil {
			return err
		}
	}
	return nil
}

// Failed gives the reason when a part ends by itself.
func (a *App) Failed() <-chan error { return a.failed }

// Addr is the address in use, with the port that was picked for port 0.
func (a *App) Addr() string { return a.listener.Addr().String() }

// Stop takes no new requests, lets work in hand finish or hands it back to
// the queue, writes what is buffered and closes the data folder. It may be
// called twice, and without Start.
func (a *App) Stop(ctx context.Context) error {
	a.stopped.Do(func() {
		err := a.web.Shutdown(ctx)
		if a.cancel != nil {
			a.cancel()
		}
		a.workers.Wait()
		a.stopErr = errors.Join(err, a.close())
	})
	return a.stopErr
}

// close closes what is open, in reverse order of opening.
func (a *App) close() error {
	var errs []error
	if a.demo != nil {
		a.demo.stop()
	}
	if a.reruns != nil {
		a.reruns.Stop()
	}
	if a.engine != nil {
		a.engine.Stop()
	}
	if a.definitions != nil {
		errs = append(errs, a.flushDefinitions())
	}
	if a.fetch != nil {
		a.fetch.Close()
	}
	if a.queue != nil {
		errs = append(errs, a.queue.Close())
	}
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	if a.listener != nil {
		// The web server has closed it, unless it was never started.
		if err := a.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if a.lock != nil {
		errs = append(errs, a.lock.Unlock())
	}
	return errors.Join(errs...)
}

// prune removes telemetry that is older than the configuration keeps it.
func (a *App) prune(ctx context.Context) {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		keep := db.Retention{Events: a.cfg.RetainEvents, Logs: a.cfg.RetainLogs, Metrics: a.cfg.RetainMetrics}
		if _, err := a.store.Prune(ctx, keep); err != nil && ctx.Err() == nil {
			a.log.Error("prune old telemetry", "error", err)
		}
		if err := a.store.PruneSessions(ctx, a.cfg.Now()); err != nil && ctx.Err() == nil {
			a.log.Error("prune old sessions", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// flushDefinitions writes the names that the engine's last events had.
func (a *App) flushDefinitions() error {
	ctx, cancel := context.WithTimeout(context.Background(), StopTimeout)
	defer cancel()
	return a.definitions.Flush(ctx)
}

// recompile brings filters up to date that a crash or a fault left as they
// were.
func (a *App) recompile(ctx context.Context) {
	tick := time.NewTicker(recompileEvery)
	defer tick.Stop()
	for {
		if err := a.functions.RecompileDue(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("compile filters anew", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// ready says why the server cannot work, nil when it can.
func (a *App) ready(ctx context.Context) error {
	if err := a.store.Ready(ctx); err != nil {
		return err
	}
	_, err := a.queue.Stats(ctx, "events")
	return err
}

// Summary is what serve prints once it is up: where to open it and how to
// sign in.
func (a *App) Summary() string {
	var b strings.Builder
	open := a.siteURL()
	fmt.Fprintf(&b, "Hogpen %s is ready after %s.\n\n", Build().Version, time.Since(a.warmed).Round(time.Millisecond))
	fmt.Fprintf(&b, "  Open        %s\n", open)
	switch needs, err := a.accounts.NeedsSetup(context.Background()); {
	case a.demo != nil:
		fmt.Fprintf(&b, "  Sign in     %s with the password %s\n  Project     %s (token %s)\n", demoEmail, demoPassword, a.demo.project.Name, a.demo.project.Token)
		fmt.Fprintf(&b, "  Demo        sample functions send to %s in this process; a few events arrive each second\n", a.demo.address())
	case err == nil && needs:
		fmt.Fprintf(&b, "  First run   open %s/setup and enter the code %s\n", open, a.accounts.SetupCode())
	}
	data := a.cfg.Data
	if at, err := os.Getwd(); err == nil && !strings.HasPrefix(data, "/") {
		data = at + "/" + strings.TrimPrefix(data, "./")
	}
	fmt.Fprintf(&b, "  Data        %s\n  Stop        Ctrl C\n\n", data)
	return b.String()
}

func (a *App) plays(role string) bool { return slices.Contains(a.cfg.Roles, role) }

// siteURL is where people open Hogpen, without a slash at the end.
func (a *App) siteURL() string {
	if a.cfg.BaseURL != "" {
		return strings.TrimRight(a.cfg.BaseURL, "/")
	}
	addr := a.listener.Addr().String()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "http://" + addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// ownHosts are the hosts at which this site takes events in.
func (a *App) ownHosts() []string {
	_, site, _ := strings.Cut(a.siteURL(), "://")
	hosts := []string{site}
	if _, port, err := net.SplitHostPort(a.listener.Addr().String()); err == nil {
		hosts = append(hosts, "127.0.0.1:"+port, "localhost:"+port)
	}
	return hosts
}

// openSealer takes the secret key from the configuration, or from the data
// folder, where the first start makes it.
func openSealer(cfg Config) (*account.Sealer, error) {
	var keys [][]byte
	var err error
	if cfg.SecretKey != "" {
		keys, err = account.ParseKeys(cfg.SecretKey)
	} else {
		keys, err = account.LoadKeys(cfg.Data)
	}
	if err != nil {
		return nil, err
	}
	return account.NewSealer(keys...)
}

// newLogger logs as text on a terminal and as JSON elsewhere, unless the
// configuration says otherwise.
func newLogger(cfg Config) *slog.Logger {
	var w io.Writer = os.Stderr
	if cfg.Log != nil {
		w = cfg.Log
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: level}
	asText := cfg.LogFormat == "text"
	if f, ok := w.(*os.File); ok && cfg.LogFormat == "auto" {
		info, err := f.Stat()
		asText = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	if asText {
		return slog.New(slog.NewTextHandler(w, opts))
	}
	return slog.New(slog.NewJSONHandler(w, opts))
}
