package oracle

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Record are the answers of PostHog's packages to the cases of one kind, in
// the order they are drawn.
type Record struct {
	Sum     string // of the sources, see Sum
	Answers []string
}

// longest is how long an answer may be before the record shortens it.
const longest = 2000

// Short gives an answer, or the start and the fingerprint of a very long one.
func Short(answer string) string {
	if len(answer) <= longest {
		return answer
	}
	return fmt.Sprintf("%s… %d bytes, %s", strings.ToValidUTF8(answer[:200], ""), len(answer), Sum([]string{answer}))
}

func recordPath(dir string, kind Kind) string { return filepath.Join(dir, string(kind)+".jsonl.gz") }

// Write puts a record into dir: JSON a line, compressed.
func (r *Record) Write(dir string, kind Kind) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.Create(recordPath(dir, kind))
	if err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(z)
	enc.SetEscapeHTML(false)
	err = enc.Encode(r.Sum)
	for _, a := range r.Answers {
		if err == nil {
			err = enc.Encode(a)
		}
	}
	if err == nil {
		err = z.Close()
	}
	if end := f.Close(); err == nil {
		err = end
	}
	return err
}

// Read gets a record back.
func Read(dir string, kind Kind) (*Record, error) {
	f, err := os.Open(recordPath(dir, kind))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("read record of %s: %w", kind, err)
	}
	dec := json.NewDecoder(z)
	r := &Record{}
	if err := dec.Decode(&r.Sum); err != nil {
		return nil, fmt.Errorf("read record of %s: %w", kind, err)
	}
	for {
		var a string
		switch err := dec.Decode(&a); err {
		case nil:
			r.Answers = append(r.Answers, a)
		case io.EOF:
			return r, nil
		default:
			return nil, fmt.Errorf("read record of %s: %w", kind, err)
		}
	}
}
