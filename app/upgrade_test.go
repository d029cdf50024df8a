package app_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite"

	"hogpen/app"
	"hogpen/app/apptest"
)

// TestUpgrade gives a data folder the schemas of before the last migration of
// each database, with events that wait and an invocation that is suspended
// until its destination answers, and opens it: they are all carried out.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	const program = `let r := fetch('%s/first', {'body': event.distinct_id})
		if (r.status == 200) { fetch('%s/second', {'body': event.distinct_id}) }`
	h.CreateFunction(t, map[string]any{
		"type": "destination", "name": "Two steps", "enabled": true, "filters": map[string]any{"source": "events"},
		"hog": fmt.Sprintf(program, h.Sink.URL, h.Sink.URL),
	})
	var down atomic.Bool
	down.Store(true)
	h.Sink.Answer(func(r apptest.Request) (int, string) {
		if down.Load() {
			return 503, "down"
		}
		return 200, "{}"
	})
	h.Capture(t, "a", "suspended", nil)
	h.Sink.Wait(t, 1)
	// Only takes events in, and leaves them in the queue.
	h.Restart(t, func(c *app.Config) { c.Roles = []string{"web", "capture"} })
	for i := range 20 {
		h.Capture(t, "a", fmt.Sprint("queued", i), nil)
	}
	h.Stop(t)
	down.Store(false)
	var was []string
	for _, name := range []string{"main", "telemetry", "persons", "queue"} {
		was = append(was, downgrade(t, h.Dir, name))
	}
	t.Logf("the schemas were %v", was)

	h.Restart(t)
	apptest.Eventually(t, func() error {
		missing := map[string]bool{"suspended": true}
		for i := range 20 {
			missing[fmt.Sprint("queued", i)] = true
		}
		for _, r := range h.Sink.Requests() {
			if r.Path == "/second" {
				delete(missing, r.Body)
			}
		}
		if len(missing) > 0 {
			return fmt.Errorf("%d of 21 were not carried out: %v", len(missing), missing)
		}
		return nil
	})
	h.SignIn(t)
	var list struct{ Count int }
	h.MustAPI(t, 200, "GET", h.Project("hog_functions/"), nil, &list)
	if list.Count != 1 {
		t.Errorf("%d functions", list.Count)
	}
}

// downgrade puts what a database holds into a file of the schema before its
// last migration, as far as that has tables and columns for it. It says which
// version that is; a database with one migration stays as it is.
func downgrade(t *testing.T, dir, name string) (version string) {
	t.Helper()
	ctx := t.Context()
	file := filepath.Join(dir, map[string]string{"main": "hogpen.db"}[name])
	if name != "main" {
		file = filepath.Join(dir, name+".db")
	}
	old, err := sql.Open("sqlite", file+".old")
	must(t, err)
	defer old.Close()
	old.SetMaxOpenConns(1)
	steps, err := goose.NewProvider(goose.DialectSQLite3, old, os.DirFS(filepath.Join("..", "db", "migrations", name)), goose.WithTableName("schema_migration"), goose.WithDisableGlobalRegistry(true))
	must(t, err)
	all := steps.ListSources()
	if len(all) < 2 {
		must(t, os.RemoveAll(file+".old"))
		return fmt.Sprint(name, " ", all[0].Version)
	}
	before := all[len(all)-2].Version
	_, err = steps.UpTo(ctx, before)
	must(t, err)
	_, err = old.ExecContext(ctx, "pragma foreign_keys = off")
	must(t, err)
	_, err = old.ExecContext(ctx, "attach $1 as new", file)
	must(t, err)
	now := tables(ctx, t, old, "new")
	for table, columns := range tables(ctx, t, old, "main") {
		columns = slices.DeleteFunc(columns, func(c string) bool { return !slices.Contains(now[table], c) })
		if table == "schema_migration" || len(columns) == 0 {
			continue
		}
		list := strings.Join(columns, ", ")
		_, err := old.ExecContext(ctx, fmt.Sprintf("insert or replace into main.%s (%s) select %s from new.%s", table, list, list, table))
		must(t, err)
	}
	must(t, old.Close())
	for _, suffix := range []string{"", "-wal", "-shm"} {
		must(t, os.RemoveAll(file+suffix))
	}
	must(t, os.Rename(file+".old", file))
	must(t, os.Chmod(file, 0o600))
	return fmt.Sprint(name, " ", before)
}

// tables gives the tables of a schema with the columns that can be written.
func tables(ctx context.Context, t *testing.T, d *sql.DB, schema string) map[string][]string {
	t.Helper()
	rows, err := d.QueryContext(ctx, `
select m.name, c.name
  from `+schema+`.sqlite_master m, pragma_table_xinfo(m.name, '`+schema+`') c
 where m.type = 'table' and m.name not like 'sqlite_%' and m.sql not like 'create virtual%' and c.hidden = 0`)
	must(t, err)
	defer rows.Close()
	out := map[string][]string{}
	for rows.Next() {
		var table, column string
		must(t, rows.Scan(&table, &column))
		out[table] = append(out[table], column)
	}
	must(t, rows.Err())
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
