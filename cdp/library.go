package cdp

import (
	"hogpen/hog/ast"
	"hogpen/hog/stl"
)

// Place is where something stands in a source: line and column count from 1,
// the column in characters.
type Place = ast.Position

// PlaceOf finds the place of a byte offset in source.
func PlaceOf(source string, offset int) Place { return ast.PositionOf(source, offset) }

// LibraryFunction is a function that code may call, as an editor offers it.
type LibraryFunction struct {
	Name string
	Args string // "url, options?"
	Doc  string // one or two sentences
}

// hostDocs are the functions that the house gives to programs, with their
// arguments; checkOptions says which of them a type has.
var hostDocs = [...]LibraryFunction{
	{"print", "value…", "Writes its arguments to the function's log as one line."},
	{"fetch", "url, options?", "Sends a request and gives {status, body}; options are method, headers and body."},
	{"postHogCapture", "event", "Captures a new event in this project."},
	{"sleep", "seconds", "Waits before the program goes on."},
	{"sendEmail", "email", "Sends an e-mail."},
	{"produceToWarehouseWebhooks", "payload", "Hands a payload to the warehouse."},
	{"geoipLookup", "ip", "Finds the place of an IP address; null when it is not known."},
	{"cleanNullValues", "object", "Gives an object without its null values."},
	{"isKnownBotUserAgent", "userAgent", "Tells whether a user agent is a known crawler's."},
	{"isKnownBotIp", "ip", "Tells whether an address is a known crawler's."},
}

// Library lists the functions that code of a type may call: those of the house
// first, then the standard library by group.
func Library(t Type) []LibraryFunction {
	have := map[string]bool{}
	for _, name := range checkOptions(t, false).HostFunctions {
		have[name] = true
	}
	out := make([]LibraryFunction, 0, len(hostDocs)+len(stl.All))
	for _, f := range hostDocs {
		if have[f.Name] {
			out = append(out, f)
		}
	}
	for _, f := range stl.All {
		out = append(out, LibraryFunction{Name: f.Name, Args: f.Args, Doc: f.Doc})
	}
	return out
}
