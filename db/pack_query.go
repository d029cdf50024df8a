package db

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"slices"
	"strings"
	"time"

	"hogpen/cdp"
)

// mostRunsOfEvent bounds the runs that one event is shown with.
const mostRunsOfEvent = 10_000

// placedEvent is an event and where it is stored, which tells what came first.
type placedEvent struct {
	cdp.Event
	pack  int64
	place int
}

// rowPack stands for the table of rows.
const rowPack = math.MaxInt64

// newestEvent is the order of lists: last received first, then last stored.
func newestEvent(a, b placedEvent) int {
	return cmp.Or(cmp.Compare(us(b.ReceivedAt), us(a.ReceivedAt)), cmp.Compare(b.pack, a.pack), cmp.Compare(b.place, a.place))
}

// newestRun is the order of lists: last scheduled first, then by ID.
func newestRun(a, b cdp.Run) int {
	return cmp.Or(cmp.Compare(us(b.ScheduledAt), us(a.ScheduledAt)), cmp.Compare(b.ID, a.ID))
}

// newestLog is the order of lists: newest first.
func newestLog(a, b cdp.LogEntry) int {
	return cmp.Or(cmp.Compare(us(b.Time), us(a.Time)), cmp.Compare(b.Seq, a.Seq))
}

// bound gives a query's time as it is stored, 0 when it does not restrict.
func bound(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return us(t)
}

// within reports whether all of a pack lies strictly between two bounds.
func (h *head) within(after, before int64) bool {
	return (after == 0 || h.firstUS > after) && (before == 0 || h.lastUS < before)
}

// packedEvents adds those of packs. A search looks at the last 20,000.
func (s *Store) packedEvents(ctx context.Context, q cdp.EventQuery, all *top[placedEvent]) error {
	search, seen := fold(q.Search), int64(0)
	before := bound(q.Before)
	return s.visit(ctx, scan{table: eventPacks, project: q.Project, beforeUS: before}, func(h *head) (bool, error) {
		if last, full := all.last(); full && us(last.ReceivedAt) > h.lastUS || search != "" && seen >= searchBudget {
			return false, nil
		}
		es, err := entries(ctx, s, eventPacks, h, openEvent)
		seen += h.count
		for i := range es {
			e := &es[i]
			if (before == 0 || us(e.ReceivedAt) < before) && (search == "" || eventHolds(e, search)) {
				all.add(placedEvent{*e, h.seq, i})
			}
		}
		return true, err
	})
}

func eventHolds(e *cdp.Event, search string) bool {
	return strings.Contains(fold(e.Name+"\n"+e.DistinctID+"\n"+e.UUID), search)
}

// distinctEvents leaves out events that were stored again, which happens when
// a crash came before they were acknowledged. The first one stored counts.
func distinctEvents(es []placedEvent) []cdp.Event {
	seen := make(map[string]bool, len(es))
	out := make([]cdp.Event, 0, len(es))
	for _, e := range slices.Backward(es) {
		if !seen[e.UUID] {
			seen[e.UUID] = true
			out = append(out, e.Event)
		}
	}
	slices.Reverse(out)
	return out
}

// packedEvent finds one by UUID; sql.ErrNoRows when there is none.
func (s *Store) packedEvent(ctx context.Context, project cdp.ProjectID, uuid string) (found cdp.Event, err error) {
	err = sql.ErrNoRows
	visited := s.visit(ctx, scan{table: eventPacks, project: project, marks: true}, func(h *head) (bool, error) {
		if !h.marked(uuid) {
			return true, nil
		}
		es, bad := entries(ctx, s, eventPacks, h, openEvent)
		if i := slices.IndexFunc(es, func(e cdp.Event) bool { return e.UUID == uuid }); i >= 0 {
			found, err = es[i], nil
		}
		return err != nil, bad
	})
	if visited != nil {
		return found, visited
	}
	return found, err
}

// newestPacked gives projects and UUIDs of up to most events received after an
// instant, newest packs first.
func (s *Store) newestPacked(ctx context.Context, after int64, most int, each func(cdp.ProjectID, string)) error {
	before := int64(math.MaxInt64)
	for most > 0 {
		rows, err := s.telemetry.query(ctx, `
select seq, project_id, first_us, last_us, first_seq, last_seq, count, digest, body
  from `+eventPacks+`
 where seq < $1
 order by seq desc
 limit 1`, before)
		heads, err := collect(rows, err, scanHead) // with the body where the marks would be
		if err != nil || len(heads) == 0 || heads[0].lastUS <= after {
			return err
		}
		h := &heads[0]
		es, err := open(h, h.marks, false, openEvent)
		if err != nil {
			return err
		}
		for i := range es {
			if us(es[i].ReceivedAt) > after {
				each(es[i].Project, es[i].UUID)
			}
		}
		before, most = h.seq, most-len(es)
	}
	return nil
}

