package db

import (
	"context"
	"math"
	"time"
)

// Retention says how long telemetry is kept. A zero field takes the default
// named beside it; a negative one keeps for ever.
type Retention struct {
	Events  time.Duration // 7 days
	Runs    time.Duration // 14 days
	Logs    time.Duration // 14 days
	Metrics time.Duration // 90 days; by minute always two days
	// MaxLogs bounds the number of log entries: 10,000,000.
	MaxLogs int64
	// MaxBytes bounds the telemetry file: 5 GB. Beyond it the oldest events
	// go, whatever their age.
	MaxBytes int64
}

const day = 24 * time.Hour

func (r Retention) withDefaults() Retention {
	for _, d := range []struct {
		have *time.Duration
		def  time.Duration
	}{{&r.Events, 7 * day}, {&r.Runs, 14 * day}, {&r.Logs, 14 * day}, {&r.Metrics, 90 * day}} {
		if *d.have == 0 {
			*d.have = d.def
		}
	}
	if r.MaxLogs == 0 {
		r.MaxLogs = 10_000_000
	}
	if r.MaxBytes == 0 {
		r.MaxBytes = 5 << 30
	}
	return r
}

// pruneChunk is how many rows one transaction deletes: some ten milliseconds,
// which is how long a batch of telemetry may have to wait behind it.
const pruneChunk = 1000

// Rows are numbered in the order they came, so the oldest stand at the head;
// only that is looked at, and no index on time is needed.
const (
	pruneEvents = `
delete from event
 where seq in (select seq from (select seq, received_at_us from event order by seq limit $2) where received_at_us < $1)`
	pruneRuns = `
delete from run
 where seq in (select seq from (select seq, scheduled_at_us from run order by seq limit $2) where scheduled_at_us < $1)`
	pruneLogs = `
delete from log_entry
 where seq in (select seq from (select seq, time_us from log_entry order by seq limit $2) where time_us < $1)`
	pruneLogCount = `
delete from log_entry
 where seq in (select seq from log_entry where seq <= $1 order by seq limit $2)`
	pruneMinutes = `
delete from metric_minute
 where (project_id, function_id, bucket_us, name, kind) in
       (select project_id, function_id, bucket_us, name, kind from metric_minute where bucket_us < $1 limit $2)`
	pruneHours = `
delete from metric_hour
 where (project_id, function_id, bucket_us, name, kind) in
       (select project_id, function_id, bucket_us, name, kind from metric_hour where bucket_us < $1 limit $2)`
	pruneWindows = `
delete from mask_window
 where key in (select key from mask_window where until_us < $1 limit $2)`
	pruneReruns = `
delete from rerun
 where run_id in (select run_id from rerun where at_us < $1 limit $2)`
	dropEvents = `
delete from event
 where seq in (select seq from (select seq, received_at_us from event order by seq limit $2) where received_at_us <= $1)`
	pruneLastRuns = `
delete from last_run
 where (project_id, function_id) in (select project_id, function_id from last_run where scheduled_at_us < $1 limit $2)`
	oldestEvent = `
select received_at_us
  from event
 order by seq
 limit 1`
)

// Prune deletes telemetry that is older than r says, and old dead letters, in small transactions
// between which others may write, and returns how many rows went. It may be
// stopped by ctx and taken up again.
func (s *Store) Prune(ctx context.Context, r Retention) (int64, error) {
	r = r.withDefaults()
	now := s.now()
	var total int64
	for _, p := range []struct {
		text string
		keep time.Duration
	}{{pruneEvents, r.Events}, {pruneRuns, r.Runs}, {pruneLastRuns, r.Runs}, {pruneLogs, r.Logs}, {pruneMinutes, minutesKept}, {pruneHours, r.Metrics}, {pruneWindows, 0}, {pruneReruns, r.Runs}} {
		if p.keep < 0 {
			continue
		}
		n, err := s.pruneWhile(ctx, p.text, us(now.Add(-p.keep)), always)
		total += n
		if err != nil {
			return total, err
		}
	}
	for _, p := range []struct {
		table string
		keep  time.Duration
	}{{eventPacks, r.Events}, {runPacks, r.Runs}, {logPacks, r.Logs}} {
		if p.keep < 0 {
			continue
		}
		n, err := s.prunePacks(ctx, p.table, byAge(us(now.Add(-p.keep))))
		total += n
		if err != nil {
			return total, err
		}
	}
	n, err := s.pruneDeadLetters(ctx, now)
	if total += n; err != nil {
		return total, err
	}
	n, err = s.pruneBySize(ctx, r)
	return total + n, err
}

// pruneBySize deletes what is over the bounds on rows and bytes.
func (s *Store) pruneBySize(ctx context.Context, r Retention) (total int64, err error) {
	if r.MaxLogs > 0 {
		if total, err = s.pruneLogCount(ctx, r.MaxLogs); err != nil {
			return total, err
		}
	}
	for r.MaxBytes >= 0 {
		used, err := s.TelemetryBytes(ctx)
		if err != nil || used <= r.MaxBytes {
			return total, err
		}
		n, err := s.dropOldest(ctx)
		if total += n; err != nil || n == 0 {
			return total, err
		}
	}
	return total, nil
}

// pruneLogCount deletes all but the newest log entries.
func (s *Store) pruneLogCount(ctx context.Context, keep int64) (int64, error) {
	last, err := s.LastLogSeq(ctx)
	if err != nil || last <= keep {
		return 0, err
	}
	total, err := s.pruneWhile(ctx, pruneLogCount, last-keep, always)
	if err != nil {
		return total, err
	}
	n, err := s.prunePacks(ctx, logPacks, byNumber(last-keep))
	return total + n, err
}

// dropOldest deletes a chunk of the oldest events, rows or a pack.
func (s *Store) dropOldest(ctx context.Context) (int64, error) {
	heads, err := s.oldestPack(ctx, eventPacks)
	if err != nil {
		return 0, fault("find the oldest events", err)
	}
	rows, err := s.telemetry.query(ctx, oldestEvent)
	times, err := collect(rows, err, scanOne[int64])
	if err != nil {
		return 0, fault("find the oldest events", err)
	}
	until := int64(math.MaxInt64)
	if len(heads) > 0 {
		if len(times) == 0 || heads[0].firstUS < times[0] {
			n, err := s.telemetry.exec(ctx, `delete from `+eventPacks+` where seq = $1`, heads[0].seq)
			return n * heads[0].count, fault("prune telemetry", err)
		}
		until = heads[0].firstUS
	}
	n, err := s.telemetry.exec(ctx, dropEvents, until, pruneChunk)
	return n, fault("prune telemetry", err)
}

func always(context.Context) (bool, error) { return true, nil }

// pruneWhile deletes by chunks while more says so and rows go.
func (s *Store) pruneWhile(ctx context.Context, text string, bound int64, more func(context.Context) (bool, error)) (total int64, err error) {
	for {
		if ok, err := more(ctx); err != nil || !ok {
			return total, err
		}
		n, err := s.telemetry.exec(ctx, text, bound, pruneChunk)
		if err != nil {
			return total, fault("prune telemetry", err)
		}
		if total += n; n == 0 {
			return total, nil
		}
	}
}

// TelemetryBytes is how much of the telemetry file is in use; pages that
// pruning has freed are used again and do not count.
func (s *Store) TelemetryBytes(ctx context.Context) (int64, error) {
	var n int64
	err := s.telemetry.row(ctx, `
select (page_count - freelist_count) * page_size
  from pragma_page_count, pragma_freelist_count, pragma_page_size`, nil, &n)
	return n, fault("measure telemetry", err)
}
