package respond

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"hogpen/web/session"
)

// heartbeat is the pause between comments on a quiet stream. A client that
// left is only noticed when something is written to it.
const heartbeat = 10 * time.Second

// Message is one server-sent event.
type Message struct {
	// ID comes back as Last-Event-ID when the browser reconnects; may be
	// empty.
	ID string
	// Event is the event's name; may be empty.
	Event string
	// HTML or Data is the payload.
	HTML templ.Component
	Data string
}

// LastEventID is where a reconnecting stream left off; empty at first.
func LastEventID(c *fiber.Ctx) string { return c.Get("Last-Event-ID") }

// Stream answers with server-sent events: every message that arrives from
// next, and a comment now and then, when the session is looked at too: one that
// has ended ends the stream with an event named "end". open is called once with a context that
// ends when the client has left or the server stops; it gives the channel,
// and closing the channel ends the stream. Whoever sends must watch ctx.
//
// The stream outlives the handler, so open must not touch c.
func Stream(c *fiber.Ctx, open func(ctx context.Context) (<-chan Message, error)) error {
	// The request's own deadline must not end the stream.
	ctx, stop := until(session.Server(c), context.WithoutCancel(with(c)))
	messages, err := open(ctx)
	if err != nil {
		stop()
		return err
	}
	c.Set(fiber.HeaderContentType, "text/event-stream")
	c.Set(fiber.HeaderCacheControl, "no-cache, no-transform")
	c.Set("X-Accel-Buffering", "no")
	lasting := session.Lasting(c)
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		defer stop()
		pump(ctx, w, messages, lasting)
	})
	return nil
}

// until gives a context with the values of ctx that ends with end.
func until(end, ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	unhook := context.AfterFunc(end, cancel)
	return ctx, func() { unhook(); cancel() }
}

// signedOut is the last message to whoever is not signed in any more.
var signedOut = Message{Event: "end", Data: "You are signed out"}

func pump(ctx context.Context, w *bufio.Writer, messages <-chan Message, lasting func(context.Context) bool) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	// A first comment opens the stream in the browser before there is news.
	if _, err := w.WriteString(": open\n\n"); err != nil || w.Flush() != nil {
		return
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			if !lasting(ctx) {
				// The stream ends whether it is heard or not.
				if signedOut.write(ctx, w) == nil {
					_ = w.Flush()
				}
				return
			}
			_, err = w.WriteString(": beat\n\n")
		case m, ok := <-messages:
			if !ok {
				return
			}
			err = m.write(ctx, w)
		}
		if err != nil || w.Flush() != nil {
			return
		}
	}
}

func (m Message) write(ctx context.Context, w *bufio.Writer) error {
	data := m.Data
	if m.HTML != nil {
		var b strings.Builder
		if err := m.HTML.Render(ctx, &b); err != nil {
			return fmt.Errorf("render message: %w", err)
		}
		data = b.String()
	}
	if m.ID != "" {
		fmt.Fprintf(w, "id: %s\n", oneLine(m.ID))
	}
	if m.Event != "" {
		fmt.Fprintf(w, "event: %s\n", oneLine(m.Event))
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(data, "\r\n", "\n"), "\n") {
		fmt.Fprintf(w, "data: %s\n", strings.ReplaceAll(line, "\r", ""))
	}
	_, err := w.WriteString("\n")
	return err
}

func oneLine(s string) string { return strings.NewReplacer("\n", "", "\r", "").Replace(s) }
