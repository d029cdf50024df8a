// Package templates is the gallery: functions to start from. Each is a folder
// that holds no Go:
//
//	template-webhook/
//	    template.json   name, description, inputs schema, default filters, …
//	    template.hog    the source
//	    docs.md         documentation in Markdown
//	    icon.svg        the icon
//	    test.txtar      runs of the source, with what they request, log and return
//
// A new template is a new folder; the folder's name is the template's id. All
// of them are embedded and read once. The test of this package compiles every
// source and runs every case of every test.txtar.
package templates
