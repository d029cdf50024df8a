package admin

import (
	"fmt"
	"net/url"

	"hogpen/cdp"
	"hogpen/views/pages"
	"hogpen/views/ui"
)

// addSkips tells of each destination that did not run why it did not.
func addSkips(d *pages.EventData, base string, t cdp.Trace) {
	d.Left = t.Left
	for _, s := range t.Skipped {
		href := base + "/functions/" + url.PathEscape(string(s.Function))
		one := pages.TraceSkip{
			Function: s.Name, Href: href, Version: fmt.Sprintf("v%d", s.Version), Status: skipStatus(s), Edit: href + "#filters",
		}
		if s.Reason == cdp.SkipEvent {
			d.Others = append(d.Others, one)
			continue
		}
		held := 0
		for _, c := range s.Clauses {
			if c.Held {
				held++
			}
			one.Clauses = append(one.Clauses, clauseRow(c))
		}
		if s.Reason == cdp.SkipFilters || s.Reason == cdp.SkipMappings {
			one.Passed = fmt.Sprintf("%d of %d conditions hold", held, len(s.Clauses))
		}
		d.Skips = append(d.Skips, one)
	}
}

func clauseRow(c cdp.Clause) pages.TraceClause {
	row := pages.TraceClause{Text: c.Text, Held: c.Held, Fault: c.Fault}
	if c.Group == "test_accounts" {
		row.Text += " (test accounts)"
	}
	if !c.Held && len(c.Actual) > 0 {
		row.Was = cutText(string(c.Actual), 200)
	}
	return row
}

// cutText shortens what an event carries to what a line can show.
func cutText(s string, runes int) string {
	n := 0
	for i := range s {
		if n++; n > runes {
			return s[:i] + "…"
		}
	}
	return s
}

// skipStatus is a reason in words.
func skipStatus(s cdp.Skip) ui.StatusProps {
	switch s.Reason {
	case cdp.SkipFilters:
		return ui.StatusProps{Icon: "circle-dashed", Word: "Filtered"}
	case cdp.SkipMappings:
		return ui.StatusProps{Icon: "circle-dashed", Word: "No mapping matches"}
	case cdp.SkipFault:
		return ui.StatusProps{Tone: ui.Bad, Icon: "circle-x", Word: "Filters do not compile"}
	case cdp.SkipDisabled:
		return ui.StatusProps{Icon: "pause", Word: "Switched off; it would match"}
	case cdp.SkipLater:
		return ui.StatusProps{Icon: "clock", Word: "Saved after the event came; it matches now"}
	case cdp.SkipStopped:
		return ui.StatusProps{Tone: ui.Bad, Icon: "octagon-x", Word: "Stopped by the watcher"}
	case cdp.SkipMasked:
		return ui.StatusProps{Icon: "shield", Word: "Held back by masking"}
	}
	return ui.StatusProps{Icon: "circle-question-mark", Word: "It matches; its run is under way, or its record is gone"}
}
