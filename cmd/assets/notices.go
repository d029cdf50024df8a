package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// notices gathers the licences of the npm packages whose code, fonts or icons
// are in the built files: their terms ask for it. inputs are the paths of
// esbuild's metafile.
func notices(metafile string) (string, error) {
	var meta struct {
		Inputs map[string]struct{} `json:"inputs"`
	}
	if err := json.Unmarshal([]byte(metafile), &meta); err != nil {
		return "", fmt.Errorf("metafile: %w", err)
	}
	folders := []string{"node_modules/lucide-static"}
	for path := range meta.Inputs {
		if folder := packageOf(path); folder != "" {
			folders = append(folders, folder)
		}
	}
	slices.Sort(folders)
	var b strings.Builder
	b.WriteString("Hogpen's browser files contain work from the packages below.\n")
	for _, folder := range slices.Compact(folders) {
		if err := notice(&b, folder); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// packageOf gives the package folder of a file in node_modules, else "".
func packageOf(path string) string {
	_, rest, found := strings.Cut(path, "node_modules/")
	if !found {
		return ""
	}
	parts := strings.Split(rest, "/")
	if strings.HasPrefix(parts[0], "@") {
		return "node_modules/" + parts[0] + "/" + parts[1]
	}
	return "node_modules/" + parts[0]
}

func notice(b *strings.Builder, folder string) error {
	text, err := os.ReadFile(filepath.Join(folder, "package.json"))
	if err != nil {
		return err
	}
	var pkg struct{ Name, Version, License string }
	if err := json.Unmarshal(text, &pkg); err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	fmt.Fprintf(b, "\n%s\n%s %s (%s)\n\n", strings.Repeat("-", 72), pkg.Name, pkg.Version, pkg.License)
	files, err := filepath.Glob(filepath.Join(folder, "LICENSE*"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		fmt.Fprintf(b, "Licensed under %s.\n", pkg.License)
		return nil
	}
	licence, err := os.ReadFile(files[0])
	if err != nil {
		return err
	}
	b.WriteString(strings.TrimSpace(strings.ReplaceAll(string(licence), "\r\n", "\n")) + "\n")
	return nil
}
