package app

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// Config is everything an operator can set. Options holds the one table of
// names, defaults and meanings.
type Config struct {
	Addr           string
	Data           string
	BaseURL        string
	TrustedProxies []string
	Database       string
	Queue          string
	Roles          []string
	SecretKey      string
	FetchAllow     []string
	MaxInbox       int64
	GeoIPDatabase  string
	RetainEvents   time.Duration
	RetainLogs     time.Duration
	RetainMetrics  time.Duration
	LogFormat      string
	LogLevel       string
	Demo           bool
	NoMigrate      bool

	// Log takes the server's log; os.Stderr when nil.
	Log io.Writer
	// Now is the clock; time.Now when nil.
	Now func() time.Time

	// sources tells by option name where a value came from.
	sources map[string]string
}

// Option is one row of the table of configuration.
type Option struct {
	Name    string // the flag; HOGPEN_ and upper case for the environment
	Default string
	Help    string
	Secret  bool
	Bool    bool
	set     func(*Config, string) error
	get     func(*Config) string
}

// Env is the name of the option's environment variable.
func (o Option) Env() string {
	return "HOGPEN_" + strings.ToUpper(strings.ReplaceAll(o.Name, "-", "_"))
}

// Options is the table of configuration, in the order `hogpen config` prints.
func Options() []Option {
	return []Option{
		text("addr", "127.0.0.1:8000", "listen address; port 0 picks a free one", func(c *Config) *string { return &c.Addr }),
		text("data", "./data", "data folder, created with mode 0700", func(c *Config) *string { return &c.Data }),
		text("base-url", "", "the address people use, for links and cookies behind a proxy; from the request when empty", func(c *Config) *string { return &c.BaseURL }),
		list("trusted-proxies", "", "CIDRs whose X-Forwarded-* headers are believed", checkPrefix, func(c *Config) *[]string { return &c.TrustedProxies }),
		oneOf("database", "sqlite", "sqlite, in the data folder", []string{"sqlite"}, func(c *Config) *string { return &c.Database }),
		oneOf("queue", "sqlite", "sqlite, in the data folder", []string{"sqlite"}, func(c *Config) *string { return &c.Queue }),
		list("roles", "web,capture,events,invocations", "which parts this process runs", checkRole, func(c *Config) *[]string { return &c.Roles }),
		secret(text("secret-key", "", "seals secret inputs and signs cookies; made in the data folder when empty", func(c *Config) *string { return &c.SecretKey })),
		list("fetch-allow", "", "CIDRs or hosts that functions may reach although they are private, such as 127.0.0.1/32", nil, func(c *Config) *[]string { return &c.FetchAllow }),
		count("max-inbox", "1000000", "messages that may wait in the queue; beyond it, and beyond 8 GB, capture answers 503", func(c *Config) *int64 { return &c.MaxInbox }),
		text("geoip-database", "", "a file in the MaxMind DB format, such as GeoLite2-City.mmdb, for geoipLookup; nothing is known of any address when empty", func(c *Config) *string { return &c.GeoIPDatabase }),
		days("retain-events", "7d", "how long events are kept", func(c *Config) *time.Duration { return &c.RetainEvents }),
		days("retain-logs", "14d", "how long log entries and runs are kept", func(c *Config) *time.Duration { return &c.RetainLogs }),
		days("retain-metrics", "90d", "how long metrics are kept", func(c *Config) *time.Duration { return &c.RetainMetrics }),
		oneOf("log-format", "auto", "text, json, or auto: text on a terminal", []string{"auto", "text", "json"}, func(c *Config) *string { return &c.LogFormat }),
		oneOf("log-level", "info", "debug, info, warn or error", []string{"debug", "info", "warn", "error"}, func(c *Config) *string { return &c.LogLevel }),
		yesNo("demo", "false", "seeds a project with sample functions and a gentle stream of events", func(c *Config) *bool { return &c.Demo }),
		yesNo("no-migrate", "false", "refuse to start on an older schema instead of migrating it", func(c *Config) *bool { return &c.NoMigrate }),
	}
}

