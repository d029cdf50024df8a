package hx

import (
	"encoding/json"
	"strings"

	"github.com/a-h/templ"
)

// Swap is how an answer meets its target.
type Swap string

// The swaps Hogpen uses. Morph is the default for what already exists: it keeps
// focus, typed text and open menus. Append and Prepend are for lists.
const (
	Morph   Swap = "outerMorph"
	Inner   Swap = "innerHTML"
	Outer   Swap = "outerHTML"
	Append  Swap = "beforeend"
	Prepend Swap = "afterbegin"
	Delete  Swap = "delete"
	None    Swap = "none"
)

// Request is the attributes of one htmx request. Its methods return a changed
// copy; spread it into an element: <a { hx.Get(url).Target("#list")... }>.
type Request struct{ attrs templ.OrderedAttributes }

var _ templ.Attributer = Request{}

// Get reads a path of our own.
func Get(url string) Request { return Request{}.with("hx-get", url) }

// Post sends the element's form.
func Post(url string) Request { return Request{}.with("hx-post", url) }

// Patch sends the element's form as a change of one thing.
func Patch(url string) Request { return Request{}.with("hx-patch", url) }

// Remove sends a DELETE.
func Remove(url string) Request { return Request{}.with("hx-delete", url) }

// Items implements templ.Attributer.
func (r Request) Items() []templ.KeyValue[string, any] { return r.attrs }

func (r Request) with(key string, value any) Request {
	attrs := make(templ.OrderedAttributes, len(r.attrs), len(r.attrs)+1)
	copy(attrs, r.attrs)
	return Request{append(attrs, templ.KeyValue[string, any]{Key: key, Value: value})}
}

// Target is a CSS selector, "this" or "closest tr": what the answer replaces.
func (r Request) Target(selector string) Request { return r.with("hx-target", selector) }

// Swap says how. A request without it swaps by [Morph], set in [Config].
func (r Request) Swap(s Swap) Request { return r.with("hx-swap", string(s)) }

// On is a trigger in htmx's words: "change", "input changed delay:200ms",
// "every 30s". Filters in brackets need eval and are refused by the policy.
func (r Request) On(trigger string) Request { return r.with("hx-trigger", trigger) }

// Push puts the request's address into the history.
func (r Request) Push() Request { return r.with("hx-push-url", "true") }

// Replace puts the request's address in place of the present one.
func (r Request) Replace() Request { return r.with("hx-replace-url", "true") }

// Sync says what happens to a second request of the same element: "this:replace"
// cancels the first, "this:drop" ignores the second.
func (r Request) Sync(strategy string) Request { return r.with("hx-sync", strategy) }

// Include sends the fields a selector finds as well.
func (r Request) Include(selector string) Request { return r.with("hx-include", selector) }

// Indicator marks the elements a selector finds as busy meanwhile.
func (r Request) Indicator(selector string) Request { return r.with("hx-indicator", selector) }

// Select takes only this part of the answer.
func (r Request) Select(selector string) Request { return r.with("hx-select", selector) }

// Timeout ends the request after a time like "8s".
func (r Request) Timeout(d string) Request { return r.with("hx-config", "timeout:"+d) }

// Values sends fixed fields along.
func (r Request) Values(fields map[string]string) Request {
	text, _ := json.Marshal(fields) // a map of strings always marshals
	return r.with("hx-vals", string(text))
}

// Body is for the body element: all requests below carry the CSRF token.
func Body(csrf string) templ.Attributer {
	return templ.OrderedAttributes{{Key: "hx-headers:inherited", Value: `{"X-CSRF-Token":` + quote(csrf) + `}`}}
}

// Boost is for the frame of a page: links and plain forms below it swap #page.
// also are further elements of the new document to take over, such as the
// navigation, which marks the current item.
func Boost(also ...string) templ.Attributer {
	extra := make([]string, len(also))
	for i, selector := range also {
		extra[i] = selector + ":" + string(Morph)
	}
	value := "target:#page select:#page swap:" + string(Outer)
	if len(extra) > 0 {
		value += ` selectOOB:"` + strings.Join(extra, ",") + `"`
	}
	return templ.OrderedAttributes{{Key: "hx-boost:inherited", Value: value}}
}

// NoBoost is for a link or form that must load a document: sign-out, downloads.
func NoBoost() templ.Attributer {
	return templ.OrderedAttributes{{Key: "hx-boost", Value: "false"}}
}

// Config is the content of <meta name="htmx-config">. Reads and writes end
// after 20 seconds; a morph leaves open disclosures and islands (an element that
// its own script draws) alone.
func Config() string {
	return `{"defaultSwap":"outerMorph","includeIndicatorCSS":false,"defaultTimeout":20000,` +
		`"noSwap":[204,304],"morphIgnore":["data-htmx-powered","open","data-user-","aria-busy"],"morphSkip":"[data-island]"}`
}

func quote(s string) string {
	text, _ := json.Marshal(s) // a string always marshals
	return string(text)
}
