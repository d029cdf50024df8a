// Command gen writes what is made from the table of tokens, below the root of
// the repository that is named in its argument. go generate in hog/tokens runs
// it.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"hogpen/hog/tokens"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen ROOT")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(root string) error {
	grammar, err := tokens.TextMate()
	if err != nil {
		return err
	}
	lexer, err := tokens.Chroma()
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		"docs/hog.chroma.xml":          lexer,
		"views/assets/js/hog-words.js": tokens.Script(),
		"docs/hog.tmLanguage.json":     grammar,
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
