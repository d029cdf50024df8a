package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hogpen/cdp"
	"hogpen/db"
	"hogpen/db/dbtest"
)

func TestFullDiskIsUnavailableAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	f := dbtest.Function(t, s, p.ID, "Before", nil)
	if err := s.FillDisk(ctx, 1); err != nil {
		t.Fatal(err)
	}
	unavailable := func(what string, err error) {
		t.Helper()
		if code(err) != cdp.Unavailable || !strings.Contains(err.Error(), "disk is full") {
			t.Errorf("%s on a full disk: %v", what, err)
		}
		var e *cdp.Error
		if errors.As(err, &e) && e.Cause == nil {
			t.Errorf("%s: no cause for the log", what)
		}
	}
	big := *f
	big.ID, big.Hog = cdp.FunctionID(uuid.NewString()), strings.Repeat("x", 1<<20)
	unavailable("create", s.CreateFunction(ctx, &big))
	if _, err := s.FunctionAny(ctx, p.ID, big.ID); code(err) != cdp.NotFound {
		t.Errorf("the refused function: %v", err)
	}
	changed := *f
	changed.Hog, changed.Name = big.Hog, ptr("After")
	unavailable("update", s.UpdateFunction(ctx, &changed, 1))
	// The row fits, its revision no more: neither may stay.
	if have := must(s.Function(ctx, p.ID, f.ID))(t); have.Title() != "Before" || have.Version != 1 {
		t.Errorf("after a refused update: %s, version %d", have.Title(), have.Version)
	}
	if rs, _, err := s.Revisions(ctx, p.ID, f.ID, 100, 0); err != nil || len(rs) != 1 {
		t.Errorf("%d revisions", len(rs))
	}
	b := batch(p.ID, f.ID, 200)
	for i := range b.Logs {
		b.Logs[i].Message = strings.Repeat("m", 5000)
	}
	unavailable("record", s.Record(ctx, b))
	if es := must(s.RecentEvents(ctx, cdp.EventQuery{Project: p.ID}))(t); len(es) != 0 {
		t.Errorf("half a batch was stored: %d events", len(es))
	}
	// Reading goes on, and with space everything does.
	if page := must(s.Functions(ctx, cdp.FunctionQuery{Project: p.ID}))(t); page.Count != 1 {
		t.Errorf("count %d", page.Count)
	}
	if err := s.FillDisk(ctx, -1); err != nil {
		t.Fatal(err)
	}
	if err := s.Record(ctx, b); err != nil {
		t.Error(err)
	}
	if err := s.UpdateFunction(ctx, &changed, 1); err != nil {
		t.Error(err)
	}
	if err := s.Integrity(ctx); err != nil {
		t.Error(err)
	}
}

func TestLockedDatabaseIsUnavailableAfterTheBusyTime(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	s := must(db.Open(ctx, db.Options{Dir: dir, Busy: 50 * time.Millisecond}))(t)
	defer s.Close()
	_, p := dbtest.Owner(t, s)
	f := dbtest.Function(t, s, p.ID, "Before", nil)
	for _, name := range []string{db.MainFile, db.TelemetryFile} {
		other := must(sql.Open("sqlite", filepath.Join(dir, name)))(t)
		defer other.Close()
		conn := must(other.Conn(ctx))(t)
		if _, err := conn.ExecContext(ctx, "begin immediate"); err != nil {
			t.Fatal(err)
		}
		defer conn.ExecContext(ctx, "rollback")
	}
	began := time.Now()
	for what, err := range map[string]error{
		"update": s.UpdateFunction(ctx, f, 1),
		"user":   s.SetTheme(ctx, 1, "dark"),
		"record": s.Record(ctx, batch(p.ID, f.ID, 1)),
		"ready":  s.Ready(ctx),
	} {
		if code(err) != cdp.Unavailable || !strings.Contains(err.Error(), "busy") {
			t.Errorf("%s while locked: %v", what, err)
		}
	}
	if took := time.Since(began); took < 150*time.Millisecond {
		t.Errorf("four writes gave up after %s in all, without waiting for the lock", took)
	}
	if have := must(s.Function(ctx, p.ID, f.ID))(t); have.Version != 1 {
		t.Errorf("version %d", have.Version)
	}
}

