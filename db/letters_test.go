package db_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"hogpen/cdp"
	"hogpen/db"
	"hogpen/db/dbtest"
)

func letter(id string, change ...func(*cdp.DeadLetter)) cdp.DeadLetter {
	l := cdp.DeadLetter{
		ID: id, Project: 1, Function: "f1", Version: 3, Mapping: -1, Kind: cdp.LetterFailed, Source: cdp.LetterEvent, Run: true,
		EventUUID: "0195a1f0-7d7e-7000-8000-000000000001", EventName: "Ördered", DistinctID: "ada", ErrorKind: "http_5xx",
		Reason: "HTTP fetch failed on attempt 3", Attempts: 3, At: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC),
		Payload: json.RawMessage(`{"event":{"event":"ordered"}}`), Inputs: json.RawMessage(`{"url":"https://example.com"}`),
	}
	for _, do := range change {
		do(&l)
	}
	return l
}

func letterIDs(all []cdp.DeadLetter) []string {
	out := []string{}
	for _, l := range all {
		out = append(out, l.ID)
	}
	return out
}

func TestDeadLettersAreKept(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	ctx := t.Context()
	first := letter("a")
	all := []cdp.DeadLetter{
		first,
		letter("b", func(l *cdp.DeadLetter) { l.Function, l.Kind, l.ErrorKind = "f2", cdp.LetterInputs, "inputs_failed" }),
		letter("c", func(l *cdp.DeadLetter) {
			l.Project, l.Function, l.Kind, l.QueueID, l.Inputs = 0, "", cdp.LetterSetAside, 7, nil
		}),
		letter("d", func(l *cdp.DeadLetter) { l.Project = 2 }),
	}
	for range 2 { // what is kept already stays as it is
		if err := s.KeepLetters(ctx, all); err != nil {
			t.Fatal(err)
		}
	}
	no, yes := false, true
	for _, tt := range []struct {
		name string
		q    cdp.LetterQuery
		want []string
	}{
		{"a project's", cdp.LetterQuery{}, []string{"b", "a"}},
		{"and those of none", cdp.LetterQuery{Unowned: true}, []string{"c", "b", "a"}},
		{"one function's", cdp.LetterQuery{Function: "f2"}, []string{"b"}},
		{"by kind", cdp.LetterQuery{Kinds: []string{cdp.LetterFailed, cdp.LetterSetAside}}, []string{"a"}},
		{"by error", cdp.LetterQuery{ErrorKinds: []string{"inputs_failed"}}, []string{"b"}},
		{"by ID", cdp.LetterQuery{IDs: []string{"a", "d"}}, []string{"a"}},
		{"a text folded", cdp.LetterQuery{Search: "öRD"}, []string{"b", "a"}},
		{"a reason", cdp.LetterQuery{Search: "attempt 3"}, []string{"b", "a"}},
		{"a whole ID", cdp.LetterQuery{Search: "b"}, []string{"b"}},
		{"nothing like it", cdp.LetterQuery{Search: "zzz"}, []string{}},
		{"waiting", cdp.LetterQuery{Replayed: &no}, []string{"b", "a"}},
		{"replayed", cdp.LetterQuery{Replayed: &yes}, []string{}},
		{"after", cdp.LetterQuery{After: first.At}, []string{}},
		{"before", cdp.LetterQuery{Before: first.At.Add(time.Second), Limit: 1}, []string{"b"}},
		{"the next page", cdp.LetterQuery{Limit: 1, Offset: 1}, []string{"a"}},
	} {
		tt.q.Project = 1
		got, err := s.Letters(ctx, tt.q)
		if err != nil || !slices.Equal(letterIDs(got), tt.want) {
			t.Errorf("%s: %v, %v; want %v", tt.name, letterIDs(got), err, tt.want)
		}
		tt.q.Limit, tt.q.Offset = 0, 0
		if n, err := s.CountLetters(ctx, tt.q); err != nil || tt.name != "before" && tt.name != "the next page" && int(n) != len(tt.want) {
			t.Errorf("%s: counts %d, %v", tt.name, n, err)
		}
	}
	got, err := s.Letter(ctx, 1, "a")
	first.Seq = got.Seq
	if err != nil || !reflect.DeepEqual(got, first) {
		t.Errorf("%+v, %v; want %+v", got, err, first)
	}
	if _, err := s.Letter(ctx, 1, "d"); !cdp.HasCode(err, cdp.NotFound) {
		t.Errorf("another project's: %v", err)
	}
	when := first.At.Add(time.Hour)
	if err := s.MarkRerun(ctx, []cdp.RerunMark{{Run: "a", As: "a2", Mapping: -1}}, when); err != nil {
		t.Fatal(err)
	}
	if l, err := s.Letter(ctx, 1, "a"); err != nil || l.ReplayedAs != "a2" || !l.ReplayedAt.Equal(when) {
		t.Errorf("replayed: %+v, %v", l, err)
	}
	if n, err := s.WaitingLetters(ctx); err != nil || fmt.Sprint(n) != "map[failed:1 inputs_failed:1 set_aside:1]" {
		t.Errorf("waiting: %v, %v", n, err)
	}
	if n, queued, err := s.RemoveLetters(ctx, 1, []string{"a", "c", "d"}); err != nil || n != 2 || !slices.Equal(queued, []int64{7}) {
		t.Errorf("removed %d, %v, %v", n, queued, err)
	}
}

func TestOldDeadLettersArePruned(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	s := openAt(t, &now, 0)
	old := letter("old", func(l *cdp.DeadLetter) { l.At = now.Add(-cdp.DeadLetterKept - time.Minute) })
	if err := s.KeepLetters(t.Context(), []cdp.DeadLetter{old, letter("new", func(l *cdp.DeadLetter) { l.At = now.Add(-cdp.DeadLetterKept + time.Minute) })}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Prune(t.Context(), db.Retention{}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Letters(t.Context(), cdp.LetterQuery{Project: 1}); err != nil || !slices.Equal(letterIDs(got), []string{"new"}) {
		t.Errorf("left: %v, %v", letterIDs(got), err)
	}
}
