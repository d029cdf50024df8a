package admin

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"hogpen/account"
	"hogpen/cdp"
)

// Functions are the use cases that change functions; *cdp.Functions is one.
type Functions interface {
	SetState(ctx context.Context, actor cdp.UserID, p cdp.ProjectID, id cdp.FunctionID, state cdp.State) (cdp.Status, error)
	Create(ctx context.Context, actor cdp.UserID, p cdp.ProjectID, c cdp.FunctionChange) (*cdp.Function, error)
	Update(ctx context.Context, actor cdp.UserID, p cdp.ProjectID, id cdp.FunctionID, c cdp.FunctionChange) (*cdp.Function, error)
	Draft(ctx context.Context, actor cdp.UserID, p cdp.ProjectID, id cdp.FunctionID, c cdp.FunctionChange) (*cdp.Function, error)
	Rearrange(ctx context.Context, actor cdp.UserID, p cdp.ProjectID, orders map[cdp.FunctionID]int) ([]cdp.FunctionID, error)
	Check(t cdp.Type, source string) cdp.Diagnostics
}

// Store answers what pages ask; db.Store is one. Absence is a cdp.Error with
// code NotFound.
type Store interface {
	Function(ctx context.Context, p cdp.ProjectID, id cdp.FunctionID) (*cdp.Function, error)
	Functions(ctx context.Context, q cdp.FunctionQuery) (cdp.FunctionPage, error)
	FunctionCounts(ctx context.Context, p cdp.ProjectID) (map[cdp.Type]int, error)
	FunctionNames(ctx context.Context, p cdp.ProjectID, ids []cdp.FunctionID) (map[cdp.FunctionID]string, error)
	FunctionStats(ctx context.Context, p cdp.ProjectID, ids []cdp.FunctionID) (map[cdp.FunctionID]cdp.FunctionStats, error)
	TemplateUsage(ctx context.Context) (map[string]int, error)

	Logs(ctx context.Context, q cdp.LogQuery) ([]cdp.LogEntry, error)
	LogCounts(ctx context.Context, q cdp.LogQuery) (map[cdp.Level]int64, error)
	LogHistogram(ctx context.Context, q cdp.LogQuery, step time.Duration) (cdp.Series, error)
	LastLogSeq(ctx context.Context) (int64, error)
	Metrics(ctx context.Context, q cdp.MetricQuery) (cdp.Series, error)
	MetricTotals(ctx context.Context, q cdp.MetricQuery) (map[string]int64, error)
	RecentEvents(ctx context.Context, q cdp.EventQuery) ([]cdp.Event, error)
	Event(ctx context.Context, p cdp.ProjectID, uuid string) (cdp.Event, error)
	RunsOf(ctx context.Context, p cdp.ProjectID, eventUUID string) ([]cdp.Run, error)
	Runs(ctx context.Context, q cdp.RunQuery) ([]cdp.Run, error)
	Letters(ctx context.Context, q cdp.LetterQuery) ([]cdp.DeadLetter, error)
	CountLetters(ctx context.Context, q cdp.LetterQuery) (int64, error)
	Letter(ctx context.Context, p cdp.ProjectID, id string) (cdp.DeadLetter, error)

	Actions(ctx context.Context, q cdp.ListQuery) ([]cdp.Action, int, error)

	Projects(ctx context.Context, u cdp.UserID) ([]cdp.Project, error)
	Project(ctx context.Context, id cdp.ProjectID) (cdp.Project, error)
	UsersByID(ctx context.Context, ids []cdp.UserID) (map[cdp.UserID]account.User, error)
	Keys(ctx context.Context, u cdp.UserID) ([]account.Key, error)
}

// Definitions knows the names that events and properties of a project have
// had; *cdp.Definitions is one.
type Definitions interface {
	EventNames(ctx context.Context, p cdp.ProjectID, search string, limit int) ([]string, error)
	Properties(ctx context.Context, p cdp.ProjectID, kind, search string, events []string, limit int) ([]cdp.PropertyDefinition, error)
}

// Traces tells what became of an event; *cdp.Traces is one.
type Traces interface {
	Trace(ctx context.Context, p cdp.ProjectID, uuid string) (cdp.Trace, error)
}

// Tester runs a function once without storing or counting anything.
type Tester interface {
	Test(ctx context.Context, r cdp.TestRequest) (cdp.TestResult, error)
}

// Live feeds pages that show what happens as it happens.
type Live interface {
	// Logs gives log entries as they are written; function "" is the whole
	// project. The channel is closed after cancel, and entries are left out
	// when the reader is slow.
	Logs(p cdp.ProjectID, f cdp.FunctionID) (entries <-chan cdp.LogEntry, cancel func())
	// Watch gives events as they come and what becomes of them; under load, of
	// some.
	Watch(p cdp.ProjectID, f cdp.LiveFilter) cdp.LiveFeed
}

// Config is what a Handler is made of. All but Log and Now is required.
type Config struct {
	Functions Functions
	Store     Store
	Accounts  *account.Accounts
	Tester    Tester
	Live      Live
	Traces    Traces
	Letters   DeadLetters
	Jobs      Jobs
	// Definitions offers names in the filters' fields.
	Definitions Definitions
	// Status is a function's state in the watcher's eyes (REST API 10).
	Status func(p cdp.ProjectID, f cdp.FunctionID) cdp.Status
	// Templates lists the gallery; Template finds one entry of it.
	Templates func() []*cdp.Template
	Template  func(id string) (*cdp.Template, bool)
	// TemplateDocs renders a template's documentation to safe HTML.
	TemplateDocs func(*cdp.Template) (string, error)
	Version      string
	Log          *slog.Logger
	Now          func() time.Time
}

// Handler answers people.
type Handler struct {
	c   Config
	log *slog.Logger
	now func() time.Time
}

// New makes a Handler and refuses what is missing.
func New(c Config) (*Handler, error) {
	if c.Functions == nil || c.Store == nil || c.Accounts == nil || c.Tester == nil || c.Live == nil || c.Status == nil ||
		c.Letters == nil || c.Jobs == nil || c.Definitions == nil || c.Templates == nil || c.Template == nil || c.TemplateDocs == nil {
		return nil, errors.New("admin: functions, store, accounts, tester, live feed, dead letters, jobs, status, definitions and templates are required")
	}
	h := &Handler{c: c, log: c.Log, now: c.Now}
	if h.log == nil {
		h.log = slog.Default()
	}
	if h.now == nil {
		h.now = time.Now
	}
	return h, nil
}
