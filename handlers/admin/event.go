package admin

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/views/layout"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// fresh is how long an event may still be on its way to functions.
const fresh = 5 * time.Second

// Event is GET /p/:pid/events/:uuid: what became of one event.
func (h *Handler) Event(c *fiber.Ctx) error {
	ctx, project := c.UserContext(), session.Project(c).ID
	id, err := url.PathUnescape(c.Params("uuid"))
	if err != nil {
		id = c.Params("uuid")
	}
	trace, err := h.c.Traces.Trace(ctx, project, id)
	if err != nil {
		return err
	}
	e, list := trace.Event, trace.Runs
	props := object(e.Properties)
	d := pages.EventData{
		Name: e.Name, UUID: e.UUID, DistinctID: e.DistinctID, Person: personIn(props),
		Received: e.ReceivedAt.UTC().Format("2 Jan, 15:04:05.000 UTC") + ", " + ui.Ago(h.now(), e.ReceivedAt),
		Happened: e.Timestamp.UTC().Format("2 Jan, 15:04:05.000 UTC"), Properties: indented(e.Properties),
		Steps: traceSteps(base(c), props, list), Waiting: h.now().Sub(e.ReceivedAt) < fresh, Address: c.Path(),
	}
	list = slices.DeleteFunc(list, func(r cdp.Run) bool {
		href := base(c) + "/functions/" + string(r.Function)
		return slices.ContainsFunc(d.Steps, func(s pages.TraceStep) bool { return s.Href == href })
	})
	if d.Runs, err = h.traceRuns(c, e, list); err != nil {
		return err
	}
	addSkips(&d, base(c), trace)
	s, err := h.shell(c, e.Name, "Events", layout.Crumb{Label: "Events", Href: base(c) + "/events"}, layout.Crumb{Label: e.Name})
	if err != nil {
		return err
	}
	return respond.Page(c, pages.Event(s, d))
}

// traceSteps reads what the engine noted in the event: which transformations
// changed it, failed or were skipped, each as "name (id)".
func traceSteps(base string, props map[string]json.RawMessage, list []cdp.Run) []pages.TraceStep {
	var out []pages.TraceStep
	for _, kind := range []struct {
		key    string
		status ui.StatusProps
	}{
		{"$transformations_succeeded", ui.StatusProps{Tone: ui.OK, Icon: "circle-check", Word: "Ran"}},
		{"$transformations_failed", ui.StatusProps{Tone: ui.Bad, Icon: "circle-x", Word: "Failed"}},
		{"$transformations_skipped", ui.StatusProps{Icon: "circle-dashed", Word: "Skipped, filters did not match"}},
	} {
		var labels []string
		if json.Unmarshal(props[kind.key], &labels) != nil {
			continue
		}
		for _, label := range labels {
			step := pages.TraceStep{Name: label, Status: kind.status}
			if i := strings.LastIndex(label, " ("); i > 0 && strings.HasSuffix(label, ")") {
				id := label[i+2 : len(label)-1]
				step.Name, step.Href = label[:i], base+"/functions/"+url.PathEscape(id)
				for _, r := range list {
					if string(r.Function) == id {
						step.Took, step.Error = ui.Took(r.Duration), r.ErrorMessage
					}
				}
			}
			out = append(out, step)
		}
	}
	return out
}

// runStatus is how a run ended, in words.
func runStatus(status string) ui.StatusProps {
	switch status {
	case "succeeded":
		return ui.StatusProps{Tone: ui.OK, Icon: "circle-check", Word: "Succeeded"}
	case "failed":
		return ui.StatusProps{Tone: ui.Bad, Icon: "circle-x", Word: "Failed"}
	case "inputs_failed":
		return ui.StatusProps{Tone: ui.Bad, Icon: "circle-x", Word: "Inputs failed"}
	case "filtering_failed":
		return ui.StatusProps{Tone: ui.Bad, Icon: "circle-x", Word: "Filtering failed"}
	case "running":
		return ui.StatusProps{Tone: ui.Info, Icon: "clock", Word: "Running"}
	case "dropped":
		return ui.StatusProps{Icon: "trash-2", Word: "Dropped"}
	}
	return ui.StatusProps{Icon: "circle-dashed", Word: strings.ReplaceAll(status, "_", " ")}
}

// shownRuns bounds how many runs bring their log lines along.
const shownRuns = 50

func (h *Handler) traceRuns(c *fiber.Ctx, e cdp.Event, list []cdp.Run) ([]pages.TraceRun, error) {
	ctx, project := c.UserContext(), session.Project(c).ID
	var ids []cdp.FunctionID
	for _, r := range list {
		ids = append(ids, r.Function)
	}
	names, err := h.c.Store.FunctionNames(ctx, project, ids)
	if err != nil {
		return nil, err
	}
	var out []pages.TraceRun
	for i, r := range list {
		href := base(c) + "/functions/" + string(r.Function)
		t := pages.TraceRun{
			ID: string(r.ID), Function: cmp.Or(names[r.Function], "A deleted function"), Href: href, Version: fmt.Sprintf("v%d", r.Version),
			Status: runStatus(r.Status), Took: ui.Took(r.Duration), Error: r.ErrorMessage,
			LogsHref: href + "/logs?run=" + url.QueryEscape(string(r.ID)), Debug: href + "?event=" + url.QueryEscape(e.UUID) + "#bench",
		}
		if r.FinishedAt.IsZero() {
			t.Took = ""
		}
		if r.Attempts > 1 {
			t.Attempts = fmt.Sprintf("%d attempts", r.Attempts)
		}
		if i < shownRuns {
			lines, err := h.c.Store.Logs(ctx, cdp.LogQuery{Project: project, Function: r.Function, Invocation: r.ID, Limit: 20})
			if err != nil {
				return nil, err
			}
			slices.Reverse(lines)
			for _, l := range lines {
				t.Logs = append(t.Logs, pages.LogRowData{Level: string(l.Level), Message: l.Message})
			}
		}
		out = append(out, t)
	}
	return out, nil
}
