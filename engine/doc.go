// Package engine is the running pipeline: it takes events in, lets
// transformations change them, finds the functions that wait for them, runs
// those, and records what happened.
//
// Work travels as messages of a queue, through two stations. The station
// "events" turns one event into invocations; the station "invocations" turns
// one invocation into its end, or into itself at a later time. A station does
// not send anything: it returns the next messages, and the queue commits them
// together with the acknowledgement, so that a crash between any two steps
// repeats work but loses none. The queue may carry an invocation in memory, and
// finish its event with it. An invocation's ID is computed from event,
// function and mapping; a second one with that ID is dropped.
//
// Functions come from the registry: one immutable snapshot behind an atomic
// pointer, read once for each message. A change swaps the pointer; what is
// under way keeps what it began with. A function that cannot be loaded stays
// out, says so in its log, and harms nobody else.
//
// No function holds up another: the watcher slows and stops those that are slow
// or fail, lanes share the workers by function, and the executor's gate lets
// programs that compute much take turns. What the watcher and masking know
// outlives the process.
//
// Logs, metrics, runs and recent events are collected in memory and written in
// batches beside the event's way: they never slow it and never fail it. When
// the store cannot keep up, the oldest are dropped and counted.
//
// Three kinds of failure are kept apart. The program's own is a log entry and
// a metric. The far side's is tried again with growing pauses. Ours sends the
// message back to the queue, which sets
// it aside when it comes back too often, and only that reaches the operator's
// log.
package engine
