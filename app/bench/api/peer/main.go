// Command peer is PocketBase as a program of its own: one collection with as
// many rows as asked for, open to everyone, so that it need not even look who
// asks. It has an index for the order in which its rows are listed. Once it
// listens it prints "Open" and its address.
//
//	peer -dir /tmp/peer -rows 10000
package main

import (
	"flag"
	"fmt"
	"net"
	"os"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"

	"hogpen/app/bench/api/rows"

	_ "github.com/pocketbase/pocketbase/migrations"
)

func main() {
	dir := flag.String("dir", "", "folder for its data")
	count := flag.Int("rows", 10_000, "how many rows")
	flag.Parse()
	if err := run(*dir, *count); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func run(dir string, count int) error {
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: dir})
	if err := app.Bootstrap(); err != nil {
		return err
	}
	if err := app.RunAllMigrations(); err != nil {
		return err
	}
	if err := fill(app, count); err != nil {
		return err
	}
	app.OnServe().BindFunc(func(e *core.ServeEvent) (err error) {
		e.InstallerFunc = nil // it would open a browser
		if e.Listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return err
		}
		fmt.Println("Open http://" + e.Listener.Addr().String())
		return e.Next()
	})
	return apis.Serve(app, apis.ServeConfig{HttpAddr: "127.0.0.1:0"})
}

// fill makes the collection and its rows in one transaction.
func fill(app core.App, count int) error {
	c := core.NewBaseCollection(rows.Collection)
	everyone := ""
	c.ListRule, c.ViewRule, c.UpdateRule = &everyone, &everyone, &everyone
	c.Fields.Add(
		&core.TextField{Name: "type"}, &core.TextField{Name: "name"}, &core.TextField{Name: "description"}, &core.BoolField{Name: "enabled"},
		&core.TextField{Name: "hog"}, &core.JSONField{Name: "filters"}, &core.TextField{Name: "icon_url"},
		&core.AutodateField{Name: "created", OnCreate: true}, &core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
	)
	c.AddIndex("by_updated", false, "updated", "")
	if err := app.Save(c); err != nil {
		return err
	}
	return app.RunInTransaction(func(tx core.App) error {
		for i := range count {
			r := core.NewRecord(c)
			row := rows.Row(i)
			r.Set("type", "destination")
			r.Set("name", row.Name)
			r.Set("description", row.Description)
			r.Set("enabled", true)
			r.Set("hog", rows.Hog)
			r.Set("filters", rows.Filters)
			if err := tx.SaveNoValidate(r); err != nil {
				return err
			}
		}
		return nil
	})
}