// runTest is a query of runs, made ready for packs.
type runTest struct {
	q             cdp.RunQuery
	after, before int64
	search        string // folded
}

func newRunTest(q cdp.RunQuery) runTest {
	return runTest{q: q, after: bound(q.After), before: bound(q.Before), search: fold(q.Search)}
}

func (t *runTest) scan() scan {
	return scan{table: runPacks, project: t.q.Project, afterUS: t.after, beforeUS: t.before,
		marks: t.q.EventUUID != "" || t.search != "" || len(t.q.IDs) > 0}
}

// sums reports whether the digest alone tells how many match.
func (t *runTest) sums(h *head) bool {
	return t.q.EventUUID == "" && t.search == "" && len(t.q.IDs) == 0 && len(t.q.ErrorKinds) == 0 && !t.q.NotRerun && h.within(t.after, t.before)
}

// counted are the runs of a pack by function and status that may match.
func (t *runTest) counted(g tally) bool {
	return (t.q.Function == "" || g.function == t.q.Function) && (len(t.q.Statuses) == 0 || slices.Contains(t.q.Statuses, g.label))
}

// mayHold reports whether a pack is worth opening.
func (t *runTest) mayHold(h *head) bool {
	if len(t.q.IDs) > 0 && !slices.ContainsFunc(t.q.IDs, func(id cdp.InvocationID) bool { return h.marked(string(id)) }) {
		return false
	}
	if !slices.ContainsFunc(h.groups, t.counted) || t.q.EventUUID != "" && !h.marked(t.q.EventUUID) {
		return false
	}
	return t.search == "" || h.marked(t.search) || h.marked(t.q.Search) ||
		slices.ContainsFunc(h.names, func(n tally) bool { return strings.Contains(fold(n.label), t.search) })
}

func (t *runTest) holds(r *cdp.Run) bool {
	when := us(r.ScheduledAt)
	switch {
	case t.q.Function != "" && r.Function != t.q.Function, t.q.EventUUID != "" && r.EventUUID != t.q.EventUUID,
		len(t.q.Statuses) > 0 && !slices.Contains(t.q.Statuses, r.Status), len(t.q.IDs) > 0 && !slices.Contains(t.q.IDs, r.ID),
		len(t.q.ErrorKinds) > 0 && !slices.Contains(t.q.ErrorKinds, r.ErrorKind), t.after != 0 && when <= t.after, t.before != 0 && when >= t.before:
		return false
	}
	return t.search == "" || string(r.ID) == t.search || r.EventUUID == t.search || r.DistinctID == t.q.Search ||
		strings.Contains(fold(r.EventName), t.search)
}

// packedRuns adds those of packs. A run that is there as a row as well, since
// a crash made it happen again, is left as it is there.
func (s *Store) packedRuns(ctx context.Context, q cdp.RunQuery, all *top[cdp.Run]) error {
	t := newRunTest(q)
	seen := make(map[cdp.InvocationID]bool, len(all.items))
	for i := range all.items {
		seen[all.items[i].ID] = true
	}
	return s.visit(ctx, t.scan(), func(h *head) (bool, error) {
		if all.newest {
			if last, full := all.last(); full && us(last.ScheduledAt) > h.lastUS {
				return false, nil
			}
		}
		return true, s.matchingRuns(ctx, &t, h, func(r cdp.Run) {
			if !seen[r.ID] {
				seen[r.ID] = true
				all.add(r)
			}
		})
	})
}

// matchingRuns calls found with the runs of a pack that match.
func (s *Store) matchingRuns(ctx context.Context, t *runTest, h *head, found func(cdp.Run)) error {
	if !t.mayHold(h) {
		return nil
	}
	rs, err := entries(ctx, s, runPacks, h, openRun)
	if err != nil {
		return err
	}
	rs = slices.DeleteFunc(rs, func(r cdp.Run) bool { return !t.holds(&r) })
	again := map[cdp.InvocationID]bool{}
	if t.q.NotRerun {
		if again, err = s.rerun(ctx, rs); err != nil {
			return err
		}
	}
	for _, r := range rs {
		if !again[r.ID] {
			found(r)
		}
	}
	return nil
}

// packedRun finds one by its ID; sql.ErrNoRows when there is none.
func (s *Store) packedRun(ctx context.Context, project cdp.ProjectID, id cdp.InvocationID) (found cdp.Run, err error) {
	err = sql.ErrNoRows
	visited := s.visit(ctx, scan{table: runPacks, project: project, marks: true}, func(h *head) (bool, error) {
		if !h.marked(string(id)) {
			return true, nil
		}
		rs, bad := entries(ctx, s, runPacks, h, openRun)
		if i := slices.IndexFunc(rs, func(r cdp.Run) bool { return r.ID == id }); i >= 0 {
			found, err = rs[i], nil
		}
		return err != nil, bad
	})
	if visited != nil {
		return found, visited
	}
	return found, err
}

