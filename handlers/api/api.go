package api

import (
	"context"
	"errors"
	"time"

	"hogpen/account"
	"hogpen/cdp"
)

// FunctionReader reads functions.
type FunctionReader interface {
	Function(ctx context.Context, project cdp.ProjectID, id cdp.FunctionID) (*cdp.Function, error)
	Functions(ctx context.Context, q cdp.FunctionQuery) (cdp.FunctionPage, error)
	// ProjectFunctions are all that are not deleted.
	ProjectFunctions(ctx context.Context, project cdp.ProjectID) ([]*cdp.Function, error)
	TemplateUsage(ctx context.Context) (map[string]int, error)
	// Revisions are saved states of a function, newest first and without
	// content, and how many there are in all.
	Revisions(ctx context.Context, project cdp.ProjectID, id cdp.FunctionID, limit, offset int) ([]cdp.Revision, int, error)
	Revision(ctx context.Context, project cdp.ProjectID, id cdp.FunctionID, version int) (cdp.Revision, error)
}

// Telemetry reads what functions did.
type Telemetry interface {
	Logs(ctx context.Context, q cdp.LogQuery) ([]cdp.LogEntry, error)
	Metrics(ctx context.Context, q cdp.MetricQuery) (cdp.Series, error)
	MetricTotals(ctx context.Context, q cdp.MetricQuery) (map[string]int64, error)
}

// People reads users and what they belong to.
type People interface {
	User(ctx context.Context, id cdp.UserID) (account.User, error)
	Users(ctx context.Context) ([]account.User, error)
	Organizations(ctx context.Context, user cdp.UserID) ([]account.Organization, error)
	Projects(ctx context.Context, user cdp.UserID) ([]cdp.Project, error)
}

// Activities reads the activity log.
type Activities interface {
	Activities(ctx context.Context, q cdp.ActivityQuery) ([]cdp.Activity, error)
	ActivityCount(ctx context.Context, q cdp.ActivityQuery) (int, error)
}

// Tester runs a function once on a sample event.
type Tester interface {
	Test(ctx context.Context, req cdp.TestRequest) (cdp.TestResult, error)
}

// Statuses tells how functions fare. An error is never shown: the status is
// then unknown.
type Statuses interface {
	Statuses(ctx context.Context, project cdp.ProjectID, ids []cdp.FunctionID) (map[cdp.FunctionID]cdp.Status, error)
}

// Gallery is the templates to start from.
type Gallery interface {
	All() []*cdp.Template // by name
	Get(id string) (*cdp.Template, bool)
	Icon(id string) ([]byte, bool) // SVG
}

// Config is what a Handler is made of.
type Config struct {
	Functions  *cdp.Functions
	Reader     FunctionReader
	Telemetry  Telemetry
	People     People
	Activities Activities
	Tester     Tester
	Gallery    Gallery
	Reruns     Reruns
	Broadcasts Broadcasts
	// DeadLetters and LetterReader are what came to nothing.
	DeadLetters  DeadLetters
	LetterReader LetterReader
	Internals    Internals
	Accounts     *account.Accounts
	Settings     *cdp.ProjectSettings
	Named        Named
	Actions      *cdp.Actions
	Cohorts      *cdp.Cohorts
	Traces       Traces
	Statuses     Statuses         // nil: every enabled function is healthy
	Now          func() time.Time // time.Now when nil
}

// Traces tells what became of an event; *cdp.Traces is one.
type Traces interface {
	Trace(ctx context.Context, p cdp.ProjectID, uuid string) (cdp.Trace, error)
}

// Handler answers programs.
type Handler struct {
	c     Config
	heads heads
}

// New makes a Handler and refuses what is missing.
func New(c Config) (*Handler, error) {
	if c.Functions == nil || c.Reader == nil || c.Telemetry == nil || c.People == nil || c.Activities == nil ||
		c.Tester == nil || c.Gallery == nil || c.Reruns == nil || c.Broadcasts == nil || c.Accounts == nil || c.Settings == nil ||
		c.Named == nil || c.Actions == nil || c.Cohorts == nil || c.Traces == nil ||
		c.DeadLetters == nil || c.LetterReader == nil || c.Internals == nil {
		return nil, errors.New("api: functions, reader, telemetry, people, activities, tester, gallery, reruns, broadcasts, dead letters, internal events, accounts, settings, named things, actions, cohorts and traces are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Handler{c: c}, nil
}
