package engine_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hogpen/cdp"
	"hogpen/db"
	"hogpen/engine"
)

// neighbour measures how long events take to a destination that answers at
// once.
type neighbour struct {
	mu   sync.Mutex
	sent map[string]time.Time
	took []time.Duration
}

func (n *neighbour) send(h *house, name string) {
	n.mu.Lock()
	if n.sent == nil {
		n.sent = map[string]time.Time{}
	}
	n.sent[name] = time.Now()
	n.mu.Unlock()
	h.capture(name, `{}`)
}

func (n *neighbour) arrived(body string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, at := range n.sent {
		if strings.Contains(body, `"`+name+`"`) {
			n.took = append(n.took, time.Since(at))
			delete(n.sent, name)
		}
	}
}

func (n *neighbour) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.took)
}

// want checks that half of the events and the slowest arrived in time.
func (n *neighbour) want(t *testing.T, median, most time.Duration) {
	t.Helper()
	slices.Sort(n.took)
	median, most = slower*median, slower*most
	half, last := n.took[len(n.took)/2], n.took[len(n.took)-1]
	t.Logf("%d events beside it: median %s, slowest %s", len(n.took), half.Round(time.Millisecond), last.Round(time.Millisecond))
	if half > median || last > most {
		t.Errorf("median %s, slowest %s; want at most %s and %s", half, last, median, most)
	}
}

// fairHouse has a real queue, bad functions, and a good one beside them.
func fairHouse(t *testing.T, bad int, src, url string) (*house, *neighbour) {
	t.Helper()
	q, err := db.OpenQueue(t.Context(), t.TempDir(), db.QueueOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	h := newHouse(t, func(c *engine.Config) { c.Queue, c.Grace = q, 100*time.Millisecond })
	n := &neighbour{}
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { n.arrived(r.URL.RawQuery) }))
	t.Cleanup(sink.Close)
	h.put(h.function("good", cdp.Destination, `fetch(f'`+sink.URL+`/?"{event.event}"')`))
	for i := range bad {
		f := h.function(fmt.Sprintf("bad%d", i), cdp.Destination, src)
		f.Inputs = cdp.Inputs{{Key: "url", Value: []byte(`"` + url + `"`)}}
		h.put(f)
	}
	return h.start(), n
}

// each sends events at a pace until they have all arrived at the neighbour.
func (n *neighbour) each(h *house, events int, pause time.Duration) {
	for i := range events {
		n.send(h, fmt.Sprintf("event-%d", i))
		time.Sleep(pause)
	}
	h.eventually("all events arrive", func() bool { return n.count() == events })
}

func TestLoopingFunctionsDelayNobody(t *testing.T) {
	h, n := fairHouse(t, 12, "while (true) { let a := 1 }", "")
	n.each(h, 60, 50*time.Millisecond)
	n.want(t, 250*time.Millisecond, 2*time.Second)
}

func TestHangingDestinationsDelayNobody(t *testing.T) {
	h, n := fairHouse(t, 12, forward, far(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	n.each(h, 400/slower, slower*5*time.Millisecond)
	t.Logf("%d invocations were put off", h.e.Stats(t.Context()).PutOff)
	n.want(t, 100*time.Millisecond, 2*time.Second)
}

// far is a destination of a kind that one had better not meet.
func far(t *testing.T, answer http.HandlerFunc) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then is the caller's leaving noticed
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	t.Cleanup(s.CloseClientConnections)
	return s.URL
}

func TestBadDestinations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   string // in the log
	}{
		{"hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "timeout after 2000 ms"},
		{"drips", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				fmt.Fprint(w, ".")
				w.(http.Flusher).Flush()
				time.Sleep(50 * time.Millisecond)
			}
		}, "timeout after 2000 ms"},
		{"resets", func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				c.Close()
			}
		}, "HTTP fetch failed on attempt 3 with status code (none)."},
		{"redirects to localhost", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://localhost:1/secret", http.StatusFound)
		}, "info got, 302"},
		{"answers 10 GB", func(w http.ResponseWriter, r *http.Request) {
			chunk := make([]byte, 1<<20)
			for range 10 << 10 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, "Response body exceeds the limit of 1048576 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			f := h.function("bad", cdp.Destination, forward)
			f.Inputs = cdp.Inputs{{Key: "url", Value: []byte(`"` + far(t, tt.answer) + `"`)}}
			h.put(f)
			h.put(h.function("good", cdp.Destination, forward))
			h.start()
			h.capture("a", `{}`)
			h.wantMetrics("good", "fetch 1, succeeded 1, triggered 1")
			h.eventually("the run ends", func() bool { s := h.run("bad").Status; return s == "failed" || s == "succeeded" })
			h.eventually("its log tells "+tt.want, func() bool { return strings.Contains(h.logs("bad"), tt.want) })
		})
	}
}

// Fifty answers that never end do not fill the memory.
func TestMemoryIsBoundedByEndlessAnswers(t *testing.T) {
	h := newHouse(t, nil)
	f := h.function("bad", cdp.Destination, "fetch(inputs.url)")
	f.Inputs = cdp.Inputs{{Key: "url", Value: []byte(`"` + far(t, func(w http.ResponseWriter, r *http.Request) {
		chunk := make([]byte, 64<<10)
		for r.Context().Err() == nil {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}) + `"`)}}
	h.put(f)
	h.start()
	for range 50 {
		h.capture("a", `{}`)
	}
	var most uint64
	h.eventually("all end", func() bool {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapAlloc)
		time.Sleep(5 * time.Millisecond)
		return strings.Contains(h.metricsOf("bad"), "failed 50")
	})
	t.Logf("the heap held at most %d MB", most>>20)
	if most > 400<<20 {
		t.Errorf("the heap held %d MB", most>>20)
	}
}
