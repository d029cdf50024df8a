package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hogpen/cdp"
)

// next reads n things from a channel.
func next[T any](t *testing.T, from <-chan T, n int) (all []T) {
	t.Helper()
	for range n {
		select {
		case v, ok := <-from:
			if !ok {
				t.Fatalf("the channel was closed after %v", all)
			}
			all = append(all, v)
		case <-time.After(10 * time.Second):
			t.Fatalf("only %+v", all)
		}
	}
	return all
}

// told writes news as "event" and "event function outcome".
func told(all []cdp.LiveNews) string {
	var out []string
	for _, n := range all {
		text := n.Event.Name
		if n.Fate != nil {
			text += fmt.Sprintf(" %s %s", n.Fate.Function, n.Fate.Outcome)
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func TestLiveLogs(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.put(h.function("hook", cdp.Destination, "print('hello')"))
	h.put(h.function("page", cdp.Destination, "print('hello')"), only("$pageview"))
	h.start()
	all, stopAll := h.e.Logs(1, "")
	mine, stopMine := h.e.Logs(1, "page")
	other, stopOther := h.e.Logs(2, "")
	h.capture("$pageview", `{}`)
	if got := next(t, all, 4); got[0].Message != "hello" {
		t.Errorf("project: %+v", got)
	}
	if got := next(t, mine, 2); got[0].Function != "page" || got[1].Function != "page" {
		t.Errorf("function: %+v", got)
	}
	stopAll()
	stopAll()
	stopMine()
	stopOther()
	if _, open := <-other; open {
		t.Error("another project was heard")
	}
}

func TestLiveFeedTellsOfEventsAndFates(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.put(h.function("clean", cdp.Transformation, "if (event.event == 'dropped') { return null } return event"))
	h.put(h.function("hook", cdp.Destination, "print('hello')"))
	h.put(h.function("page", cdp.Destination, "throw Error('no')"), only("$pageview"))
	h.start()
	all, other := h.e.Watch(1, cdp.LiveFilter{}), h.e.Watch(2, cdp.LiveFilter{})
	views, nobody := h.e.Watch(1, cdp.LiveFilter{Event: "PAGE"}), h.e.Watch(1, cdp.LiveFilter{DistinctID: "nobody"})
	page := h.e.Watch(1, cdp.LiveFilter{Function: "page"})
	h.capture("a", `{}`)
	if got, want := told(next(t, all.News, 5)), "a, a clean succeeded, a page filtered, a hook triggered, a hook succeeded"; got != want {
		t.Errorf("all: %s, want %s", got, want)
	}
	h.capture("dropped", `{}`)
	if got, want := told(next(t, all.News, 3)), "dropped, dropped clean succeeded, dropped clean dropped"; got != want {
		t.Errorf("all: %s, want %s", got, want)
	}
	h.capture("$pageview", `{}`)
	news := next(t, views.News, 6)
	if fates := strings.Split(told(news), ", "); fates[0] != "$pageview" || !slices.Contains(fates, "$pageview page failed") || !slices.Contains(fates, "$pageview hook succeeded") {
		t.Errorf("of the name: %v", fates)
	}
	for _, n := range news {
		if n.Event.UUID == "" || n.Event.DistinctID != "u1" || n.Event.Time.IsZero() || n.Fate != nil && n.Fate.Outcome == cdp.OutcomeFailed && n.Fate.Logs == 0 {
			t.Errorf("news %+v %+v", n.Event, n.Fate)
		}
	}
	if got, want := told(next(t, page.News, 3)), "$pageview, $pageview page triggered, $pageview page failed"; got != want {
		t.Errorf("of the function: %s, want %s", got, want)
	}
	if got := all.Tally(); got != (cdp.LiveTally{Seen: 3, Shown: 3}) {
		t.Errorf("tally %+v", got)
	}
	for _, f := range []cdp.LiveFeed{all, views, nobody, page, other} {
		f.Close()
		f.Close()
	}
	for name, f := range map[string]cdp.LiveFeed{"another project": other, "another person": nobody} {
		if n, open := <-f.News; open {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

// Under load a feed tells of some events, and a reader that does not read is not
// waited for.
func TestLiveFeedIsSampledAndNeverWaits(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.put(h.function("hook", cdp.Destination, "return 1"))
	h.start()
	feed := h.e.Watch(1, cdp.LiveFilter{})
	defer feed.Close()
	const n = 600
	for range n / 100 {
		var events []cdp.Event
		for i := range 100 {
			events = append(events, cdp.Event{Project: 1, UUID: uuid.NewString(), Name: "a", DistinctID: fmt.Sprint(i), ReceivedAt: time.Now()})
		}
		if err := h.e.Capture(t.Context(), events); err != nil {
			t.Fatal(err)
		}
	}
	h.eventually("all are worked on", func() bool { return h.e.Stats(t.Context()).Processed == n })
	tally := feed.Tally()
	if tally.Seen != n || tally.Shown < 50 || tally.Shown >= n {
		t.Errorf("tally %+v", tally)
	}
}
