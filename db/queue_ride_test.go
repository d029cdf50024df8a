package db_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"hogpen/db"
	"hogpen/queue"
)

// errand is work that is not written yet.
type errand string

func (e errand) Size() int { return len(e) }

func (e errand) AppendBody(dst []byte) ([]byte, error) { return append(dst, e...), nil }

// leads makes one invocation of an event.
func leads(_ context.Context, m queue.Message) ([]queue.Message, error) {
	return []queue.Message{{Topic: "invocations", Key: m.ID, ID: m.ID, Work: errand("work of " + m.ID)}}, nil
}

// station runs a consumer until its stop is called, which waits for it.
func station(t *testing.T, q *db.Queue, topic string, o queue.ConsumeOptions, s queue.Station) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- q.Consume(ctx, topic, o, s) }()
	return func() {
		t.Helper()
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(30 * time.Second):
			t.Error("the consumer of " + topic + " did not end")
		}
	}
}

// TestPassengerIsNotStored: an event is finished when its invocation is, and
// the next event of its key does not wait for that.
func TestPassengerIsNotStored(t *testing.T) {
	t.Parallel()
	q := openQueue(t, t.TempDir(), quick())
	defer q.Close()
	arrived, free := make(chan queue.Message, 2), make(chan struct{})
	stopInvocations := station(t, q, "invocations", queue.ConsumeOptions{Workers: 4}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		arrived <- m
		<-free
		return nil, nil
	})
	stopEvents := station(t, q, "events", queue.ConsumeOptions{Workers: 4, Ordered: true}, leads)
	for i := range 2 {
		if err := q.Publish(t.Context(), queue.Message{Topic: "events", Key: "one", ID: fmt.Sprint("e", i), Body: []byte("x")}); err != nil {
			t.Fatal(err)
		}
		if m := <-arrived; m.Work != errand("work of "+m.ID) || m.Body != nil {
			t.Errorf("arrived as %+v", m)
		}
	}
	if e, i := depthOf(t, q, "events"), depthOf(t, q, "invocations"); e != 2 || i != 0 {
		t.Errorf("%d events and %d invocations are stored, want 2 and 0", e, i)
	}
	close(free)
	stopEvents()
	stopInvocations()
	if e, i := depthOf(t, q, "events"), depthOf(t, q, "invocations"); e != 0 || i != 0 {
		t.Errorf("%d events and %d invocations are left", e, i)
	}
}

// TestStopStoresPassengers: those that wait or are given back at the stop are
// messages of the next start, and their events are finished.
func TestStopStoresPassengers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openQueue(t, dir, quick())
	arrived := make(chan struct{}, 1)
	stopInvocations := station(t, q, "invocations", queue.ConsumeOptions{Workers: 1}, func(ctx context.Context, _ queue.Message) ([]queue.Message, error) {
		arrived <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	})
	done := make(chan struct{}, 5)
	stopEvents := station(t, q, "events", queue.ConsumeOptions{Workers: 1}, func(ctx context.Context, m queue.Message) ([]queue.Message, error) {
		done <- struct{}{}
		return leads(ctx, m)
	})
	for i := range 5 {
		if err := q.Publish(t.Context(), queue.Message{Topic: "events", ID: fmt.Sprint("e", i), Body: []byte("x")}); err != nil {
			t.Fatal(err)
		}
		<-done
	}
	<-arrived
	stopInvocations()
	stopEvents()
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	q = openQueue(t, dir, quick())
	defer q.Close()
	if e, i := depthOf(t, q, "events"), depthOf(t, q, "invocations"); e != 0 || i != 5 {
		t.Fatalf("%d events and %d invocations after the stop, want 0 and 5", e, i)
	}
	got := make(chan queue.Message, 5)
	stop := station(t, q, "invocations", queue.ConsumeOptions{Workers: 1}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		got <- m
		return nil, nil
	})
	for range 5 {
		if m := <-got; string(m.Body) != "work of "+m.ID || m.Attempt != 0 {
			t.Errorf("came back as %+v", m)
		}
	}
	stop()
}

