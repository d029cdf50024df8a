// Command assets builds what browsers load: it runs Tailwind over views/assets,
// bundles and minifies JavaScript and CSS with esbuild, and writes the results
// with their hash in the name to static/dist, together with manifest.json, which
// leads from the plain name to the hashed one. It also copies the Lucide icons
// named in views/assets/icons.txt into views/ui/icon_paths.go.
//
// Run it from the repository's root after npm ci:
//
//	go run ./cmd/assets
//
// The same sources give the same bytes, so its output is committed and a
// rebuild that changes it is a mistake (make verify).
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

const (
	source = "views/assets"
	target = "static/dist"

	sdkTarget = "static/sdk"
)

func main() {
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, "assets:", err)
		os.Exit(1)
	}
}

func build() error {
	if err := writeIcons(filepath.Join(source, "icons.txt"), "views/ui/icon_paths.go"); err != nil {
		return err
	}
	css, err := tailwind()
	if err != nil {
		return err
	}
	// esbuild must see the sheet inside the tree to find the fonts in node_modules.
	sheet := filepath.Join(source, ".app.css")
	if err := os.WriteFile(sheet, css, 0o644); err != nil {
		return err
	}
	defer os.Remove(sheet)
	return bundle(sheet)
}

// tailwind returns the compiled sheet. --minify is left to esbuild, which also
// rewrites the font addresses.
func tailwind() ([]byte, error) {
	cmd := exec.Command("node_modules/.bin/tailwindcss", "--input", filepath.Join(source, "app.css"), "--output", "-")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, os.ErrNotExist) {
		return nil, errors.New("node_modules is missing: run npm ci first")
	}
	if err != nil {
		return nil, fmt.Errorf("tailwindcss: %w\n%s", err, stderr.String())
	}
	return out, nil
}

// bundle writes the scripts, the sheet and the fonts. Modules that a page
// seldom needs are imported dynamically and become chunks of their own.
func bundle(sheet string) error {
	result := api.Build(api.BuildOptions{
		EntryPointsAdvanced: []api.EntryPoint{
			{InputPath: filepath.Join(source, "js/app.js"), OutputPath: "app"},
			{InputPath: sheet, OutputPath: "style"},
			{InputPath: filepath.Join(source, "css/api-docs.css"), OutputPath: "api-docs"},
		},
		Outdir:            target,
		Bundle:            true,
		Splitting:         true,
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		EntryNames:        "[name]-[hash]",
		ChunkNames:        "[name]-[hash]",
		AssetNames:        "[name]-[hash]",
		Loader:            map[string]api.Loader{".woff2": api.LoaderFile},
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		LegalComments:     api.LegalCommentsNone,
		Metafile:          true,
		LogLevel:          api.LogLevelWarning,
	})
	if len(result.Errors) > 0 {
		return errors.New("esbuild found errors")
	}
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	manifest := map[string]string{}
	for _, f := range result.OutputFiles {
		name := filepath.Base(f.Path)
		// Chunks are reached through app.js alone, and share plain names.
		if !strings.HasPrefix(name, "chunk-") {
			manifest[plainName(name)] = name
		}
		if err := os.WriteFile(filepath.Join(target, name), f.Contents, 0o644); err != nil {
			return err
		}
	}
	licences, err := notices(result.Metafile)
	if err != nil {
		return err
	}
	if err := copySDK(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(target, "third-party.txt"), []byte(licences), 0o644); err != nil {
		return err
	}
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(target, "manifest.json"), append(text, '\n'), 0o644)
}

// sdkFiles are the parts of posthog-js that a page loads when it starts.
var sdkFiles = []string{"array.js", "surveys.js"}

// copySDK puts them under static/sdk as they were published, less the line that
// points at a source map.
func copySDK() error {
	if err := os.MkdirAll(sdkTarget, 0o755); err != nil {
		return err
	}
	for _, name := range append(sdkFiles, "LICENSE") {
		from := filepath.Join("node_modules/posthog-js/dist", name)
		if name == "LICENSE" {
			from = filepath.Join("node_modules/posthog-js", name)
		}
		text, err := os.ReadFile(from)
		if err != nil {
			return fmt.Errorf("posthog-js: %w", err)
		}
		if before, _, found := strings.Cut(string(text), "\n//# sourceMappingURL="); found {
			text = []byte(before + "\n")
		}
		if err := os.WriteFile(filepath.Join(sdkTarget, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// hash is esbuild's: eight letters or digits before the extension.
var hash = regexp.MustCompile(`-[A-Z0-9]{8}(\.[a-z0-9]+)$`)

// plainName takes the hash out of a name: "app-ABCD2345.js" gives "app.js".
func plainName(name string) string { return hash.ReplaceAllString(name, "$1") }
