// Package db is the database: all SQL of the house stands here, one file per
// noun, and nothing of database/sql leaves it.
//
// The data folder holds four SQLite files, so that none slows another:
//
//	hogpen.db     people, projects, functions, versions; precious and small
//	queue.db      events waiting, retries, suspended invocations (see Queue)
//	telemetry.db  recent events, runs, log entries, metrics; pruned
//	persons.db    persons and groups that events are about
//
// Each file is opened as a pool: one connection that writes, whose
// transactions take the write lock when they begin, and a few that only read.
// With one writer there is nobody to wait for inside the process; readers see
// the last commit and are never blocked (write-ahead logging). hogpen.db,
// persons.db and queue.db sync every commit, for their writes were acknowledged
// to somebody; telemetry.db may lose the last moments in a power cut, never more.
//
// Lists of functions are answered from a catalogue: for each project that was
// asked about, the few columns that lists sort, filter and search by are kept
// in memory, already in order (see slots.go). A change number on every row, looked up by
// index, tells at each question what must be read anew, so that another
// process's writes are seen too. Whole functions are then read by ID, a page
// at a time.
//
// Times are stored as UTC microseconds, JSON as text, truth values as 0 and 1.
// Every question takes the project first: another project's things are not
// found. Errors that a caller may act on are of type *cdp.Error: NotFound,
// Conflict (a uniqueness rule, or a stale save) and Unavailable (the file is
// locked, full, read-only or unreadable; trying again later may help). All
// else is wrapped with what was being tried.
package db