// TestPassengersDoNotCrowd: when its topic does not keep up, an invocation is
// stored, and its event is finished.
func TestPassengersDoNotCrowd(t *testing.T) {
	t.Parallel()
	q := openQueue(t, t.TempDir(), quick())
	defer q.Close()
	free := make(chan struct{})
	stopInvocations := station(t, q, "invocations", queue.ConsumeOptions{Workers: 2, Grace: time.Minute}, func(context.Context, queue.Message) ([]queue.Message, error) {
		<-free
		return nil, nil
	})
	stopEvents := station(t, q, "events", queue.ConsumeOptions{Workers: 2, Grace: time.Minute}, leads)
	const n = 2000
	msgs := make([]queue.Message, n)
	for i := range msgs {
		msgs[i] = queue.Message{Topic: "events", ID: fmt.Sprint("e", i), Body: []byte("x")}
	}
	if err := q.Publish(t.Context(), msgs...); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for depthOf(t, q, "events") > n/2 || depthOf(t, q, "invocations") < n/2 {
		if time.Now().After(deadline) {
			t.Fatalf("%d events and %d invocations are stored", depthOf(t, q, "events"), depthOf(t, q, "invocations"))
		}
		time.Sleep(time.Millisecond)
	}
	close(free)
	for depthOf(t, q, "events")+depthOf(t, q, "invocations") > 0 {
		if time.Now().After(deadline) {
			t.Fatal("what was stored is not worked on")
		}
		time.Sleep(time.Millisecond)
	}
	stopEvents()
	stopInvocations()
}

// The child of TestKillLosesNoPassenger finds its folder and job here.
const (
	rideDir = "HOGPEN_TEST_RIDE_DIR"
	rideJob = "HOGPEN_TEST_RIDE_JOB"
)

// TestKillLosesNoPassenger is TestKillLosesNothing for work that rides: some of
// it hangs for a while, fails, or leads to a message for later.
func TestKillLosesNoPassenger(t *testing.T) {
	if dir := os.Getenv(rideDir); dir != "" {
		rideChild(t, dir, os.Getenv(rideJob))
		return
	}
	t.Parallel()
	dir := t.TempDir()
	command := func(job string) *exec.Cmd {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKillLosesNoPassenger$", "-test.timeout=2m")
		cmd.Env = append(os.Environ(), rideDir+"="+dir, rideJob+"="+job)
		return cmd
	}
	for range 6 {
		cmd := command("work")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		before := len(maybeLines(dir, "ends"))
		for deadline := time.Now().Add(30 * time.Second); len(maybeLines(dir, "ends")) < before+20; {
			if time.Now().After(deadline) {
				t.Fatal("the child does nothing")
			}
			time.Sleep(5 * time.Millisecond)
		}
		// Not a wait for something: the moment of the kill is the experiment.
		time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
	}
	if out, err := command("drain").CombinedOutput(); err != nil {
		t.Fatalf("drain: %v\n%s", err, out)
	}
	acked, ends := lines(t, dir, "acked"), lines(t, dir, "ends")
	t.Logf("%d acknowledged, %d ends", len(acked), len(ends))
	missing(t, "ends", acked, ends)
}

func maybeLines(dir, name string) []byte {
	b, _ := os.ReadFile(filepath.Join(dir, name))
	return b
}

// rideChild is the process that is killed. Every event leads to an invocation,
// and every invocation to its end, at once or by way of a second message.
func rideChild(t *testing.T, dir, job string) {
	o := quick()
	o.MaxCrashes = 1 << 30
	q := openQueue(t, dir, o)
	noted := func(name string) *os.File {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	acked, ends := noted("acked"), noted("ends")
	stopInvocations := station(t, q, "invocations", queue.ConsumeOptions{Workers: 8}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		second := m.Work == nil && string(m.Body) == "second"
		switch chance := rand.IntN(20); {
		case chance == 0:
			return nil, errors.New("bad luck")
		case chance == 1 && !second:
			return []queue.Message{{Topic: "invocations", ID: m.ID, Body: []byte("second"), NotBefore: time.Now().Add(5 * time.Millisecond)}}, nil
		case chance == 2:
			time.Sleep(20 * time.Millisecond)
		}
		_, err := ends.WriteString(m.ID + "\n")
		return nil, err
	})
	stopEvents := station(t, q, "events", queue.ConsumeOptions{Workers: 8, Ordered: true}, leads)
	if job == "work" {
		failed := make(chan error, killKeys)
		for key := range killKeys {
			go func() { failed <- childPublish(q, fmt.Sprint(key), acked) }()
		}
		t.Fatal(<-failed) // only the kill ends it
	}
	for depthOf(t, q, "events")+depthOf(t, q, "invocations") > 0 {
		time.Sleep(5 * time.Millisecond)
	}
	stopEvents()
	stopInvocations()
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
}
