package capture_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/handlers/capture"
)

// copier takes over what it is lent, as the engine does.
type copier struct {
	mu   sync.Mutex
	seen map[string]string // properties by event name and UUID
}

func (c *copier) Capture(_ context.Context, events []cdp.Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range events {
		c.seen[e.Name+" "+e.UUID] = string(e.Properties)
	}
	return nil
}

func (c *copier) ProjectByToken(context.Context, string) (cdp.Project, error) {
	return cdp.Project{ID: 1}, nil
}

// TestBorrowedMemory: requests of all sizes, at the same time, leave nothing in
// each other's events although they share memory one after the other.
func TestBorrowedMemory(t *testing.T) {
	t.Parallel()
	c := &copier{seen: map[string]string{}}
	h, err := capture.New(capture.Config{Capturer: c, Projects: c, Borrows: true})
	if err != nil {
		t.Fatal(err)
	}
	app := fiber.New()
	app.Post("/batch", h.Capture)
	uuidOf := func(i, j int) string { return fmt.Sprintf("01970000-0000-7000-8000-%06x%06x", i, j) }
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := worker; i < 60; i += 4 {
				var b strings.Builder
				b.WriteString(`{"api_key":"phc_x","batch":[`)
				for j := range 1 + i%7 {
					if j > 0 {
						b.WriteByte(',')
					}
					fmt.Fprintf(&b, `{"event":"e%d","distinct_id":"u","uuid":%q,"properties":{"n":"%d/%d","x":%q}}`, j%2, uuidOf(i, j), i, j, strings.Repeat("x", 50*i))
				}
				b.WriteString(`]}`)
				res, err := app.Test(httptest.NewRequest("POST", "/batch", strings.NewReader(b.String())), -1)
				if err != nil || res.StatusCode != 200 {
					t.Errorf("request %d: %v, %v", i, res, err)
					return
				}
				res.Body.Close()
			}
		})
	}
	wg.Wait()
	for i := range 60 {
		for j := range 1 + i%7 {
			var have struct{ N, X string }
			text := c.seen[fmt.Sprintf("e%d %s", j%2, uuidOf(i, j))]
			if err := json.Unmarshal([]byte(text), &have); err != nil || have.N != fmt.Sprint(i, "/", j) || len(have.X) != 50*i {
				t.Errorf("event %d of request %d is %q, %v", j, i, text, err)
			}
		}
	}
}
