package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"hogpen/app/apptest"
	"hogpen/cdp"
	"hogpen/db"
)

// counter is a receiver that only counts, so that it takes little of the
// machine that it shares with the server.
type counter struct {
	n    atomic.Int64
	want atomic.Int64
	done chan struct{}
	url  string
}

func newCounter(b *testing.B) *counter {
	c := &counter{done: make(chan struct{}, 1)}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if c.n.Add(1) == c.want.Load() {
			c.done <- struct{}{}
		}
	}))
	b.Cleanup(srv.Close)
	c.url = srv.URL
	return c
}

// eventBatch is a body of /batch/ with n events of about 1.5 KB, of which
// every tenth passes the destination's filter.
func eventBatch(token string, from, n int) []byte {
	filler := map[string]any{}
	for i := range 24 {
		filler[fmt.Sprintf("$property_%02d", i)] = strings.Repeat("x", 30)
	}
	var list []map[string]any
	for i := range n {
		props := map[string]any{"email": fmt.Sprintf("u%d@example.com", from+i), "old_name": "value", "keep": (from+i)%10 == 0}
		for k, v := range filler {
			props[k] = v
		}
		list = append(list, map[string]any{"event": "bench", "distinct_id": fmt.Sprintf("u%d", (from+i)%1000), "uuid": uuid.NewString(), "properties": props})
	}
	body, err := json.Marshal(map[string]any{"api_key": token, "batch": list})
	if err != nil {
		panic(err)
	}
	return body
}

// BenchmarkPipeline is the whole road: events in over HTTP in batches of 100
// or one by one, stored durably before the answer, renamed and hashed by a
// transformation, filtered to one in ten, and posted to a receiver. One
// operation is one event. CPU is that of the whole process, load generator
// and receiver included, so it is an upper bound.
func BenchmarkPipeline(b *testing.B) {
	for _, size := range []int{1, 100} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			h := apptest.New(b)
			sink := newCounter(b)
			h.CreateFunction(b, map[string]any{
				"type": "transformation", "name": "Rename and hash", "enabled": true,
				"hog": "let out := event\nout.properties.new_name := event.properties.old_name\nout.properties.email := sha256Hex(event.properties.email)\nreturn out",
			})
			h.CreateFunction(b, map[string]any{
				"type": "destination", "name": "Forward", "template_id": "template-webhook", "enabled": true,
				"filters": map[string]any{"source": "events", "events": []any{map[string]any{"id": "bench", "type": "events"}},
					"properties": []any{map[string]any{"key": "keep", "value": "true", "operator": "exact", "type": "event"}}},
				"inputs": map[string]any{"url": map[string]any{"value": sink.url}, "body": map[string]any{"value": map[string]any{"properties": "{event.properties}"}}},
			})
			var bodies [][]byte
			sent, passing := 0, 0
			for sent < b.N {
				n := min(size, b.N-sent)
				bodies = append(bodies, eventBatch(h.Info.ProjectToken, sent, n))
				for i := range n {
					if (sent+i)%10 == 0 {
						passing++
					}
				}
				sent += n
			}
			sink.want.Store(int64(passing))
			cpu := cpuTime(b)
			b.ResetTimer()
			post(b, h.URL+"/batch/", bodies, 32)
			acked := b.Elapsed()
			select {
			case <-sink.done:
			case <-time.After(2 * time.Minute):
				b.Fatalf("%d of %d deliveries arrived", sink.n.Load(), passing)
			}
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(b.N)/acked.Seconds(), "acked/s")
			b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(b.N), "cpu-µs/event")
		})
	}
}

// post sends bodies over several connections and wants 200 for each.
func post(b *testing.B, url string, bodies [][]byte, workers int) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers}}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(bodies) {
					return
				}
				res, err := client.Post(url, "application/json", bytes.NewReader(bodies[i]))
				if err != nil {
					b.Error(err)
					return
				}
				io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if res.StatusCode != http.StatusOK {
					b.Errorf("status %d", res.StatusCode)
					return
				}
			}
		})
	}
	wg.Wait()
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkTenThousand asks pages and API of a project with 10,000 functions.
func BenchmarkTenThousand(b *testing.B) {
	h := apptest.New(b)
	h.Stop(b)
	store, err := db.Open(b.Context(), db.Options{Dir: h.Dir})
	if err != nil {
		b.Fatal(err)
	}
	var some cdp.FunctionID
	for i := range 10_000 {
		name := fmt.Sprintf("Function %d to receiver %d", i, i%97)
		f := &cdp.Function{
			ID: cdp.FunctionID(uuid.Must(uuid.NewV7()).String()), Project: h.Info.ProjectID, Type: cdp.Destination, Name: &name, Enabled: true,
			Description: fmt.Sprintf("Sends what happened to account %d of the customer service, when the plan is paid", i*7), Hog: "print('x')",
			Bytecode: json.RawMessage(`["_H",1,32,"x",2,"print",1,35]`), Filters: cdp.Filters{Source: "events", Bytecode: json.RawMessage(`["_H",1,29]`)},
			Version: 1, CreatedAt: time.Now().UTC(), UpdatedAt: time.Now().UTC(), CreatedBy: h.Info.UserID, UpdatedBy: h.Info.UserID,
		}
		if err := store.CreateFunction(b.Context(), f); err != nil {
			b.Fatal(err)
		}
		some = f.ID
	}
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
	h.Restart(b)
	web := h.SignIn(b)
	// With the session, since a personal API key may ask 480 times a minute.
	for _, ask := range []struct{ name, path string }{
		{"api-list-25", h.Project("hog_functions/?limit=25")},
		{"api-search-common", h.Project("hog_functions/?limit=25&search=function")},
		{"api-search-rare", h.Project("hog_functions/?limit=25&search=Function%%209999")},
		{"api-search-none", h.Project("hog_functions/?limit=25&search=qqzzqq")},
		{"api-search-typos", h.Project("hog_functions/?limit=25&search=Fnuction+9999+recevier")},
		{"api-filters", h.Project("hog_functions/?limit=25&filters=%s", url.QueryEscape(`{"events":[{"id":"nowhere"}]}`))},
		{"api-retrieve", h.Project("hog_functions/%s/", some)},
		{"page-list-50", "/p/1/functions"},
		{"page-search", "/p/1/functions?q=9999"},
		{"page-overview", "/p/1"},
	} {
		b.Run(ask.name, func(b *testing.B) {
			for b.Loop() {
				res, err := web.Get(h.URL + ask.path)
				if err != nil {
					b.Fatal(err)
				}
				io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if res.StatusCode != http.StatusOK {
					b.Fatalf("status %d", res.StatusCode)
				}
			}
		})
	}
	b.Run("api-patch", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			h.MustAPI(b, http.StatusOK, "PATCH", h.Project("hog_functions/%s/", some), map[string]any{"hog": fmt.Sprintf("return %d", i), "enabled": true}, nil)
		}
	})
}
