package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// syncTime is the median time of a sync behind two pages appended to a file in
// a folder: about what a commit waits for.
func syncTime(dir string) (median time.Duration, err error) {
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return 0, fmt.Errorf("measure a sync: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var took []time.Duration
	page := make([]byte, 8192)
	for range 200 {
		if _, err := f.Write(page); err != nil {
			return 0, fmt.Errorf("measure a sync: %w", err)
		}
		began := time.Now()
		if err := f.Sync(); err != nil {
			return 0, fmt.Errorf("measure a sync: %w", err)
		}
		took = append(took, time.Since(began))
	}
	return quantile(took, 0.5), nil
}
