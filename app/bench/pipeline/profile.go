package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// profiledRound is a round of which profiles are kept: cpu-<size>, and
// allocs-<size> beside allocs-<size>-before, to be subtracted (pprof -base).
func (b *bench) profiledRound(ctx context.Context, s *server, size, n int, into *result) error {
	if err := os.MkdirAll(b.o.profiles, 0o755); err != nil {
		return err
	}
	keep := func(path, name string) error {
		body, err := ask(ctx, s.profile+path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(b.o.profiles, fmt.Sprintf(name, size)), body, 0o644)
	}
	if err := keep("/allocs", "allocs-%d-before"); err != nil {
		return err
	}
	bytes, objects, err := allocated(ctx, s)
	if err != nil {
		return err
	}
	if _, err := ask(ctx, s.profile+"/begin"); err != nil {
		return err
	}
	if err := b.round(ctx, s, size, n, into); err != nil {
		return err
	}
	if err := keep("/end", "cpu-%d"); err != nil {
		return err
	}
	bytesAfter, objectsAfter, err := allocated(ctx, s)
	if err != nil {
		return err
	}
	into.bytes, into.objects = append(into.bytes, (bytesAfter-bytes)/float64(n)), append(into.objects, (objectsAfter-objects)/float64(n))
	return keep("/allocs", "allocs-%d")
}

func allocated(ctx context.Context, s *server) (bytes, objects float64, err error) {
	text, err := ask(ctx, s.profile+"/bytes")
	if err == nil {
		_, err = fmt.Sscan(string(text), &bytes, &objects)
	}
	return bytes, objects, err
}

func ask(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: status %d: %s", url, res.StatusCode, body)
	}
	return body, err
}
