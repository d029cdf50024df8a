package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"hogpen/app"
)

// serve runs everything until SIGTERM or SIGINT.
func serve(ctx context.Context, args []string, s streams) error {
	cfg, rest, err := app.Load("serve", args, s.environ)
	if err != nil {
		return err
	}
	if err := noMore(rest); err != nil {
		return err
	}
	cfg.Log = s.err
	app.SaveMemory(s.environ)
	house, err := app.New(ctx, cfg)
	if err != nil {
		return err
	}
	if err := house.Start(ctx); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	fmt.Fprint(s.out, house.Summary())
	select {
	case <-ctx.Done():
	case err = <-house.Failed():
	}
	stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), app.StopTimeout)
	defer cancel()
	if stopErr := house.Stop(stopCtx); err == nil {
		err = stopErr
	}
	return err
}

// setup creates the first owner; exit code 3 says that there is one already.
func setup(ctx context.Context, args []string, s streams) error {
	var req app.SetupRequest
	asJSON := false
	cfg, err := withData("setup", args, s, func(fs *flag.FlagSet) {
		fs.StringVar(&req.Email, "email", "", "the owner's e-mail address")
		fs.StringVar(&req.Password, "password", "", "the owner's password, at least 12 characters")
		fs.StringVar(&req.Name, "name", "", "the owner's name")
		fs.StringVar(&req.Project, "project", "Default project", "the project's name")
		fs.BoolVar(&asJSON, "json", false, "print one JSON object")
	})
	if err != nil {
		return err
	}
	res, err := app.Setup(ctx, cfg, req)
	if app.AlreadySetUp(err) {
		return exit{3, fmt.Errorf("this data folder is set up already; nothing was changed")}
	}
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(s.out).Encode(res)
	}
	fmt.Fprintf(s.out, "user id:          %d\norganization id:  %s\nproject id:       %d\nproject token:    %s\npersonal API key: %s\n",
		res.UserID, res.OrganizationID, res.ProjectID, res.ProjectToken, res.PersonalAPIKey)
	return nil
}

// keyCreate makes a personal API key and shows it, the only time.
func keyCreate(ctx context.Context, args []string, s streams) error {
	var req app.KeyRequest
	scopes, asJSON := "", false
	cfg, err := withData("key create", args, s, func(fs *flag.FlagSet) {
		fs.StringVar(&req.Email, "email", "", "whose key it is")
		fs.StringVar(&req.Label, "label", "", "what it is for")
		fs.StringVar(&scopes, "scopes", "", "comma list such as hog_function:read,hog_function:write, or *")
		fs.BoolVar(&asJSON, "json", false, "print one JSON object")
	})
	if err != nil {
		return err
	}
	for _, sc := range strings.Split(scopes, ",") {
		if sc = strings.TrimSpace(sc); sc != "" {
			req.Scopes = append(req.Scopes, sc)
		}
	}
	key, err := app.CreateKey(ctx, cfg, req)
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(s.out).Encode(map[string]string{"personal_api_key": key})
	}
	fmt.Fprintln(s.out, key)
	return nil
}

// config prints the configuration in force.
func config(_ context.Context, args []string, s streams) error {
	asJSON := false
	args = without(args, "--json", &asJSON)
	cfg, rest, err := app.Load("config", args, s.environ)
	if err != nil {
		return err
	}
	if err := noMore(rest); err != nil {
		return err
	}
	if asJSON {
		enc := json.NewEncoder(s.out)
		enc.SetIndent("", "  ")
		return enc.Encode(cfg.Settings())
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tVALUE\tSOURCE")
	for _, row := range cfg.Settings() {
		fmt.Fprintf(w, "%s\t%s\t%s\n", row.Name, row.Value, row.Source)
	}
	return w.Flush()
}

// version prints what this binary is made of.
func version(_ context.Context, args []string, s streams) error {
	fs := flags("version")
	if err := parse(fs, args); err != nil {
		return err
	}
	b := app.Build()
	_, err := fmt.Fprintf(s.out, "hogpen %s\ncommit %s\n%s\nSQLite %s\n", b.Version, b.Commit, b.Go, b.SQLite)
	return err
}

// withData parses a command's own flags beside --data and --config and gives
// the configuration.
func withData(name string, args []string, s streams, own func(*flag.FlagSet)) (app.Config, error) {
	fs := flags(name)
	own(fs)
	data := fs.String("data", "", "data folder")
	file := fs.String("config", "", "a TOML file with options as keys")
	secret := fs.String("secret-key", "", "seals secret inputs; made in the data folder when empty")
	if err := parse(fs, args); err != nil {
		return app.Config{}, err
	}
	var pass []string
	for flagName, v := range map[string]string{"data": *data, "config": *file, "secret-key": *secret} {
		if v != "" {
			pass = append(pass, "--"+flagName, v)
		}
	}
	cfg, _, err := app.Load(name, pass, s.environ)
	cfg.Log = s.err
	return cfg, err
}

// flags gives an empty flag set that prints nothing by itself.
func flags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	return fs
}

// parse reads flags that may stand before and after nothing else.
func parse(fs *flag.FlagSet, args []string) error {
	if err := fs.Parse(args); err != nil {
		return app.FlagError(fs, err)
	}
	return noMore(fs.Args())
}

func noMore(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("unexpected argument %q", rest[0])
	}
	return nil
}

// without takes a yes/no flag out of args.
func without(args []string, name string, found *bool) []string {
	var out []string
	for _, a := range args {
		if a == name || a == name[1:] {
			*found = true
			continue
		}
		out = append(out, a)
	}
	return out
}
