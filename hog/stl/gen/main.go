// Command gen writes the reference of the standard library to the file that is
// named in its argument. go generate in hog/stl runs it.
package main

import (
	"fmt"
	"os"

	"hogpen/hog/stl"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen FILE")
		os.Exit(2)
	}
	if err := os.WriteFile(os.Args[1], []byte(stl.Reference()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
