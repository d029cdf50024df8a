// Package oracle holds Hogpen's Hog against PostHog's published one.
//
// The golden scripts of hog/testdata are compared, their trees and their runs.
// Beside them three kinds of case are drawn from a seed: sources whose parse
// trees are compared with @posthog/hogql-parser, programs and calls of the
// standard library whose prints, results and errors are compared with
// @posthog/hogvm, which runs the bytecode that was compiled here. The command
// ask installs the two packages, asks them, compares, and records their
// answers; the test of this package draws the same cases again and replays the
// record, so that `make test` needs no Node.
//
// An answer is one text: a tree in the notation of Theirs, or what a run
// printed, line by line, and then its value or its error. Where the two differ
// on purpose a row of Known says so and why; a row that no case needs any more
// is a failure, and so is a difference that no row covers.
package oracle
