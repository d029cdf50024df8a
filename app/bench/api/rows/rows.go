// Package rows is what both servers of the API's benchmark are filled with,
// and the terms that are searched in it.
package rows

import "fmt"

// Collection is the peer's name for its rows.
const Collection = "functions"

// Hog and Filters are every row's program and stored filters.
const (
	Hog     = "let res := fetch(inputs.url, {'method': 'POST', 'body': event})\nif (res.status >= 400) {\n  throw Error(f'status {res.status}')\n}\n"
	Filters = `{"source":"events","events":[{"id":"signup","name":"signup","type":"events","order":0}],"bytecode":["_H",1,32,"signup",32,"event",1,1,11]}`
)

// A Text is a row's name and description.
type Text struct{ Name, Description string }

// Terms of searches: one that every 25th name has, one that a single name has,
// and one that none has, not even nearly.
const (
	Common = "signup"
	Rare   = "receiver number 7777"
	None   = "qqzzqqxx"
)

// subjects are what rows are about, so that names differ as names do.
func subjects() []string {
	return []string{
		"signup", "checkout", "invoice", "refund", "trial end", "plan change", "page view", "survey answer", "bug report", "feature use",
		"invitation", "password reset", "export", "import", "session start", "session end", "upgrade", "downgrade", "order", "delivery",
		"support ticket", "login", "logout", "search", "download",
	}
}

// Row is the i-th of the rows.
func Row(i int) Text {
	all := subjects()
	what := all[i%len(all)]
	return Text{
		Name:        fmt.Sprintf("Send %s to receiver number %d", what, i),
		Description: fmt.Sprintf("Tells account %d of the customer service about each %s, when the plan is paid and the person has an address", i*7, what),
	}
}
