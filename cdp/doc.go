// Package cdp is the middle of Hogpen: the nouns that every other room speaks
// of (project, event, function, invocation, log entry, metric) and the use
// cases that change them.
//
// Nouns are plain structs, one file each, with the checks that need no
// storage. Use cases are structs with a few dependencies handed in; they are
// the only place where a function is created, changed, ordered or removed,
// whoever asks: a page, the REST API or the command line. The package knows
// the language (package hog) and nothing else of Hogpen: no SQL, no HTTP, no
// queue.
package cdp
