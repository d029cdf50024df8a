package cdp_test

import (
	"encoding/json"
	"testing"

	"hogpen/cdp"
)

func TestAlertsReachWhoeverNamesThem(t *testing.T) {
	t.Parallel()
	raw := func(texts ...string) (out []json.RawMessage) {
		for _, s := range texts {
			out = append(out, json.RawMessage(s))
		}
		return out
	}
	for _, name := range []string{"$insight_alert_firing", "$logs_alert_resolved", "$a1_alert_errored", "$x_alert_auto_disabled"} {
		if e := (cdp.InternalEvent{Event: cdp.Event{Name: name}}); !e.IsAlert() {
			t.Errorf("%s is an alert", name)
		}
	}
	for _, name := range []string{"insight_alert_firing", "$Insight_alert_firing", "$insight_alert_firing2", "$_alert", "$activity_log_entry_created"} {
		if e := (cdp.InternalEvent{Event: cdp.Event{Name: name}}); e.IsAlert() {
			t.Errorf("%s is no alert", name)
		}
	}
	const fires = `{"id":"$insight_alert_firing","type":"events"}`
	for _, tt := range []struct {
		why  string
		f    cdp.Filters
		want bool
	}{
		{"both are named", cdp.Filters{Events: raw(fires), Properties: raw(`{"key":"alert_id","operator":"exact","value":"a1"}`)}, true},
		{"the value is a list of one", cdp.Filters{Events: raw(fires), Properties: raw(`{"key":"alert_id","operator":"exact","value":["a1"]}`)}, true},
		{"the event's own filter names it", cdp.Filters{Events: raw(`{"id":"$insight_alert_firing","properties":[{"key":"alert_id","value":"a1"}]}`)}, true},
		{"no alert is named", cdp.Filters{Events: raw(fires)}, false},
		{"another alert", cdp.Filters{Events: raw(fires), Properties: raw(`{"key":"alert_id","operator":"exact","value":"a2"}`)}, false},
		{"another comparison", cdp.Filters{Events: raw(fires), Properties: raw(`{"key":"alert_id","operator":"is_not","value":"a2"}`)}, false},
		{"another event", cdp.Filters{Events: raw(`{"id":"$other"}`), Properties: raw(`{"key":"alert_id","operator":"exact","value":"a1"}`)}, false},
		{"all events", cdp.Filters{Properties: raw(`{"key":"alert_id","operator":"exact","value":"a1"}`)}, false},
	} {
		if have := tt.f.NamesAlert("$insight_alert_firing", "a1"); have != tt.want {
			t.Errorf("%s: %v", tt.why, have)
		}
	}
}
