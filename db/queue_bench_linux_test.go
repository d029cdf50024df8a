package db_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"hogpen/db"
	"hogpen/queue"
)

// The figures that count are ratios: queue and raw file take turns within one
// run, for the machine's own speed wanders. Use a fixed count, for example
//
//	go test ./db -run xxx -bench Publish -benchtime 400000x

// rawFile is what a durable append could cost at least: one goroutine appends
// what waits to a file and syncs it, then answers all.
type rawFile struct {
	f    *os.File
	mu   sync.Mutex
	wait []rawWrite
	wake chan struct{}
	done chan struct{}
}

type rawWrite struct {
	bodies [][]byte
	answer chan error
}

func newRawFile(b *testing.B) *rawFile {
	f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	r := &rawFile{f: f, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go r.loop()
	b.Cleanup(func() { close(r.done); _ = f.Close() })
	return r
}

func (r *rawFile) append(bodies [][]byte, answer chan error) error {
	r.mu.Lock()
	r.wait = append(r.wait, rawWrite{bodies, answer})
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return <-answer
}

func (r *rawFile) loop() {
	var buf []byte
	for {
		select {
		case <-r.done:
			return
		case <-r.wake:
		}
		for {
			r.mu.Lock()
			n, size := 0, 0
			for n < len(r.wait) && size < 2<<20 {
				for _, body := range r.wait[n].bodies {
					size += len(body)
				}
				n++
			}
			group := append([]rawWrite(nil), r.wait[:n]...)
			r.wait = append(r.wait[:0], r.wait[n:]...)
			r.mu.Unlock()
			if n == 0 {
				break
			}
			buf = buf[:0]
			for _, w := range group {
				for _, body := range w.bodies {
					buf = append(buf, body...)
				}
			}
			_, err := r.f.Write(buf)
			if err == nil {
				err = syscall.Fdatasync(int(r.f.Fd()))
			}
			for _, w := range group {
				w.answer <- err
			}
		}
	}
}

// producers calls submit n times in all from count goroutines, and tells how
// long that took.
func producers(count, n int, submit func() error) (time.Duration, error) {
	var left atomic.Int64
	left.Store(int64(n))
	errs := make(chan error, count)
	start := time.Now()
	for range count {
		go func() {
			for left.Add(-1) >= 0 {
				if err := submit(); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	var err error
	for range count {
		if e := <-errs; e != nil {
			err = e
		}
	}
	return time.Since(start), err
}

// eventBody is about the size of a pageview with its properties.
func eventBody() []byte {
	body := make([]byte, 1500)
	for i := range body {
		body[i] = byte(' ' + rand.IntN(90))
	}
	return body
}

func benchQueue(b *testing.B) *db.Queue {
	o := quick()
	o.MaxMessages = 1 << 40
	o.MaxBytes = 1 << 50
	q := openQueue(b, b.TempDir(), o)
	b.Cleanup(func() { _ = q.Close() })
	return q
}

// BenchmarkPublish measures durable publishing without a consumer; ns/op is
// per round of both, events/s and the ratio are what to look at.
func BenchmarkPublish(b *testing.B) {
	for _, c := range []struct{ producers, batch int }{{64, 1}, {16, 100}} {
		b.Run(fmt.Sprintf("%dx%d", c.producers, c.batch), func(b *testing.B) {
			const rounds = 5
			q, raw, body := benchQueue(b), newRawFile(b), eventBody()
			bodies := make([][]byte, c.batch)
			msgs := make([]queue.Message, c.batch)
			for i := range bodies {
				bodies[i] = body
				msgs[i] = queue.Message{Topic: "events", Key: "1:a person's id", ID: "0190b2e0-0000-7000-8000-000000000000", Body: body}
			}
			n := max(b.N/rounds/c.batch, 1)
			var ours, theirs time.Duration
			answers := sync.Pool{New: func() any { return make(chan error, 1) }}
			for range rounds {
				d, err := producers(c.producers, n, func() error { return q.Publish(context.Background(), msgs...) })
				if err != nil {
					b.Fatal(err)
				}
				ours += d
				d, err = producers(c.producers, n, func() error {
					answer := answers.Get().(chan error)
					defer answers.Put(answer)
					return raw.append(bodies, answer)
				})
				if err != nil {
					b.Fatal(err)
				}
				theirs += d
			}
			events := float64(rounds * n * c.batch)
			b.ReportMetric(events/ours.Seconds(), "queue-events/s")
			b.ReportMetric(events/theirs.Seconds(), "file-events/s")
			b.ReportMetric(100*theirs.Seconds()/ours.Seconds(), "%-of-file")
		})
	}
}

// BenchmarkConsume measures how fast a stored backlog is handed out,
// acknowledged and deleted; stations do nothing.
func BenchmarkConsume(b *testing.B) {
	for _, ordered := range []bool{false, true} {
		b.Run(fmt.Sprintf("ordered=%t", ordered), func(b *testing.B) {
			q, body := benchQueue(b), eventBody()
			var msgs []queue.Message
			for i := range 100 {
				msgs = append(msgs, queue.Message{Topic: "events", Key: fmt.Sprint("1:", i), Body: body})
			}
			n := max(b.N/100, 1)
			if _, err := producers(16, n, func() error { return q.Publish(context.Background(), msgs...) }); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			start := time.Now()
			drain(b, q, n*100, queue.ConsumeOptions{Workers: 8, Ordered: ordered}, nil)
			b.ReportMetric(float64(n*100)/time.Since(start).Seconds(), "events/s")
		})
	}
}

// drain consumes n events, acknowledgements committed.
func drain(b *testing.B, q *db.Queue, n int, opts queue.ConsumeOptions, next []queue.Message) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var got atomic.Int64
	err := q.Consume(ctx, "events", opts, func(context.Context, queue.Message) ([]queue.Message, error) {
		if got.Add(1) == int64(n) {
			stop()
		}
		return next, nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkFlow measures publishing and consuming at the same time, as in
// the running house: events that are each followed by a smaller invocation.
func BenchmarkFlow(b *testing.B) {
	q, body := benchQueue(b), eventBody()
	msgs := make([]queue.Message, 10)
	for i := range msgs {
		msgs[i] = queue.Message{Topic: "events", Key: fmt.Sprint("1:", i), Body: body}
	}
	next := []queue.Message{{Topic: "invocations", Key: "k", ID: "i", Body: body[:500]}}
	n := max(b.N/10, 1)
	start := time.Now()
	ctx, stop := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { drain(b, q, n*10, queue.ConsumeOptions{Workers: 8, Ordered: true}, next) })
	var ran atomic.Int64
	done.Go(func() {
		err := q.Consume(ctx, "invocations", queue.ConsumeOptions{Workers: 32}, func(context.Context, queue.Message) ([]queue.Message, error) {
			if ran.Add(1) == int64(n*10) {
				stop()
			}
			return nil, nil
		})
		if err != nil {
			b.Error(err)
		}
	})
	if _, err := producers(32, n, func() error { return q.Publish(context.Background(), msgs...) }); err != nil {
		b.Fatal(err)
	}
	done.Wait()
	b.ReportMetric(float64(n*10)/time.Since(start).Seconds(), "events/s")
}
