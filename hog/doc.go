// Package hog is the front door of the Hog language: source in, PostHog
// bytecode out.
//
// Source goes through four rooms. Package parser makes tokens and then a tree
// (package ast), which is already in the normal form that PostHog's parser
// gives: `a ?? b` is a call of ifNull, `a.b.c` one field. Package compiler turns
// the tree into bytecode (package bytecode), element by element the array that
// PostHog's compiler makes, with the place in the source kept for each element.
// Package vm runs bytecode, with the functions of package stl. From the tree,
// package javascript makes scripts for browsers, and package printer goes back
// to tidy source. Package tokens holds the words for programs that colour.
//
// There are three kinds of source. A program is a list of statements
// (Compile). An input template is text with expressions in braces
// (CompileTemplate); it leaves its value on the stack. An expression is what a
// filter consists of (CompileExpr, or CompileTree for one that was built as a
// tree).
//
// Faults come as ast.Diagnostics: all that were found in one reading, each with
// its span, a plain sentence and a hint. An error keeps the bytecode back, a
// warning does not. The language knows nothing of the rest of the house: which
// functions and globals exist at run time is told by Options.
package hog
