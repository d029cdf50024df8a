package main

import (
	"context"
	"flag"
	"fmt"

	"hogpen/app"
)

// doctor examines the data folder and its surroundings; exit code 1 says that
// something is broken.
func doctor(ctx context.Context, args []string, s streams) error {
	outside := ""
	cfg, err := withData("doctor", args, s, func(fs *flag.FlagSet) {
		fs.StringVar(&outside, "outside", "", "the address that is asked for, to see whether requests get out")
	})
	if err != nil {
		return err
	}
	bad := false
	for _, f := range app.Doctor(ctx, cfg, outside) {
		bad = bad || f.Grade == app.Bad
		if _, err := fmt.Fprintf(s.out, "%-4s  %-13s  %s\n", f.Grade, f.Check, f.Text); err != nil {
			return err
		}
	}
	if bad {
		return exit{code: 1}
	}
	return nil
}
