package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"hogpen/app"
)

// backup writes a copy of the data folder to a new file.
func backup(ctx context.Context, args []string, s streams) error {
	cfg, file, err := withFile("backup", args, s)
	if err != nil {
		return err
	}
	done, err := app.Backup(ctx, cfg, file)
	if err != nil {
		return err
	}
	return copied(s, done)
}

// restore puts a copy back into an empty data folder; "-" is standard input.
func restore(ctx context.Context, args []string, s streams) error {
	cfg, file, err := withFile("restore", args, s)
	if err != nil {
		return err
	}
	from := s.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		from = io.Reader(f)
	}
	done, err := app.Restore(ctx, cfg, from)
	if err != nil {
		return err
	}
	return copied(s, done)
}

func copied(s streams, c app.Copied) error {
	_, err := fmt.Fprintf(s.out, "files   %d\nbytes   %d\nsha256  %s\n", c.Files, c.Size, c.SHA256)
	return err
}

// withFile takes the one argument that is no flag out of args, wherever it
// stands.
func withFile(name string, args []string, s streams) (cfg app.Config, file string, err error) {
	var rest []string
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a != "-" && strings.HasPrefix(a, "-"):
			rest = append(rest, a)
			if !strings.Contains(a, "=") && a != "--help" && a != "-h" && i+1 < len(args) {
				i++
				rest = append(rest, args[i])
			}
		case file != "":
			return cfg, "", fmt.Errorf("unexpected argument %q", a)
		default:
			file = a
		}
	}
	cfg, err = withData(name, rest, s, func(*flag.FlagSet) {})
	if err == nil && file == "" {
		err = fmt.Errorf("name the file: hogpen %s FILE", name)
	}
	return cfg, file, err
}
