// Package vm runs Hog.
//
// # From bytecode to answer
//
// Load translates PostHog's stack bytecode once: fixed-size instructions, jump
// targets as instruction numbers, names resolved against the library and the
// host's functions, constant keys folded into the operations that use them.
// What cannot be decoded fails when it is reached, not at load; no bytecode
// makes the machine panic. A Program never changes and is shared by all
// workers. A Machine runs programs one at a time and keeps its stack between
// runs; each worker has its own.
//
// # Two machines
//
// A program that cannot be suspended is compiled to closures: its stack code
// is executed symbolically, block by block, pushes become the operands of
// expression trees, and each tree becomes one Go closure made for the shape of
// its operands. All else (a program that may wait for fetch, code with uneven
// stack depths) runs on the plain machine, one switch over the instructions.
// Both use one stack layout: whatever is pending when a call or a write
// happens stands in its own stack slot. The plain machine is the oracle that
// the closures are tested against.
//
// # Stack, frames, upvalues, handlers
//
// A frame is a stretch of the stack that begins with the arguments; locals are
// stack slots counted from there. A captured local has a cell: while the local
// is on the stack the cell stands for its slot, when the slot is dropped the
// value moves into the cell. A handler (TRY) remembers the heights of stack
// and frames; THROW cuts both back, pushes the error and goes on at the
// handler. A handler dies with the frame that registered it. Only thrown error
// values can be caught; faults of the machine and the library abort the run.
//
// # Budgets
//
// Operations use up fuel; when a portion of some 4096 is gone the machine
// checks the step limit, the clock and the context. Library functions pay for
// work that grows with their input. Memory is charged when it is taken; when
// the sum passes the limit, what is reachable is counted, and the run is
// aborted only if that is too much. So a loop may make garbage for ever, but
// never hold more than its limit.
//
// # Suspension
//
// At a call of an asynchronous function the run ends with a Suspension: the
// name, the arguments and a State, which holds stack, frames, cells, handlers
// and counters. Resume goes on with the answer in place of the call. A State
// survives the process as JSON in PostHog's field names; it names the bytecode
// by hash and is refused for any other. States that PostHog's own machine wrote
// go on here as well.
//
// # Chunks
//
// import runs another program of the same load as a function. Its code, and
// the functions that come out of it, see the globals of their chunk.
//
// # Values
//
// A Value is a number word and a pointer (see Value). Globals are parsed once,
// frozen, and shared by all runs; programs see their own copies, made when
// they write (see Value.Freeze).
//
// # Where Hogpen differs from PostHog's published machine
//
// The list of specification 7.1 says what is kept and what is mended. Beyond
// it: the parts of two copies of one global are the same objects in programs
// that write to nothing but literals of their own (the copies themselves are
// not); a state that
// PostHog's machine took within a callback of arrayMap and the like is refused.
package vm
