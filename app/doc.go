// Package app is the wiring: the one package that knows all the others. New
// builds the parts from a Config and hands each the others it needs, Start
// starts them, Stop stops them in reverse order. The commands and the tests
// go through the same three calls, so a test runs the real house.
package app
