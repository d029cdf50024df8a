package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"hogpen/app/apptest"
)

// A backup of a server under load: put back, it is whole, starts, and delivers
// what was acknowledged before the backup began and had not been delivered.
func TestBackupUnderLoad(t *testing.T) {
	t.Parallel()
	dir, h, _ := prepared(t)
	h.Sink.Answer(func(apptest.Request) (int, string) { return 503, "down" }) // so that there is something left to do
	server := serveIn(t, dir)
	p := &poster{others: map[int]int{}}
	for i := range 20 {
		p.one(server.url, h.Info.ProjectToken, fmt.Sprint("before", i))
	}
	before := append([]string(nil), p.count()...)
	stop := make(chan struct{})
	work := p.many(server.url, h.Info.ProjectToken, "load", stop)
	file, again := filepath.Join(t.TempDir(), "copy"), filepath.Join(t.TempDir(), "again")
	out, err := exec.Command("hogpen", "backup", "--data", dir, file).CombinedOutput()
	if err != nil {
		t.Fatalf("backup: %v %s", err, out)
	}
	close(stop)
	work.Wait()
	if len(p.others) > 0 {
		t.Errorf("refused meanwhile: %v", p.others)
	}
	server.end(t, syscall.SIGKILL)
	restored, err := exec.Command("hogpen", "restore", "--data", again, file).CombinedOutput()
	if err != nil || string(restored) != string(out) {
		t.Fatalf("restore: %v\n%s\nwant what backup said:\n%s", err, restored, out)
	}
	whole(t, again)
	h.Sink.Answer(func(r apptest.Request) (int, string) { return 200, "{}" })
	from := len(h.Sink.Requests())
	server = serveIn(t, again)
	apptest.Eventually(t, func() error {
		got := map[string]bool{}
		for _, d := range delivered(t, h.Sink.Requests()[from:]) {
			got[d.Who] = true
		}
		for _, name := range before {
			if !got[name] {
				return fmt.Errorf("%s was not delivered", name)
			}
		}
		return nil
	})
	if code := server.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d: %s", code, server.errs)
	}
}
