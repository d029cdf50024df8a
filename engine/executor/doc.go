// Package executor runs one invocation of one function: it compiles a stored
// function into programs, tells whether an event passes its filters, builds
// globals and inputs, runs the program within its budgets, makes the calls
// that the program waits for, and says what came of it. It knows no queue and
// no database; package engine carries what it returns.
//
// A Function is compiled once for each version and shared by all goroutines.
// A Scope is one event, its properties parsed once into values that all
// filters and programs of the project read; whoever changes something gets a
// copy of its own (package vm).
//
// A run of a destination is a chain of steps. The program runs until it ends
// or calls fetch or sleep. A fetch is made at once, in the same worker; only
// when it must be repeated later does Run return early, with the program's
// state in the invocation, so that the next Run repeats the request and never
// the program. Errors of the program are results; the error that Run returns
// is our own, and the work comes back.
//
// What a program prints and why it failed leaves the package redacted: values
// of secret inputs, and of inputs that look like credentials, never appear.
package executor
