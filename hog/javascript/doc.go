// Package javascript turns a tree into JavaScript, for functions that run in a
// site: their filters and inputs are Hog, and are evaluated in the browser.
//
// What comes out is code and the names of the library functions it needs.
// Library gives their text: small functions written in JavaScript, embedded
// from library/*.js, of which only those are taken that are reached. Several
// pieces of code, such as the filters and inputs of one site function, share
// one library.
//
// The code prints what the machine prints (package vm), but for these
// differences, of which TestKnownDifferences holds an example each:
//
//   - `+` is JavaScript's: it joins texts. `and` and `or` stop at the first
//     operand that decides.
//   - Dicts are plain objects, so their keys are texts and integer-like keys
//     come first.
//   - Numbers and texts are JavaScript's, as are regular expressions: no RE2
//     flags in the middle of a pattern.
//   - A function may be called before its declaration, and with too many
//     arguments. There are no limits and no suspension: sleep and import are
//     not there, and there is one chunk.
//   - Queries (`sql(…)`, `(select …)`) are the same objects, printed as such.
//
// Dates are marked objects ({__hogDateTime__: true, dt, zone}), tuples arrays
// with the mark __isHogTuple, errors JavaScript errors with __hogError__, type
// and payload. A free name becomes __getGlobal("name"), which the embedding
// code supplies; a call of a name that is neither declared nor in the library
// becomes a call of that identifier. A program may return at its top, so its
// code is the body of a function.
//
// Names are kept where JavaScript allows. Reserved words, names of the library
// and of helpers get the prefix __x_, as do names that start with it already;
// other characters are written as $ and their code. A variable that hides
// another one has a number in its name (__x_2$a), since in Hog, unlike in
// JavaScript, the outer one can be used until the inner one is declared.
package javascript