// DefaultConfig is the table's defaults as a Config.
func DefaultConfig() Config {
	var c Config
	for _, o := range Options() {
		if err := o.set(&c, o.Default); err != nil {
			panic("the default of " + o.Name + ": " + err.Error()) // caught by any test
		}
	}
	return c
}

// Load puts a configuration together: defaults, then the TOML file named by
// --config, then the environment, then flags; a later one wins. rest is what
// the flags leave. names restricts the flags to some options; none is all.
// An unknown flag or key is an error that names the nearest known one.
func Load(command string, args []string, environ []string, names ...string) (cfg Config, rest []string, err error) {
	cfg = DefaultConfig()
	cfg.sources = map[string]string{}
	opts := Options()
	if len(names) > 0 {
		opts = slices.DeleteFunc(opts, func(o Option) bool { return !slices.Contains(names, o.Name) })
	}
	type given struct{ name, value string }
	var flags []given
	fs := flag.NewFlagSet(command, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	for _, o := range opts {
		keep := func(v string) error { flags = append(flags, given{o.Name, v}); return nil }
		if o.Bool {
			fs.BoolFunc(o.Name, o.Help, keep)
		} else {
			fs.Func(o.Name, o.Help, keep)
		}
	}
	file := fs.String("config", "", "a TOML file with these options as keys")
	if err := fs.Parse(args); err != nil {
		return cfg, nil, FlagError(fs, err)
	}
	if *file == "" {
		*file = lookup(environ, "HOGPEN_CONFIG")
	}
	if *file != "" {
		if err := cfg.loadFile(*file); err != nil {
			return cfg, nil, err
		}
	}
	for _, o := range Options() {
		if v := lookup(environ, o.Env()); v != "" {
			if err := cfg.apply(o, v, "environment "+o.Env()); err != nil {
				return cfg, nil, err
			}
		}
	}
	for _, g := range flags {
		o := find(opts, g.name)
		if err := cfg.apply(o, g.value, "flag --"+g.name); err != nil {
			return cfg, nil, err
		}
	}
	return cfg, fs.Args(), nil
}

// Setting is one row of `hogpen config`: a value in force and its source.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source string `json:"source"`
	Help   string `json:"help"`
}

// Settings lists the configuration in force, with secrets hidden.
func (c *Config) Settings() []Setting {
	var out []Setting
	for _, o := range Options() {
		s := Setting{Name: o.Name, Value: o.get(c), Source: c.sources[o.Name], Help: o.Help}
		if s.Source == "" {
			s.Source = "default"
		}
		if o.Secret && s.Value != "" {
			s.Value = "(hidden)"
		}
		out = append(out, s)
	}
	return out
}

func (c *Config) apply(o Option, value, source string) error {
	if err := o.set(c, value); err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	if c.sources == nil {
		c.sources = map[string]string{}
	}
	c.sources[o.Name] = source
	return nil
}

func (c *Config) loadFile(path string) error {
	var keys map[string]any
	if _, err := toml.DecodeFile(path, &keys); err != nil {
		return fmt.Errorf("configuration file %s: %w", path, err)
	}
	opts := Options()
	var known []string
	for _, o := range opts {
		known = append(known, o.Name)
	}
	for key, v := range keys {
		o := find(opts, key)
		if o.Name == "" {
			return fmt.Errorf("configuration file %s: unknown key %q%s", path, key, DidYouMean(key, known))
		}
		value := fmt.Sprint(v)
		if items, ok := v.([]any); ok {
			var parts []string
			for _, i := range items {
				parts = append(parts, fmt.Sprint(i))
			}
			value = strings.Join(parts, ",")
		}
		if err := c.apply(o, value, "file "+path+", key "+key); err != nil {
			return err
		}
	}
	return nil
}

// FlagError words a flag package's error as Hogpen does: an unknown flag
// names the nearest known one. flag.ErrHelp comes back as it is.
func FlagError(fs *flag.FlagSet, err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	if name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
		name = strings.TrimLeft(name, "-")
		var known []string
		fs.VisitAll(func(f *flag.Flag) { known = append(known, f.Name) })
		return fmt.Errorf("unknown flag --%s%s", name, DidYouMean(name, known))
	}
	return err
}

