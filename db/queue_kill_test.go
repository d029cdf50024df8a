package db_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"hogpen/queue"
)

// The child of TestKillLosesNothing reads these from its environment.
const (
	childDir  = "HOGPEN_TEST_QUEUE_DIR"
	childJob  = "HOGPEN_TEST_QUEUE_JOB" // "work" until killed, or "drain"
	killKeys  = 4
	killReady = "ready"
)

// TestKillLosesNothing kills a process again and again while it publishes and
// consumes, and then asks: did each message arrive whose Publish returned,
// did what follows from it arrive, in order, and is the file whole?
// HOGPEN_SOAK=200 sets the number of kills.
func TestKillLosesNothing(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		child(t, dir, os.Getenv(childJob))
		return
	}
	t.Parallel()
	rounds := 10
	if n, err := strconv.Atoi(os.Getenv("HOGPEN_SOAK")); err == nil {
		rounds = n
	}
	dir := t.TempDir()
	for range rounds {
		killOnce(t, dir)
	}
	cmd := childCommand(dir, "drain")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("drain: %v\n%s", err, out)
	}
	q := openQueue(t, dir, quick())
	if err := q.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if dead, err := q.Dead(t.Context(), "events", 5); err != nil || len(dead) > 0 {
		t.Errorf("dead messages: %v, %v", dead, err)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
	acked := lines(t, dir, "acked")
	events, invocations := lines(t, dir, "events"), lines(t, dir, "invocations")
	t.Logf("%d kills, %d acknowledged, %d and %d deliveries", rounds, len(acked), len(events), len(invocations))
	if len(acked) == 0 {
		t.Fatal("nothing was acknowledged: the rounds are too short to show anything")
	}
	missing(t, "events", acked, events)
	missing(t, "invocations", acked, invocations)
	inOrder(t, events)
}

func childCommand(dir, job string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^TestKillLosesNothing$", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), childDir+"="+dir, childJob+"="+job)
	return cmd
}

// killOnce lets a child work for a moment and kills it.
func killOnce(t *testing.T, dir string) {
	t.Helper()
	cmd := childCommand(dir, "work")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != killReady {
	}
	// Not a wait for something: the moment of the kill is the experiment.
	time.Sleep(time.Duration(rand.IntN(250)) * time.Millisecond)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var rest []string
	for lines.Scan() {
		rest = append(rest, lines.Text())
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("the child ended by itself: %v\n%s", err, strings.Join(rest, "\n"))
	}
}

// child is the process that is killed.
func child(t *testing.T, dir, job string) {
	o := quick()
	o.MaxCrashes = 1 << 30
	q := openQueue(t, dir, o)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 8)
	noted := func(name string) *os.File {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	events, invocations, acked := noted("events"), noted("invocations"), noted("acked")
	go func() {
		done <- q.Consume(ctx, "events", queue.ConsumeOptions{Workers: 8, Ordered: true},
			func(_ context.Context, m queue.Message) ([]queue.Message, error) {
				if _, err := events.WriteString(m.ID + "\n"); err != nil {
					return nil, err
				}
				if len(m.Body) != 1000 || rand.IntN(50) == 0 {
					return nil, errors.New("bad luck")
				}
				return []queue.Message{{Topic: "invocations", ID: m.ID, Body: m.Body[:200]}}, nil
			})
	}()
	go func() {
		done <- q.Consume(ctx, "invocations", queue.ConsumeOptions{Workers: 8},
			func(_ context.Context, m queue.Message) ([]queue.Message, error) {
				_, err := invocations.WriteString(m.ID + "\n")
				return nil, err
			})
	}()
	if job == "work" {
		for key := range killKeys {
			go func() { done <- childPublish(q, strconv.Itoa(key), acked) }()
		}
		fmt.Println(killReady)
		t.Fatal(<-done) // only the kill ends it
	}
	for {
		a, err := q.Stats(ctx, "events")
		b, err2 := q.Stats(ctx, "invocations")
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if a.Depth+b.Depth == 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	if err := errors.Join(<-done, <-done, q.Close()); err != nil {
		t.Fatal(err)
	}
}

// childPublish publishes numbered messages of a key, and notes each once
// Publish has returned.
func childPublish(q queue.Queue, key string, acked *os.File) error {
	body := make([]byte, 1000)
	for i := time.Now().UnixNano(); ; {
		var msgs []queue.Message
		var ids strings.Builder
		for range 1 + rand.IntN(20) {
			i++
			m := queue.Message{Topic: "events", Key: key, ID: fmt.Sprintf("%s.%d", key, i), Body: body}
			if rand.IntN(20) == 0 {
				m.ID += ".later"
				m.NotBefore = time.Now().Add(20 * time.Millisecond)
			}
			msgs = append(msgs, m)
			ids.WriteString(m.ID + "\n")
		}
		if err := q.Publish(context.Background(), msgs...); err != nil {
			return err
		}
		if _, err := acked.WriteString(ids.String()); err != nil {
			return err
		}
	}
}

func lines(t *testing.T, dir, name string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(b))
}

// missing reports what of want is not in have.
func missing(t *testing.T, name string, want, have []string) {
	t.Helper()
	got := map[string]bool{}
	for _, id := range have {
		got[id] = true
	}
	lost := 0
	for _, id := range want {
		if !got[id] {
			if lost++; lost <= 5 {
				t.Errorf("%s: %s was acknowledged and never delivered", name, id)
			}
		}
	}
	if lost > 0 {
		t.Errorf("%s: %d of %d lost", name, lost, len(want))
	}
}

// inOrder checks that a key's messages were first delivered in the order of
// their numbers; those with a time of their own are left out.
func inOrder(t *testing.T, ids []string) {
	t.Helper()
	last := map[string]int64{}
	seen := map[string]bool{}
	for _, id := range ids {
		key, number, _ := strings.Cut(id, ".")
		if seen[id] || strings.HasSuffix(id, ".later") {
			continue
		}
		seen[id] = true
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			t.Fatalf("%q: %v", id, err)
		}
		if n < last[key] {
			t.Fatalf("%s came after %d", id, last[key])
		}
		last[key] = n
	}
}
