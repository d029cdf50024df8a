package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hogpen/app"
)

func TestLoadPrecedence(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "hogpen.toml")
	if err := os.WriteFile(file, []byte("addr = '127.0.0.1:1'\nretain-logs = '3d'\nfetch-allow = ['127.0.0.1/32', 'example.com']\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, rest, err := app.Load("serve", []string{"--config", file, "--addr", "127.0.0.1:3", "left"}, []string{"HOGPEN_ADDR=127.0.0.1:2", "HOGPEN_RETAIN_LOGS=4d"})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Addr != "127.0.0.1:3" {
		t.Errorf("a flag must win: addr is %s", cfg.Addr)
	}
	if len(rest) != 1 || rest[0] != "left" {
		t.Errorf("rest = %v, want [left]", rest)
	}
	want := map[string][2]string{
		"addr":        {"127.0.0.1:3", "flag --addr"},
		"retain-logs": {"4d", "environment HOGPEN_RETAIN_LOGS"},
		"fetch-allow": {"127.0.0.1/32,example.com", "file " + file + ", key fetch-allow"},
		"log-level":   {"info", "default"},
	}
	for _, s := range cfg.Settings() {
		if w, ok := want[s.Name]; ok && (s.Value != w[0] || s.Source != w[1]) {
			t.Errorf("%s = %q from %q, want %q from %q", s.Name, s.Value, s.Source, w[0], w[1])
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "bad.toml")
	if err := os.WriteFile(file, []byte("adr = 'x'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"an unknown flag names the nearest", []string{"--adr", "x"}, `unknown flag --adr, did you mean "addr"?`},
		{"an unknown key names the nearest", []string{"--config", file}, `unknown key "adr", did you mean "addr"?`},
		{"a word that is not in the list", []string{"--log-level", "loud"}, `flag --log-level: "loud" is not one of debug, info, warn, error`},
		{"a time span that is none", []string{"--retain-logs", "soon"}, `"soon" is not a time span`},
		{"a range that is none", []string{"--trusted-proxies", "house"}, `"house" is not an address range`},
		{"a file that is not there", []string{"--config", file + ".none"}, "configuration file"},
	} {
		_, _, err := app.Load("serve", tt.args, nil)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error is %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	cfg, _, err := app.Load("config", nil, []string{"HOGPEN_SECRET_KEY=do-not-show"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range cfg.Settings() {
		if strings.Contains(s.Value, "do-not-show") {
			t.Errorf("%s shows the secret", s.Name)
		}
	}
}