func TestDeadlineEndsAWait(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := must(db.Open(context.Background(), db.Options{Dir: dir, Busy: time.Minute}))(t)
	defer s.Close()
	_, p := dbtest.Owner(t, s)
	f := dbtest.Function(t, s, p.ID, "Before", nil)
	other := must(sql.Open("sqlite", filepath.Join(dir, db.MainFile)))(t)
	defer other.Close()
	conn := must(other.Conn(context.Background()))(t)
	if _, err := conn.ExecContext(context.Background(), "begin immediate"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.UpdateFunction(ctx, f, 1); err == nil {
		t.Error("a write went through a lock")
	}
	if _, err := conn.ExecContext(context.Background(), "rollback"); err != nil {
		t.Fatal(err)
	}
	if err := s.UpdateFunction(context.Background(), f, 1); err != nil {
		t.Errorf("after the lock: %v", err)
	}
}

func TestOpenRefusesWhatIsNoDatabase(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, db.MainFile), []byte(strings.Repeat("not a database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := db.Open(ctx, db.Options{Dir: dir}); err == nil {
		s.Close()
		t.Error("opened a text file as a database")
	}
	if s, err := db.Open(ctx, db.Options{}); err == nil {
		s.Close()
		t.Error("opened no folder")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := db.Open(ctx, db.Options{Dir: file}); err == nil {
		s.Close()
		t.Error("opened a file as a folder")
	}
}

func TestOpenRefusesANewerOrAnOlderSchema(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	if _, err := db.Open(ctx, db.Options{Dir: dir, NoMigrate: true}); code(err) != cdp.Invalid || !strings.Contains(err.Error(), "hogpen migrate") {
		t.Errorf("an empty folder without migrations: %v", err)
	}
	s := must(db.Open(ctx, db.Options{Dir: dir}))(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw := must(sql.Open("sqlite", filepath.Join(dir, db.MainFile)))(t)
	if _, err := raw.ExecContext(ctx, "insert into schema_migration (version_id, is_applied) values (9999, 1)"); err != nil {
		t.Fatal(err)
	}
	raw.Close()
	if _, err := db.Open(ctx, db.Options{Dir: dir}); code(err) != cdp.Invalid || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("a database from the future: %v", err)
	}
}

func TestManyOpenAtOnceMigrateOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	type opened struct {
		s   *db.Store
		err error
	}
	all := make(chan opened)
	for range 4 {
		go func() {
			s, err := db.Open(ctx, db.Options{Dir: dir})
			all <- opened{s, err}
		}()
	}
	applied, want := 0, 0
	for range 4 {
		o := <-all
		if o.err != nil {
			t.Errorf("open: %v", o.err)
			continue
		}
		applied += len(o.s.Migrated())
		defer o.s.Close()
		if all, err := o.s.Schema(ctx); err != nil {
			t.Error(err)
		} else {
			want = len(all)
		}
	}
	if applied != want || want == 0 {
		t.Errorf("%d migrations were applied, want %d", applied, want)
	}
}

func TestReadsAfterCloseFail(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := must(db.Open(ctx, db.Options{Dir: t.TempDir()}))(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"read":  second(s.Users(ctx)),
		"write": s.SetTheme(ctx, 1, "dark"),
		"ready": s.Ready(ctx),
	} {
		if err == nil || errors.Is(err, sql.ErrNoRows) {
			t.Errorf("%s after close: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestCatalogueIsBounded(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	u, p := dbtest.Owner(t, s)
	for i := range db.MaxLoaded + 50 {
		dbtest.Function(t, s, p.ID, fmt.Sprint("Function ", i), nil)
	}
	for range 2 {
		if n := len(must(s.Functions(ctx, cdp.FunctionQuery{Project: p.ID, Limit: 5000}))(t).Functions); n != db.MaxLoaded+50 {
			t.Errorf("%d functions", n)
		}
		if n := s.LoadedFunctions(); n != db.MaxLoaded {
			t.Errorf("%d whole functions in memory, want %d", n, db.MaxLoaded)
		}
	}
	// More projects than are kept: each is still answered.
	for range db.MaxShelves + 5 {
		other := dbtest.Project(t, s, u)
		dbtest.Function(t, s, other.ID, "Only", nil)
		for range 2 {
			if page := must(s.Functions(ctx, cdp.FunctionQuery{Project: other.ID}))(t); page.Count != 1 {
				t.Fatalf("count %d", page.Count)
			}
		}
	}
	if page := must(s.Functions(ctx, cdp.FunctionQuery{Project: p.ID, Limit: 1}))(t); page.Count != db.MaxLoaded+50 {
		t.Errorf("count %d of the first project", page.Count)
	}
}

func TestSimilarityIsThatOfPgTrgm(t *testing.T) {
	t.Parallel()
	// The values are those of PostgreSQL's documentation and of its formula.
	for _, tt := range []struct {
		query, text string
		word, whole float64
	}{
		{"word", "two words", 0.8, 4.0 / 11},
		{"word", "word", 1, 1},
		{"WORD", "a word, or two", 1, 5.0 / 14},
		{"slcak", "Slack notification", 2.0 / 6, 2.0 / 23},
		{"abc", "xyz", 0, 0},
		{"abc", "", 0, 0},
		{"", "abc", 0, 0},
	} {
		if have := db.WordSimilarity(tt.query, tt.text); !near(have, tt.word) {
			t.Errorf("word similarity of %q and %q is %f, want %f", tt.query, tt.text, have, tt.word)
		}
		if have := db.Similarity(tt.query, tt.text); !near(have, tt.whole) {
			t.Errorf("similarity of %q and %q is %f, want %f", tt.query, tt.text, have, tt.whole)
		}
	}
}

func near(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }
