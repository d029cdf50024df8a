package hog_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestSectionsAreProven reads the table of testdata/README.md: every section
// of the specification has a row, and what the rows name is there.
func TestSectionsAreProven(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("testdata/README.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := testNames(t)
	rows := map[string]string{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) == 6 {
			rows[strings.TrimSpace(cells[1])] = cells[3] + cells[4]
		}
	}
	for _, section := range sections() {
		names := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(rows[section], -1)
		if len(names) == 0 {
			t.Errorf("nothing proves section %s", section)
		}
		for _, m := range names {
			if strings.HasPrefix(m[1], "Test") && !tests[m[1]] {
				t.Errorf("section %s names a test that is not there: %s", section, m[1])
			}
			if _, err := os.Stat(m[1]); !strings.HasPrefix(m[1], "Test") && err != nil {
				t.Errorf("section %s names a file that is not there: %s", section, m[1])
			}
		}
	}
}

// sections are the numbers of the specification's sections that say how
// something is to be.
func sections() []string {
	list := strings.Fields("0 7.1 8 A B C D E")
	for chapter, last := range map[string]int{"1": 6, "2": 8, "3": 11, "4": 13, "5": 9, "6": 5} {
		for i := range last {
			list = append(list, chapter+"."+strconv.Itoa(i+1))
		}
	}
	return list
}

// testNames are the tests of this folder and all beneath it.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(source), -1) {
			names[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
