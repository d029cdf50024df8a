package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"hogpen/app"
	"hogpen/hog"
	"hogpen/hog/ast"
	"hogpen/hog/bytecode"
	"hogpen/hog/javascript"
	"hogpen/hog/printer"
	"hogpen/hog/stl"
	"hogpen/hog/vm"
)

// hogCommands are the language without a server.
func hogCommands() []command {
	return []command{
		{"hog run", "[--globals FILE.json] [--timeout 1s] [--steps N] FILE", "compile a Hog program and run it; - is standard input", "hogpen hog run --globals event.json hello.hog", hogRun},
		{"hog compile", "[--template | --expr] FILE", "compile to PostHog bytecode, one JSON array", "hogpen hog compile --template greeting.txt", hogCompile},
		{"hog exec", "[--globals FILE.json] [--timeout 1s] [--steps N] FILE.json", "run PostHog bytecode", "hogpen hog exec hello.json", hogExec},
		{"hog check", "[--json] FILE...", "show what is wrong with programs", "hogpen hog check --json *.hog", hogCheck},
		{"hog fmt", "[-w] [-d] [-l] FILE...", "print tidy source; -w writes, -d shows a diff, -l lists files that would change", "hogpen hog fmt -w *.hog", hogFmt},
		{"hog disasm", "FILE.json", "show bytecode as instructions", "hogpen hog disasm hello.json", hogDisasm},
		{"hog js", "[--template | --expr] FILE", "translate to JavaScript, with the library functions it needs in front", "hogpen hog js hello.hog", hogJS},
		{"hog ast", "FILE", "show the tree of a program", "hogpen hog ast hello.hog", hogAST},
	}
}

// limits are the flags of the commands that run programs.
type limits struct {
	globals string
	timeout time.Duration
	steps   int64
}

func (l *limits) flags(fs *flag.FlagSet) {
	fs.StringVar(&l.globals, "globals", "", "a JSON file with an object of globals")
	fs.DurationVar(&l.timeout, "timeout", vm.DefaultTime, "how long the program may run")
	fs.Int64Var(&l.steps, "steps", 0, "how many operations it may perform; 0 is any number")
}

func hogRun(ctx context.Context, args []string, s streams) error {
	var l limits
	file, err := oneFile("hog run", args, l.flags)
	if err != nil {
		return err
	}
	src, err := read(file, s)
	if err != nil {
		return err
	}
	prog, faults := hog.Compile(string(src), compileOptions())
	if faults.Failed() {
		return diagnosed(file, string(src), faults)
	}
	return execute(ctx, prog, string(src), l, s)
}

func hogExec(ctx context.Context, args []string, s streams) error {
	var l limits
	file, err := oneFile("hog exec", args, l.flags)
	if err != nil {
		return err
	}
	prog, err := readBytecode(file, s)
	if err != nil {
		return err
	}
	return execute(ctx, prog, "", l, s)
}

// execute runs a program to its end and answers sleep by sleeping.
func execute(ctx context.Context, p *bytecode.Program, src string, l limits, s streams) error {
	globals := vm.NewDict(0)
	if l.globals != "" {
		raw, err := read(l.globals, s)
		if err != nil {
			return err
		}
		if globals, err = vm.ParseJSON(raw, vm.JSONOptions{}); err != nil {
			return fmt.Errorf("%s: %w", l.globals, err)
		}
		if !globals.IsDict() {
			return fmt.Errorf("%s: globals must be a JSON object", l.globals)
		}
	}
	loaded, err := vm.Load(p, vm.LoadOptions{Library: stl.Library()})
	if err != nil {
		return err
	}
	var m vm.Machine
	env := vm.Env{Print: func(line string) { fmt.Fprintln(s.out, line) }}
	budget := vm.Budget{Time: l.timeout, Steps: l.steps}
	res, err := m.Run(ctx, loaded, globals, env, budget)
	for err == nil && res.Suspended != nil {
		if err = sleep(ctx, res.Suspended); err == nil {
			res, err = m.Resume(ctx, loaded, res.Suspended.State, vm.Value{}, globals, env, budget)
		}
	}
	if err != nil {
		return exit{1, errors.New(vm.Explain(err, src) + "\n")}
	}
	return nil
}

