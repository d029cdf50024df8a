// Package hx writes every htmx attribute of Hogpen, so that the rest of views
// never spells one. It is made for htmx 4.0.1; falling back to htmx 2 would be a
// change of this package, of views/assets/js/requests.js and of web/respond.
//
// # What a page sends
//
// A [Request] is an attribute set: <form { hx.Post(url).Target("#list")... }>.
// Beside it always stand method and action (or href), so that the page works
// without script. htmx 4 inherits nothing by itself: [Body] puts the CSRF header
// on the body for all that is below it, [Boost] makes links and plain forms
// below it swap #page instead of loading a document.
//
// # What an answer is
//
// A request carries HX-Request: true, and HX-Request-Type: "full" when it wants
// a document to take #page from (boosted links, history), "partial" when it
// wants a fragment. HX-Target names the target as tag#id. The answer is:
//
//   - full, or no HX-Request at all: the whole document, whatever the status.
//     A boosted form follows a 303 like a browser does.
//   - partial: the named fragment whose outer element has the target's id, swapped
//     by outerMorph, and after it any number of partials.
//   - [Partial] wraps markup for another place: <hx-partial hx-target="#toasts"
//     hx-swap="afterbegin">…</hx-partial>. An answer may consist of partials only; then
//     the target stays as it is.
//
// Toasts, announcements and rows are partials, not headers, because they are
// HTML with forms in it (Undo), need no escaping into ASCII, and also arrive with
// an error status.
//
// # Status
//
//   - 200: swap. 204: nothing.
//   - 422 and 409: swap; a form comes back with its messages, a conflict with its
//     panel. Focus goes to the element with data-hp-error-summary.
//   - 401, 403, 404, 413, 429, 5xx: the target stays; partials in the answer are
//     put in place; without any, requests.js shows a toast of its own.
//   - HX-Redirect: the browser loads that address (sign-in after a 401, or a
//     redirect after a request that was not boosted).
//   - HX-Trigger: {"name":{}}: an event on the requesting element, for [Request.On]
//     elements that listen with "from:body". Values must be ASCII.
package hx
