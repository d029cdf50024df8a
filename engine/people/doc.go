// Package people keeps the persons and groups that events are about: what
// $identify, $set and their kin say, merges, and groups (runtime specification
// 1.11 and 1.12).
//
// Events meet persons in memory. A cache, bounded in bytes, holds those seen
// last; one that is not there is read from the store, by one goroutine for all
// that ask. Update compares what an event says with what is known, which for
// most events is a few looks into a dict and no change.
//
// What changed is written behind the events, in one transaction for all that
// came meanwhile: Flush. The queue calls it before it forgets events, so a
// process that dies may do an event's work twice but never lose what the event
// said. Doing it twice changes nothing: all changes set a state and none counts.
//
// A person's ID is computed from its first distinct ID, so a new person costs no
// look-up of names and one row. Only distinct IDs that a merge brought have rows
// of their own. A merged person leaves a tombstone in memory that points to the
// survivor, until the rows are written; the store then knows better, and a name
// whose person is not in memory is read anew.
//
// Nothing that is not written yet leaves the cache. What is read from the store
// while a Flush was written is read again, since it may be from before it.
package people
