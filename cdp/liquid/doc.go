// Package liquid renders the Liquid templates that inputs may hold instead of
// Hog ones, with the semantics of liquidjs 10, which PostHog uses.
//
// Parse reads a template once, when its function is loaded. The text is split
// into pieces of plain text, outputs and tags; each tag parses its own
// arguments and takes what follows until its end; expressions become postfix
// lists of operands and operators, evaluated on a small stack. The resulting
// Template never changes and is shared by all goroutines.
//
// Render walks the nodes over the globals of one invocation, which are values
// of the Hog machine and are read where they lie: nothing is converted or
// copied before a template asks for it. A value of a template is such a value
// or one of the few things that only Liquid has: a missing variable, the
// literals nil, empty and blank, and the state of a loop.
//
// What a template may use is bounded (runtime specification 5.3): its length,
// the units of memory its filters and ranges allocate, counted as liquidjs
// counts them, what it puts out, and the time of all templates of an
// invocation. Beyond upstream, captured text and the walk through nested lists
// count too, so that no template can run or grow without end. The first fault
// stays in the context and ends every loop that sees it.
//
// Texts are Go strings; lengths and places in them are counted in UTF-16 units
// or code points, as JavaScript does. The differences that remain are told in
// docs/decisions/0014-liquid.md and listed in testdata/differences.txt.
package liquid
