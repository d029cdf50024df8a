// Package pages holds a file per page: its data struct, the page, and the
// fragments a partial answer renders. The handler with the same file name in
// handlers/admin fills the struct; a page formats nothing and asks no store.
//
// Every page takes a layout.Shell or a frame title beside its own data, wraps
// what a search or a change replaces in templ.Fragment, and gives the fragment's
// outer element the same name as id: fragment "list" is <div id="list">.
// A row is a templ function of its own (FunctionRow, id "function-<id>"), which
// the page and a switch's answer both render.
package pages