func find(opts []Option, name string) Option {
	for _, o := range opts {
		if o.Name == name {
			return o
		}
	}
	return Option{}
}

func lookup(environ []string, name string) string {
	for i := len(environ) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(environ[i], name+"="); ok {
			return v
		}
	}
	return ""
}

func text(name, def, help string, field func(*Config) *string) Option {
	return Option{Name: name, Default: def, Help: help,
		set: func(c *Config, v string) error { *field(c) = v; return nil },
		get: func(c *Config) string { return *field(c) }}
}

func secret(o Option) Option { o.Secret = true; return o }

func oneOf(name, def, help string, allowed []string, field func(*Config) *string) Option {
	o := text(name, def, help, field)
	o.set = func(c *Config, v string) error {
		if !slices.Contains(allowed, v) {
			return fmt.Errorf("%q is not one of %s", v, strings.Join(allowed, ", "))
		}
		*field(c) = v
		return nil
	}
	return o
}

func list(name, def, help string, check func(string) error, field func(*Config) *[]string) Option {
	return Option{Name: name, Default: def, Help: help,
		set: func(c *Config, v string) error {
			var items []string
			for _, p := range strings.Split(v, ",") {
				p = strings.TrimSpace(p)
				if p == "" {
					continue
				}
				if check != nil {
					if err := check(p); err != nil {
						return err
					}
				}
				items = append(items, p)
			}
			*field(c) = items
			return nil
		},
		get: func(c *Config) string { return strings.Join(*field(c), ",") }}
}

func yesNo(name, def, help string, field func(*Config) *bool) Option {
	return Option{Name: name, Default: def, Help: help, Bool: true,
		set: func(c *Config, v string) error {
			b, err := strconv.ParseBool(v)
			if err != nil {
				return fmt.Errorf("%q is neither true nor false", v)
			}
			*field(c) = b
			return nil
		},
		get: func(c *Config) string { return strconv.FormatBool(*field(c)) }}
}

func count(name, def, help string, field func(*Config) *int64) Option {
	return Option{Name: name, Default: def, Help: help,
		set: func(c *Config, v string) error {
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil || n < 1 {
				return fmt.Errorf("%q is not a number from 1 on", v)
			}
			*field(c) = n
			return nil
		},
		get: func(c *Config) string { return strconv.FormatInt(*field(c), 10) }}
}

// days reads a duration as Go writes it, or a whole number of days: 7d.
func days(name, def, help string, field func(*Config) *time.Duration) Option {
	return Option{Name: name, Default: def, Help: help,
		set: func(c *Config, v string) error {
			d, err := parseDays(v)
			if err != nil || d <= 0 {
				return fmt.Errorf("%q is not a time span such as 7d or 12h", v)
			}
			*field(c) = d
			return nil
		},
		get: func(c *Config) string {
			d := *field(c)
			if d%(24*time.Hour) == 0 {
				return strconv.Itoa(int(d/(24*time.Hour))) + "d"
			}
			return d.String()
		}}
}

func parseDays(v string) (time.Duration, error) {
	if n, ok := strings.CutSuffix(v, "d"); ok {
		whole, err := strconv.Atoi(n)
		return time.Duration(whole) * 24 * time.Hour, err
	}
	return time.ParseDuration(v)
}

func checkPrefix(v string) error {
	if _, err := netip.ParsePrefix(v); err == nil {
		return nil
	}
	if _, err := netip.ParseAddr(v); err == nil {
		return nil
	}
	return fmt.Errorf("%q is not an address range such as 10.0.0.0/8", v)
}

func checkRole(v string) error {
	if !slices.Contains([]string{"web", "capture", "events", "invocations"}, v) {
		return fmt.Errorf("%q is not one of web, capture, events, invocations", v)
	}
	return nil
}

// DidYouMean gives ", did you mean "x"?" for the nearest known name, or
// nothing when none is near.
func DidYouMean(name string, known []string) string {
	best, bestDist := "", 3
	for _, k := range known {
		if d := distance(name, k); d < bestDist {
			best, bestDist = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %q?", best)
}

// distance is Levenshtein's edit distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := prev
			if a[i] != b[j] {
				cost = 1 + min(prev, row[j], row[j+1])
			}
			prev, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
