// Package admin answers people in a browser: pages and their fragments, one
// file for each page, named like the page in views/pages and like the noun in
// cdp and db.
//
// A handler reads the query or the form, asks a reader or calls a use case,
// and answers through web/respond. It has no rule of its own: what may be
// saved is decided in package cdp, who may ask in package account. Times,
// numbers and links are made ready here, so that a view only arranges.
package admin
