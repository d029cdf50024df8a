package db_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hogpen/cdp"
	"hogpen/db/dbtest"
)

// Names of a project that is gone do not keep those of others from being
// stored.
func TestRecordSeenLeavesOutWhatIsGone(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	seen := func(id cdp.ProjectID) cdp.Seen {
		return cdp.Seen{Project: id, Events: []cdp.EventDefinition{{Name: "a", CreatedAt: dbtest.Now, LastSeenAt: dbtest.Now}},
			Pairs: []cdp.EventPropertyPair{{Event: "a", Property: "x"}}}
	}
	if err := s.RecordSeen(ctx, []cdp.Seen{seen(p.ID + 1), seen(p.ID)}); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[cdp.ProjectID]int{p.ID: 1, p.ID + 1: 0} {
		if have := must(s.Seen(ctx, id))(t); len(have.Events) != want || len(have.Pairs) != want {
			t.Errorf("project %d has %+v", id, have)
		}
	}
}

// A mark that grew meanwhile stays.
func TestMarksOfFilters(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	marks := func(want map[cdp.ProjectID]int) {
		t.Helper()
		if d := cmp.Diff(want, must(s.MarkedFilters(ctx))(t)); d != "" {
			t.Error(d)
		}
	}
	first, second := must(s.MarkFilters(ctx, p.ID))(t), must(s.MarkFilters(ctx, p.ID))(t)
	if err := s.UnmarkFilters(ctx, p.ID, first); err != nil {
		t.Fatal(err)
	}
	marks(map[cdp.ProjectID]int{p.ID: second})
	if err := s.UnmarkFilters(ctx, p.ID, second); err != nil {
		t.Fatal(err)
	}
	marks(map[cdp.ProjectID]int{})
}

// Actions and cohorts of another project are not found.
func TestNamedThingsBelongToTheirProject(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	a := must(s.CreateAction(ctx, cdp.Action{Project: p.ID, CreatedAt: dbtest.Now, CalculatedAt: dbtest.Now}))(t)
	c := must(s.CreateCohort(ctx, cdp.Cohort{Project: p.ID, CreatedAt: dbtest.Now}))(t)
	other := p.ID + 1
	_, missing := s.Action(ctx, other, a.ID)
	wantCode(t, missing, cdp.NotFound)
	_, missing = s.CohortAny(ctx, other, c.ID)
	wantCode(t, missing, cdp.NotFound)
	a.Project, c.Project = other, other
	wantCode(t, s.UpdateAction(ctx, a), cdp.NotFound)
	wantCode(t, s.UpdateCohort(ctx, c), cdp.NotFound)
	// One that is deleted is found by whoever asks for any.
	c.Project, c.Deleted = p.ID, true
	if err := s.UpdateCohort(ctx, c); err != nil {
		t.Fatal(err)
	}
	_, missing = s.Cohort(ctx, p.ID, c.ID)
	wantCode(t, missing, cdp.NotFound)
	if got := must(s.CohortAny(ctx, p.ID, c.ID))(t); !got.Deleted {
		t.Errorf("got %+v", got)
	}
}

func wantCode(t *testing.T, err error, code cdp.Code) {
	t.Helper()
	if !cdp.HasCode(err, code) {
		t.Errorf("error %v, want code %s", err, code)
	}
}
