package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hogpen/cdp"
	"hogpen/engine"
	"hogpen/engine/fetch"
	"hogpen/queue"
)

// A pageview of a browser, about 1.5 KB.
const pageview = `{"$os":"Mac OS X","$os_version":"10.15.7","$browser":"Chrome","$device_type":"Desktop","$current_url":"https://shop.example.com/products/42?utm_source=mail&utm_campaign=spring","$host":"shop.example.com","$pathname":"/products/42","$raw_user_agent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36","$browser_version":140,"$browser_language":"en-GB","$screen_height":1117,"$screen_width":1728,"$viewport_height":992,"$viewport_width":1728,"$lib":"web","$lib_version":"1.268.0","$insert_id":"0a1b2c3d4e5f6a7b","$time":1772359200.412,"distinct_id":"user-4711","$device_id":"0195a1f0-7d7e-7000-8000-0000000000aa","$session_id":"0195a1f0-7d7e-7000-8000-0000000000bb","$window_id":"0195a1f0-7d7e-7000-8000-0000000000cc","$referrer":"https://www.example.org/search","$referring_domain":"www.example.org","plan":"pro","price":49.5,"currency":"EUR","items":[{"id":1,"name":"Hat"},{"id":2,"name":"Scarf"}],"$set":{"email":"ada@example.com","name":"Ada"},"token":"phc_shop"}`

// BenchmarkPipeline takes events through one transformation, two filters and
// one destination whose request is answered at once, all in memory: what is
// left is the engine's own cost.
func BenchmarkPipeline(b *testing.B) {
	h := &house{shelf: &shelf{functions: map[cdp.FunctionID]*cdp.Function{}}, url: "https://hooks.example.com/x"}
	t := &testing.T{}
	h.t = t
	h.put(h.function("t", cdp.Transformation, "let e := event; e.properties.plan := upper(e.properties.plan); return e"))
	h.put(h.function("hook", cdp.Destination, "let r := fetch(inputs.url, {'body': {'event': event.event, 'email': person.properties.email}}); if (r.status >= 400) { throw Error('no') }"), func(f *cdp.Function) {
		f.Filters.Bytecode = condition(t, "event = '$pageview' and properties.price > 10")
	})
	h.put(h.function("other", cdp.Destination, "print(1)"), func(f *cdp.Function) {
		f.Filters.Bytecode = condition(t, "event = '$pageview' and properties.price > 1000")
	})
	e, sent := begun(b, h)
	b.ReportAllocs()
	b.ResetTimer()
	batch := make([]cdp.Event, 0, 100)
	for i := range b.N {
		batch = append(batch, cdp.Event{
			Project: 1, UUID: fmt.Sprintf("0195a1f0-7d7e-7000-8000-%012d", i), Name: "$pageview", DistinctID: fmt.Sprint("u", i%1000),
			Timestamp: time.Now(), ReceivedAt: time.Now(), Properties: json.RawMessage(pageview),
		})
		if len(batch) == cap(batch) || i == b.N-1 {
			if err := e.Capture(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	if sent.Load() != int64(b.N) {
		b.Fatalf("%d requests", sent.Load())
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

type nowhere struct{}

func (nowhere) Record(context.Context, cdp.Batch) error { return nil }

// direct does the work of a message where it is published.
type direct struct {
	mu       sync.Mutex
	stations map[string]queue.Station
	ready    chan struct{}
}

func (d *direct) Publish(ctx context.Context, msgs ...queue.Message) error {
	for _, m := range msgs {
		d.mu.Lock()
		s := d.stations[m.Topic]
		d.mu.Unlock()
		next, err := s(ctx, m)
		if err != nil {
			return err
		}
		if err := d.Publish(ctx, next...); err != nil {
			return err
		}
	}
	return nil
}

func (d *direct) Consume(ctx context.Context, topic string, _ queue.ConsumeOptions, s queue.Station) error {
	d.mu.Lock()
	d.stations[topic] = s
	d.mu.Unlock()
	d.ready <- struct{}{}
	<-ctx.Done()
	return nil
}

func (d *direct) Stats(context.Context, string) (queue.Stats, error) { return queue.Stats{}, nil }

// begun starts an engine whose stations the benchmark calls itself, and whose
// requests are answered at once and counted.
func begun(b *testing.B, h *house, changes ...func(*engine.Config)) (*engine.Engine, *atomic.Int64) {
	b.Helper()
	sent := new(atomic.Int64)
	carrier := &direct{stations: map[string]queue.Station{}, ready: make(chan struct{}, 4)}
	config := engine.Config{
		Queue: carrier, Functions: h.shelf, Projects: h.shelf, Recorder: nowhere{}, Log: slog.New(slog.DiscardHandler),
		Fetch: func(context.Context, fetch.Request) (fetch.Response, error) {
			sent.Add(1)
			return fetch.Response{Status: 200, Body: []byte(`{"ok":true}`)}, nil
		},
	}
	stations := 2
	for _, change := range changes {
		change(&config)
	}
	if config.People != nil {
		stations++
	}
	e, err := engine.New(config)
	if err != nil {
		b.Fatal(err)
	}
	if err := e.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(e.Stop)
	for range stations {
		<-carrier.ready
	}
	return e, sent
}
