package cdp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"hogpen/cdp"
)

// speaker is an engine that lets every second person through.
type speaker struct {
	filters []string
	pages   []int
	starts  []time.Time
	known   map[cdp.PersonID]bool
	fail    error
	during  func()
}

func (s *speaker) Settle(context.Context) error { return nil }

func (s *speaker) Broadcast(_ context.Context, _ *cdp.Function, filter json.RawMessage, persons []cdp.Person, start time.Time, _ time.Duration) (int, error) {
	if s.during != nil {
		s.during()
	}
	s.filters, s.pages, s.starts = append(s.filters, string(filter)), append(s.pages, len(persons)), append(s.starts, start)
	for _, p := range persons {
		s.known[p.ID] = true
	}
	return len(persons) / 2, s.fail
}

func (b *bundle) people(n int) {
	b.Helper()
	var block cdp.PeopleBlock
	for _, project := range []cdp.ProjectID{b.project, b.project + 1} {
		for i := range n {
			id := fmt.Sprintf("%d-%d", project, i)
			block.Persons = append(block.Persons, cdp.Person{Project: project, ID: cdp.PersonID(id), DistinctID: id, Properties: json.RawMessage("{}"), CreatedAt: b.now, UpdatedAt: b.now})
		}
	}
	if err := b.store.KeepPeople(b.ctx, &block); err != nil {
		b.Fatal(err)
	}
}

// All persons of the project are met once, page by page, and each invocation
// has its place behind those before it.
func TestBroadcastMeetsEveryPerson(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.people(1200)
	yes := true
	f := b.create(cdp.FunctionChange{Hog: cdp.Some("return 1"), Enabled: &yes, Filters: json.RawMessage(
		`{"events":[{"id":"never","type":"events"}],"filter_test_accounts":true,"properties":[{"key":"plan","value":"pro","type":"person"}]}`)})
	s := &speaker{known: map[cdp.PersonID]bool{}}
	bs := &cdp.Broadcasts{Functions: b.fns, Persons: b.store, Runner: s}
	s.during = func() {
		if _, err := bs.Start(b.ctx, f); err == nil || err.Error() != "Cannot broadcast: this function is being broadcast already" {
			t.Errorf("a second one meanwhile: %v", err)
		}
	}
	n, err := bs.Start(b.ctx, f)
	if err != nil || n != 600 || len(s.known) != 1200 || fmt.Sprint(s.pages) != "[500 500 200]" || s.known[cdp.PersonID(fmt.Sprintf("%d-0", b.project+1))] {
		t.Errorf("%d queued, %d persons in pages of %v, %v", n, len(s.known), s.pages, err)
	}
	for i, queued := range []int{0, 250, 500} {
		if after := s.starts[i].Sub(s.starts[0]); after != time.Duration(queued)*10*time.Millisecond {
			t.Errorf("page %d begins after %v", i, after)
		}
		if filter := s.filters[i]; !strings.Contains(filter, `"plan"`) || !strings.Contains(filter, "@example.com") || strings.Contains(filter, "never") {
			t.Errorf("the filter is %s", filter)
		}
	}
}

// What cannot run is refused in words that clients know.
func TestBroadcastRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.people(1)
	yes := true
	start := func(f *cdp.Function, fail error) string {
		t.Helper()
		_, err := (&cdp.Broadcasts{Functions: b.fns, Persons: b.store, Runner: &speaker{known: map[cdp.PersonID]bool{}, fail: fail}}).Start(b.ctx, f)
		if err == nil {
			return ""
		}
		return err.Error()
	}
	made := func(c cdp.FunctionChange) *cdp.Function {
		c.Hog = cdp.Some("return event")
		return b.create(c)
	}
	on := made(cdp.FunctionChange{Enabled: &yes})
	transformation, hook := cdp.Transformation, cdp.SourceWebhook
	cohort := *on
	cohort.Filters.Properties = []json.RawMessage{json.RawMessage(`{"key":"id","type":"cohort","value":1}`)}
	gone := errors.New("the disk is full")
	for _, tt := range []struct {
		f    *cdp.Function
		fail error
		want string
	}{
		{on, nil, ""}, {made(cdp.FunctionChange{}), nil, "Cannot broadcast: function is disabled"},
		{made(cdp.FunctionChange{Type: &transformation, Enabled: &yes}), nil, "Cannot broadcast: functions of type 'transformation' do not run for persons"},
		{made(cdp.FunctionChange{Type: &hook, Enabled: &yes}), nil, "Cannot broadcast: functions of type 'source_webhook' do not run for persons"},
		{&cohort, nil, "Cannot broadcast: Cohort"},
		{on, cdp.Errorf(cdp.NotFound, "", "This function does not run."), "Cannot broadcast: function does not run"},
		{on, gone, gone.Error()},
	} {
		if have := start(tt.f, tt.fail); !strings.HasPrefix(have, tt.want) || tt.want == "" && have != "" {
			t.Errorf("%s of type %s: %q, want %q", tt.f.Title(), tt.f.Type, have, tt.want)
		}
	}
}