// countPackedRuns adds to counts by status.
func (s *Store) countPackedRuns(ctx context.Context, q cdp.RunQuery, counts map[string]int64) error {
	t := newRunTest(q)
	return s.visit(ctx, t.scan(), func(h *head) (bool, error) {
		switch {
		case !t.mayHold(h):
		case t.sums(h):
			for _, g := range h.groups {
				if t.counted(g) {
					counts[g.label] += g.n
				}
			}
		default:
			return true, s.matchingRuns(ctx, &t, h, func(r cdp.Run) { counts[r.Status]++ })
		}
		return true, nil
	})
}

// logTest is a query of log entries, made ready for packs.
type logTest struct {
	q             cdp.LogQuery
	after, before int64
	search        string // folded
}

func newLogTest(q cdp.LogQuery) logTest {
	return logTest{q: q, after: bound(q.After), before: bound(q.Before), search: fold(q.Search)}
}

func (t *logTest) scan() scan {
	return scan{table: logPacks, project: t.q.Project, afterUS: t.after, beforeUS: t.before, tail: t.q.Tail, afterSeq: t.q.AfterSeq, marks: t.q.Invocation != ""}
}

func (t *logTest) counted(g tally) bool {
	return (t.q.Function == "" || g.function == t.q.Function) && (len(t.q.Levels) == 0 || slices.Contains(t.q.Levels, cdp.Level(g.label)))
}

func (t *logTest) mayHold(h *head) bool {
	return slices.ContainsFunc(h.groups, t.counted) && (t.q.Invocation == "" || h.marked(string(t.q.Invocation)))
}

// sums reports whether the digest alone tells how many match.
func (t *logTest) sums(h *head) bool {
	return t.q.Invocation == "" && t.search == "" && !t.q.Tail && h.within(t.after, t.before)
}

func (t *logTest) holds(e *cdp.LogEntry) bool {
	when := us(e.Time)
	switch {
	case t.q.Function != "" && e.Function != t.q.Function, t.q.Invocation != "" && e.Invocation != t.q.Invocation,
		len(t.q.Levels) > 0 && !slices.Contains(t.q.Levels, e.Level), t.after != 0 && when <= t.after, t.before != 0 && when >= t.before,
		t.q.Tail && e.Seq <= t.q.AfterSeq:
		return false
	}
	return t.search == "" || strings.Contains(fold(e.Message), t.search)
}

// packedLogs adds those of packs.
func (s *Store) packedLogs(ctx context.Context, q cdp.LogQuery, all *top[cdp.LogEntry]) error {
	t := newLogTest(q)
	return s.visit(ctx, t.scan(), func(h *head) (bool, error) {
		if last, full := all.last(); full && (q.Tail && last.Seq < h.firstSeq || !q.Tail && us(last.Time) > h.lastUS) {
			return false, nil
		}
		return true, s.matchingLogs(ctx, &t, h, all.add)
	})
}

// matchingLogs calls found with the entries of a pack that match.
func (s *Store) matchingLogs(ctx context.Context, t *logTest, h *head, found func(cdp.LogEntry)) error {
	if !t.mayHold(h) {
		return nil
	}
	es, err := entries(ctx, s, logPacks, h, openLog)
	for i := range es {
		if t.holds(&es[i]) {
			found(es[i])
		}
	}
	return err
}

// countPackedLogs adds to counts by level.
func (s *Store) countPackedLogs(ctx context.Context, q cdp.LogQuery, counts map[string]int64) error {
	t := newLogTest(q)
	return s.visit(ctx, t.scan(), func(h *head) (bool, error) {
		if !t.sums(h) {
			return true, s.matchingLogs(ctx, &t, h, func(e cdp.LogEntry) { counts[string(e.Level)]++ })
		}
		for _, g := range h.groups {
			if t.counted(g) {
				counts[g.label] += g.n
			}
		}
		return true, nil
	})
}

// packedHistogram adds to counts by level and step; steps begin at q.After,
// rounded down.
func (s *Store) packedHistogram(ctx context.Context, q cdp.LogQuery, step time.Duration, to *lines) error {
	t := newLogTest(q)
	start := us(q.After.UTC().Truncate(step))
	bucket := func(when int64) int { return int((when - start) / step.Microseconds()) }
	return s.visit(ctx, t.scan(), func(h *head) (bool, error) {
		if !t.sums(h) || bucket(h.firstUS) != bucket(h.lastUS) {
			return true, s.matchingLogs(ctx, &t, h, func(e cdp.LogEntry) { to.add(string(e.Level), bucket(us(e.Time)), 1) })
		}
		for _, g := range h.groups {
			if t.counted(g) {
				to.add(g.label, bucket(h.firstUS), g.n)
			}
		}
		return true, nil
	})
}
