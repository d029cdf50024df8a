// Package api answers programs: PostHog's REST API for hog functions, their
// templates, test runs, logs and metrics, and what clients ask around them.
//
// A handler reads the request, calls a use case or a reader, and writes
// PostHog's shape. Shapes are structs of this package, in the order of the
// REST API specification; what the nouns of package cdp look like is not seen
// from outside. Bodies are read with package cdp/fields, so that a declared
// field takes what PostHog takes, and free-form values stay as they were
// written. The readers of bodies and of URLs also describe themselves (see
// Docs): what they ask for is what the OpenAPI document says, so a reader asks
// for all it may take, whatever it finds. Errors are returned: package web turns
// them into PostHog's error JSON. Who is asking, for which project, and with
// which scope, is settled before a handler runs (see Routes).
package api
