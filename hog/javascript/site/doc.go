// Package site makes the script of a site function, which runs in a visitor's
// browser: its source is TypeScript, its filters and inputs are Hog.
//
// Transpile turns the source into plain JavaScript, with the faults it has.
// Value turns one input into an expression, and javascript.Print a filter.
// Script puts all of it together as one function expression,
//
//	(function () { … return { init }; })
//
// which the page calls, and whose init it then calls with {posthog, callback}.
// What happens after that is told in wrapper.js, the part of the script that
// is the same for all functions.
//
// The source and the Hog parts live in functions of their own inside the
// script: the source sees none of the library, whose names (print, length,
// match) it might look for in the page.
//
// The package stands apart from javascript because it carries a TypeScript
// compiler, esbuild, which whoever only translates Hog needs not link.
package site