func sleep(ctx context.Context, call *vm.Suspension) error {
	var seconds float64
	if len(call.Args) > 0 {
		seconds = vm.ToNumber(call.Args[0])
	}
	if !(seconds >= 0 && seconds <= 3600) {
		return fmt.Errorf("sleep takes a number of seconds from 0 to 3600")
	}
	select {
	case <-time.After(time.Duration(seconds * float64(time.Second))):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func hogCompile(_ context.Context, args []string, s streams) error {
	var template, expr bool
	file, err := oneFile("hog compile", args, func(fs *flag.FlagSet) {
		fs.BoolVar(&template, "template", false, "the file is an input template")
		fs.BoolVar(&expr, "expr", false, "the file is one expression")
	})
	if err != nil {
		return err
	}
	src, err := read(file, s)
	if err != nil {
		return err
	}
	text := string(src)
	compile := hog.Compile
	switch {
	case template && expr:
		return errTwoForms
	case template:
		// An editor ends the file with a line break that the template has not.
		text, compile = strings.TrimSuffix(text, "\n"), hog.CompileTemplate
	case expr:
		compile = hog.CompileExpr
	}
	prog, faults := compile(text, compileOptions())
	if faults.Failed() {
		return diagnosed(file, text, faults)
	}
	fmt.Fprintln(s.out, prog.String())
	return nil
}

var errTwoForms = errors.New("--template and --expr exclude each other")

// hogJS prints a script that can be run as it is when the program neither
// returns at its top nor reads globals, which the embedding page supplies.
func hogJS(_ context.Context, args []string, s streams) error {
	var template, expr bool
	file, err := oneFile("hog js", args, func(fs *flag.FlagSet) {
		fs.BoolVar(&template, "template", false, "the file is an input template")
		fs.BoolVar(&expr, "expr", false, "the file is one expression")
	})
	if err != nil {
		return err
	}
	src, err := read(file, s)
	if err != nil {
		return err
	}
	text := string(src)
	var tree ast.Node
	var faults ast.Diagnostics
	switch {
	case template && expr:
		return errTwoForms
	case template:
		text = strings.TrimSuffix(text, "\n")
		tree, faults = hog.ParseTemplate(text)
	case expr:
		tree, faults = hog.ParseExpr(text)
	default:
		tree, faults = hog.ParseProgram(text)
	}
	if faults.Failed() {
		return diagnosed(file, text, faults)
	}
	out, faults := javascript.Print(tree, javascript.Options{})
	if faults.Failed() {
		return diagnosed(file, text, faults)
	}
	_, err = fmt.Fprintln(s.out, strings.TrimSuffix(out.Script(javascript.Options{}), "\n"))
	return err
}

// fault is one diagnostic in the form of `hog check --json`.
type fault struct {
	File      string       `json:"file"`
	Line      int          `json:"line"`
	Column    int          `json:"column"`
	EndLine   int          `json:"end_line"`
	EndColumn int          `json:"end_column"`
	Severity  ast.Severity `json:"severity"`
	Message   string       `json:"message"`
	Hint      string       `json:"hint"`
}

func hogCheck(_ context.Context, args []string, s streams) error {
	asJSON := false
	files, err := manyFiles("hog check", args, func(fs *flag.FlagSet) {
		fs.BoolVar(&asJSON, "json", false, "print a JSON array")
	})
	if err != nil {
		return err
	}
	found, failed := []fault{}, false
	for _, file := range files {
		src, err := read(file, s)
		if err != nil {
			return err
		}
		text := string(src)
		_, faults := hog.Compile(text, compileOptions())
		failed = failed || faults.Failed()
		for _, d := range faults {
			from, to := ast.PositionOf(text, int(d.Span.Start)), ast.PositionOf(text, int(d.Span.End))
			found = append(found, fault{file, from.Line, from.Column, to.Line, to.Column, d.Severity, d.Message, d.Hint})
			if !asJSON {
				fmt.Fprintf(s.out, "%s:%s\n", file, d.Render(text))
			}
		}
	}
	if asJSON {
		enc := json.NewEncoder(s.out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(found); err != nil {
			return err
		}
	}
	if failed {
		return exit{code: 1}
	}
	return nil
}

func hogFmt(_ context.Context, args []string, s streams) error {
	var write, show, list bool
	files, err := manyFiles("hog fmt", args, func(fs *flag.FlagSet) {
		fs.BoolVar(&write, "w", false, "write the files")
		fs.BoolVar(&show, "d", false, "show a diff")
		fs.BoolVar(&list, "l", false, "list files that would change")
	})
	if err != nil {
		return err
	}
	differs := false
	for _, file := range files {
		src, err := read(file, s)
		if err != nil {
			return err
		}
		tidy, faults := printer.Format(string(src))
		if faults.Failed() {
			return diagnosed(file, string(src), faults)
		}
		changed := tidy != string(src)
		differs = differs || changed
		switch {
		case list && changed:
			fmt.Fprintln(s.out, file)
		case show && changed:
			s.out.Write(diff.Diff(file, src, file+" (tidy)", []byte(tidy)))
		case !write && !list && !show:
			io.WriteString(s.out, tidy)
		}
		if write && changed && file != "-" {
			if err := os.WriteFile(file, []byte(tidy), 0o644); err != nil {
				return err
			}
		}
	}
	if (list || show) && differs {
		return exit{code: 1}
	}
	return nil
}

func hogDisasm(_ context.Context, args []string, s streams) error {
	file, err := oneFile("hog disasm", args, nil)
	if err != nil {
		return err
	}
	prog, err := readBytecode(file, s)
	if err != nil {
		return err
	}
	_, err = io.WriteString(s.out, bytecode.Disassemble(prog))
	return err
}

func hogAST(_ context.Context, args []string, s streams) error {
	file, err := oneFile("hog ast", args, nil)
	if err != nil {
		return err
	}
	src, err := read(file, s)
	if err != nil {
		return err
	}
	tree, faults := hog.ParseProgram(string(src))
	if faults.Failed() {
		return diagnosed(file, string(src), faults)
	}
	_, err = fmt.Fprintln(s.out, strings.TrimRight(ast.DumpIndented(tree), "\n"))
	return err
}

// compileOptions compiles for this command line: the library and sleep.
func compileOptions() hog.Options {
	known := map[string]hog.FuncInfo{}
	for name, a := range stl.Info() {
		known[name] = hog.FuncInfo(a)
	}
	return hog.Options{Functions: known, HostFunctions: []string{"sleep"}, Repair: true}
}

// diagnosed is every fault with its place, on stderr, and exit code 1.
func diagnosed(file, src string, faults ast.Diagnostics) error {
	var b strings.Builder
	for _, d := range faults {
		fmt.Fprintf(&b, "%s:%s\n", file, d.Render(src))
	}
	return exit{1, fmt.Errorf("%s", b.String())}
}

func readBytecode(file string, s streams) (*bytecode.Program, error) {
	raw, err := read(file, s)
	if err != nil {
		return nil, err
	}
	prog, err := bytecode.Decode(bytes.TrimSpace(raw))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return prog, nil
}

// read gives a file's content; - is standard input.
func read(file string, s streams) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(s.in)
	}
	return os.ReadFile(file)
}

func oneFile(name string, args []string, own func(*flag.FlagSet)) (string, error) {
	files, err := manyFiles(name, args, own)
	if err != nil {
		return "", err
	}
	if len(files) != 1 {
		return "", fmt.Errorf("hogpen %s takes one file, not %d", name, len(files))
	}
	return files[0], nil
}

// manyFiles parses flags that may stand before, between and after files.
func manyFiles(name string, args []string, own func(*flag.FlagSet)) ([]string, error) {
	fs := flags(name)
	if own != nil {
		own(fs)
	}
	var files []string
	for {
		if err := fs.Parse(args); err != nil {
			return nil, app.FlagError(fs, err)
		}
		rest := fs.Args()
		if len(rest) == 0 {
			break
		}
		files, args = append(files, rest[0]), rest[1:]
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("hogpen %s needs a file; - is standard input", name)
	}
	return files, nil
}
