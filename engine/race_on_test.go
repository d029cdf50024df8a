//go:build race

package engine_test

// slower is how much more time the race detector takes.
const slower = 5
