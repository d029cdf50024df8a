package app

import (
	"runtime"
	"runtime/debug"
)

// buildVersion and buildCommit are set by the linker (see the Makefile).
var buildVersion, buildCommit string

// BuildInfo tells what this binary is made of.
type BuildInfo struct {
	Version, Commit, Go, SQLite string
}

// Build tells what this binary is made of, as far as the linker and the Go
// toolchain have noted it.
func Build() BuildInfo {
	b := BuildInfo{Version: buildVersion, Commit: buildCommit, Go: runtime.Version(), SQLite: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && b.Commit == "" {
				b.Commit = s.Value
			}
		}
		for _, m := range info.Deps {
			if m.Path == "modernc.org/sqlite" {
				b.SQLite = "modernc.org/sqlite " + m.Version
			}
		}
	}
	if b.Version == "" {
		b.Version = "dev"
	}
	if b.Commit == "" {
		b.Commit = "unknown"
	}
	return b
}
