// Package static holds the built browser files of Hogpen, embedded.
//
// cmd/assets makes dist from views/assets. Every file there carries the hash of
// its content in its name, so an answer may be cached for ever, and
// manifest.json leads from the plain name ("style.css") to the hashed one.
// Compressed forms are not kept in the repository: each is made once, when
// first asked for, and stays in memory (about 130 KB for all of them).
//
// sdk holds parts of posthog-js as they were published, for pages that load
// the SDK from the host that they send to; see SDK.
//
// third-party.txt, without a hash, holds the licences of what was bundled.
//
// The package answers no HTTP itself; web serves File values under Prefix.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// Prefix is the path under which web serves the files; it ends with a slash.
const Prefix = "/_assets/"

//go:embed dist
var dist embed.FS

//go:embed sdk/*.js
var sdk embed.FS

// File is one built file. Its methods may be called from many goroutines, and
// the slices they return are shared: read them, never write.
type File struct {
	Name string // hashed name without Prefix; also a good entity tag
	Type string // media type with its character set
	Raw  []byte

	gzipped func() []byte
	brotli  func() []byte
}

// Gzip returns the content compressed with gzip, or nil where that would not
// make it smaller (fonts).
func (f *File) Gzip() []byte { return f.gzipped() }

// Brotli returns the content compressed with Brotli, or nil where that would
// not make it smaller.
func (f *File) Brotli() []byte { return f.brotli() }

// URL returns the path of a file by its plain name: URL("style.css") gives
// "/_assets/style-ABCD2345.css". It panics on a name that was never built,
// because that is a spelling mistake in a view and every test that renders the
// view finds it.
func URL(name string) string {
	hashed, ok := files().manifest[name]
	if !ok {
		panic(fmt.Sprintf("static: no built file %q", name))
	}
	return Prefix + hashed
}

// Lookup returns the file for a hashed name, with or without Prefix.
func Lookup(name string) (*File, bool) {
	f, ok := files().byName[path.Base(name)]
	return f, ok
}

// SDK returns a file of posthog-js by its published name, such as "array.js".
func SDK(name string) (*File, bool) {
	f, ok := sdkFiles()[name]
	return f, ok
}

var sdkFiles = sync.OnceValue(func() map[string]*File {
	entries, err := sdk.ReadDir("sdk")
	if err != nil {
		panic(fmt.Errorf("static: %w", err))
	}
	all := map[string]*File{}
	for _, e := range entries {
		raw, err := sdk.ReadFile("sdk/" + e.Name())
		if err != nil {
			panic(fmt.Errorf("static: %w", err))
		}
		sum := sha256.Sum256(raw)
		f := newFile(e.Name(), raw)
		f.Name = strings.TrimSuffix(e.Name(), ".js") + "-" + hex.EncodeToString(sum[:6]) + ".js"
		all[e.Name()] = f
	}
	return all
})

// Files returns every file by its hashed name. The map is shared; do not
// change it.
func Files() map[string]*File { return files().byName }

// Manifest returns plain name to hashed name. The map is shared; do not change it.
func Manifest() map[string]string { return files().manifest }

type set struct {
	manifest map[string]string
	byName   map[string]*File
}

// files reads the embedded folder once. What it can complain about is fixed at
// build time, so it panics instead of passing an error to every view.
var files = sync.OnceValue(func() set {
	text, err := dist.ReadFile("dist/manifest.json")
	if err != nil {
		panic(fmt.Errorf("static: %w", err))
	}
	s := set{byName: map[string]*File{}}
	if err := json.Unmarshal(text, &s.manifest); err != nil {
		panic(fmt.Errorf("static: manifest.json: %w", err))
	}
	entries, err := dist.ReadDir("dist")
	if err != nil {
		panic(fmt.Errorf("static: %w", err))
	}
	for _, e := range entries {
		raw, err := dist.ReadFile("dist/" + e.Name())
		if err != nil {
			panic(fmt.Errorf("static: %w", err))
		}
		if e.Name() != "manifest.json" {
			s.byName[e.Name()] = newFile(e.Name(), raw)
		}
	}
	return s
})

func newFile(name string, raw []byte) *File {
	return &File{
		Name: name, Type: mediaType(name), Raw: raw,
		gzipped: sync.OnceValue(func() []byte { return smaller(raw, gzipped(raw)) }),
		brotli:  sync.OnceValue(func() []byte { return smaller(raw, brotlied(raw)) }),
	}
}

// mediaType does not ask the operating system, whose table may be missing.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".woff2":
		return "font/woff2"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}

func smaller(raw, packed []byte) []byte {
	if len(packed) < len(raw) {
		return packed
	}
	return nil
}

func gzipped(raw []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a valid constant
	_, _ = w.Write(raw)                                   // a bytes.Buffer does not fail
	_ = w.Close()
	return b.Bytes()
}

// brotlied uses level 5: 11 saves another 6 % and costs over a second of start.
func brotlied(raw []byte) []byte {
	var b bytes.Buffer
	w := brotli.NewWriterLevel(&b, 5)
	_, _ = w.Write(raw)
	_ = w.Close()
	return b.Bytes()
}
