// Package fetch makes the HTTP requests that functions ask for, behind guard
// rails.
//
// A request goes through three checks. Its URL must be http or https with a
// host. The host's addresses are resolved once, and each of them must be
// globally reachable or allowed by the operator. The connection is then made
// to an address that was checked, never to one that a second resolution gave,
// and a hook on the socket looks at it again just before it connects. So a
// name that changes its address between check and connection gains nothing.
//
// Redirects are answers, not orders: they are never followed. One deadline
// covers resolution, connection, TLS, waiting for the answer and reading it.
// Answers are read up to a bound. Connections are kept alive for a while, a
// bounded number for each origin; one that turns out to be stale is replaced
// once, silently.
//
// Most requests go the plain way, through fasthttp's reader and writer (see
// plain); those that need more, such as a proxy, through net/http. A program
// cannot tell which.
//
// What can go wrong is told by an *Error whose name and text are those that a
// Hog program sees (runtime specification 6.2 to 6.4).
package fetch
