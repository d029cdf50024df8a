// Command hogpen is the whole of Hogpen: the server, its administration and
// the Hog language on the command line. This package reads flags and prints
// results; everything else is done by package app and package hog.
//
// Every command is a function of one shape, listed in the table commands. It
// prints nothing but its result on stdout; errors are one sentence on stderr.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"hogpen/app"
)

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
	environ  []string
}

// command is one row of the command line. Its name may be two words.
type command struct {
	name    string
	args    string // what follows the name, for help
	help    string // one line
	example string
	run     func(ctx context.Context, args []string, s streams) error
}

// commands is the whole command line, in the order that help prints it.
func commands() []command {
	all := []command{
		{"serve", "[flags]", "run everything: admin UI, REST API, capture, pipeline", "hogpen serve --demo", serve},
		{"setup", "--email E --password P [--name N] [--project NAME] [--json]", "create the first owner, project and API key without a browser", "hogpen setup --email ada@example.com --password 'a long one' --json", setup},
		{"key create", "--email E --label L --scopes S,… [--json]", "make a personal API key, shown once", "hogpen key create --email ada@example.com --label ci --scopes hog_function:read", keyCreate},
		{"backup", "FILE [--data DIR]", "write a consistent copy of the data folder to a file, while a server runs or not", "hogpen backup hogpen-2026-03-01.backup --data /var/lib/hogpen", backup},
		{"restore", "FILE [--data DIR]", "put a backup back into an empty data folder; - is standard input", "hogpen restore hogpen-2026-03-01.backup --data /var/lib/hogpen-new", restore},
		{"doctor", "[--data DIR] [--outside URL]", "check data folder, databases, queue, clock, outgoing HTTP and templates", "hogpen doctor --data /var/lib/hogpen", doctor},
		{"config", "[flags] [--json]", "print the configuration in force and where each value came from", "hogpen config --json", config},
		{"version", "", "print version, commit, Go and SQLite versions", "hogpen version", version},
	}
	return append(all, hogCommands()...)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr, os.Environ()})
	stop()
	os.Exit(code)
}

// exit is an error that carries an exit code and, perhaps, nothing to print.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

// run finds the command and turns its error into an exit code.
func run(ctx context.Context, args []string, s streams) int {
	cmd, rest, err := pick(args)
	if err != nil {
		fmt.Fprintln(s.err, "hogpen: "+err.Error())
		return 1
	}
	if cmd == nil {
		usage(s.out)
		return 0
	}
	err = cmd.run(ctx, rest, s)
	if err == nil {
		return 0
	}
	if errors.Is(err, flag.ErrHelp) {
		commandHelp(s.out, *cmd)
		return 0
	}
	if text := err.Error(); text != "" {
		if !strings.HasSuffix(text, "\n") {
			text = "hogpen: " + text + "\n"
		}
		fmt.Fprint(s.err, text)
	}
	var e exit
	if errors.As(err, &e) {
		return e.code
	}
	return 1
}

// pick matches the longest command name at the front of args; nil means that
// help was asked for.
func pick(args []string) (*command, []string, error) {
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		return nil, nil, nil
	}
	all := commands()
	for n := min(2, len(args)); n > 0; n-- {
		name := strings.Join(args[:n], " ")
		for i := range all {
			if all[i].name == name {
				return &all[i], args[n:], nil
			}
		}
	}
	var names []string
	for _, c := range all {
		if first, _, two := strings.Cut(c.name, " "); two && first == args[0] {
			names = append(names, c.name)
		}
	}
	if len(names) > 0 {
		if len(args) > 1 && (args[1] == "--help" || args[1] == "-h") {
			return nil, nil, nil
		}
		return nil, nil, fmt.Errorf("%q needs one of: %s", args[0], strings.Join(names, ", "))
	}
	for _, c := range all {
		names = append(names, c.name)
	}
	return nil, nil, fmt.Errorf("unknown command %q%s; hogpen help lists them", args[0], app.DidYouMean(args[0], names))
}

func usage(w io.Writer) {
	fmt.Fprint(w, "Hogpen takes product events in and lets hog functions change, filter and forward them.\n\nUsage: hogpen COMMAND [flags]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-12s %s\n", c.name, c.help)
	}
	fmt.Fprint(w, "\nhogpen COMMAND --help tells more.\n")
}

func commandHelp(w io.Writer, c command) {
	fmt.Fprintf(w, "%s\n\nUsage:   hogpen %s %s\nExample: %s\n", strings.ToUpper(c.help[:1])+c.help[1:]+".", c.name, c.args, c.example)
	if c.name != "serve" && c.name != "config" {
		return
	}
	fmt.Fprintln(w, "\nFlags, each also as an environment variable (HOGPEN_…) and a key of the file that --config names:")
	for _, o := range app.Options() {
		def := ""
		if o.Default != "" {
			def = " (" + o.Default + ")"
		}
		fmt.Fprintf(w, "  --%-16s %s%s\n", o.Name, o.Help, def)
	}
}
