package admin

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/views/ui/hx"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// eventsAtOnce is how many events the list shows.
const eventsAtOnce = 100

// EventList is GET /p/:pid/events: what came last.
func (h *Handler) EventList(c *fiber.Ctx) error {
	project := session.Project(c)
	q := cdp.EventQuery{Project: project.ID, Search: strings.TrimSpace(c.Query("q")), Limit: eventsAtOnce + 1}
	older := false
	if us, err := strconv.ParseInt(c.Query("before"), 10, 64); err == nil {
		q.Before, older = time.UnixMicro(us), true
	}
	found, err := h.c.Store.RecentEvents(c.UserContext(), q)
	if err != nil {
		return err
	}
	d := pages.EventListData{Base: base(c) + "/events", Query: q.Search, Filtered: q.Search != "" || older, Token: project.Token}
	if len(found) > eventsAtOnce {
		found = found[:eventsAtOnce]
		v := url.Values{"before": {strconv.FormatInt(found[len(found)-1].ReceivedAt.UnixMicro(), 10)}}
		if q.Search != "" {
			v.Set("q", q.Search)
		}
		d.More = d.Base + "?" + v.Encode()
	} else {
		d.Edge = "These are all that are kept."
	}
	for _, e := range found {
		d.Rows = append(d.Rows, h.eventRow(base(c), e))
	}
	if older && respond.Partial(c) {
		if err := respond.Part(c, pages.EventRows(d.Rows)); err != nil {
			return err
		}
		return respond.Places(c, respond.Place{Selector: "#event-more", Swap: hx.Morph, Content: pages.EventMore(d.More, d.Edge)})
	}
	d.Curl, d.JS, d.Node = sendExamples(c.BaseURL(), project.Token)
	s, err := h.shell(c, "Events", "Events")
	if err != nil {
		return err
	}
	return respond.Page(c, pages.EventList(s, d), "events")
}

func (h *Handler) eventRow(base string, e cdp.Event) pages.EventRowData {
	props := object(e.Properties)
	r := pages.EventRowData{
		UUID: e.UUID, Name: e.Name, Href: base + "/events/" + url.PathEscape(e.UUID), DistinctID: e.DistinctID, Person: personIn(props),
		Library: textOf(props["$lib"]), Received: e.ReceivedAt, Ago: ui.Ago(h.now(), e.ReceivedAt),
	}
	if u, err := url.Parse(textOf(props["$current_url"])); err == nil && u.Host != "" {
		r.Place = u.Host + u.Path
	}
	return r
}

// personIn is what an event tells of its person's name; "" is nothing.
func personIn(props map[string]json.RawMessage) string {
	for _, from := range []string{"$set", "$set_once"} {
		known := object(props[from])
		for _, key := range []string{"email", "name", "username"} {
			if text := textOf(known[key]); text != "" {
				return text
			}
		}
	}
	return ""
}

// sendExamples are complete programs that send a first event.
func sendExamples(host, token string) (curl, js, node string) {
	curl = fmt.Sprintf(`curl %s/capture/ \
  -H 'Content-Type: application/json' \
  -d '{"api_key": "%s", "event": "hello", "distinct_id": "me"}'`, host, token)
	js = fmt.Sprintf(`import posthog from 'posthog-js'

posthog.init('%s', { api_host: '%s' })
posthog.capture('hello')`, token, host)
	node = fmt.Sprintf(`import { PostHog } from 'posthog-node'

const posthog = new PostHog('%s', { host: '%s' })
posthog.capture({ distinctId: 'me', event: 'hello' })
await posthog.shutdown()`, token, host)
	return curl, js, node
}
