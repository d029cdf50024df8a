package api

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/cdp/fields"
)

// Param is a parameter of a route's URL as the route's reader asks for it.
// Lists are texts with commas between them.
type Param struct {
	Name    string
	Shape   fields.Shape
	Default string // "" is none
	JSON    bool   // the value is JSON
	About   string // one sentence, or none
}

// params are the parameters of a URL. A route reads all of its parameters by
// these methods, whatever it finds: what they are asked for is what the
// OpenAPI document tells (see asks).
type params struct {
	url.Values
	fault    error    // of the first that cannot be used
	declared *[]Param // while it is described
}

// query gives the parameters of the request's URL; of a repeated one the last
// counts.
func query(c *fiber.Ctx) *params {
	values, _ := url.ParseQuery(string(c.Request().URI().QueryString()))
	return &params{Values: values}
}

// asks tells which parameters read asks for: it is run on a URL without any.
func asks[T any](read func(*params) T) []Param {
	var out []Param
	read(&params{Values: url.Values{}, declared: &out})
	return out
}

// raw is a parameter's last value; d is what it should be.
func (p *params) raw(d Param) string {
	if p.declared != nil {
		*p.declared = append(*p.declared, d)
	}
	v := p.Values[d.Name]
	if len(v) == 0 {
		return ""
	}
	return v[len(v)-1]
}

// fail notes what is wrong with the first parameter that cannot be used.
func (p *params) fail(name string, f *fields.Fault) {
	if p.fault == nil {
		p.fault = cdp.Errorf(cdp.Invalid, name, "%s", f.Message).WithAPICode(f.Code)
	}
}

func (p *params) failWith(name, message string) {
	p.fail(name, &fields.Fault{Code: "invalid_input", Message: message})
}

func (p *params) text(name, about string) string {
	return p.raw(Param{Name: name, Shape: fields.Shape{Kind: fields.String}, About: about})
}

// list is a parameter's value split at commas, without blanks.
func (p *params) list(name, about string) []string {
	return parts(p.raw(Param{Name: name, Shape: fields.ListOf(fields.Shape{Kind: fields.String}), About: about}))
}

func parts(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// names is a list, or a JSON list of texts.
func (p *params) names(name, about string) []string {
	text := p.raw(Param{Name: name, Shape: fields.ListOf(fields.Shape{Kind: fields.String}), About: about})
	items, ok := fields.Items([]byte(text))
	if !ok {
		return parts(text)
	}
	var out []string
	for _, v := range items {
		out = append(out, fields.Display(v))
	}
	return out
}

// flag is a parameter that is true or false; nil for anything else.
func (p *params) flag(name, about string) *bool {
	yes := false
	switch strings.ToLower(p.raw(Param{Name: name, Shape: fields.Shape{Kind: fields.Bool}, About: about})) {
	case "true", "1":
		yes = true
	case "false", "0":
	default:
		return nil
	}
	return &yes
}

// on tells whether a parameter is true.
func (p *params) on(name, about string) bool { return deref(p.flag(name, about)) }

// number reads an integer.
func (p *params) number(d Param, rule fields.Rule) int {
	d.Shape = fields.Shape{Kind: fields.Int, Min: rule.Min, Max: rule.Max}
	text := cmp.Or(p.raw(d), d.Default)
	n, fault := fields.ToInt(fields.Quote(text), rule)
	if fault != nil && text != "" {
		p.fail(d.Name, fault)
	}
	return n
}

// choice reads one of a few words, the first by default.
func (p *params) choice(name, about string, words ...string) string {
	text := p.raw(Param{Name: name, Shape: fields.OneOf(words...), Default: words[0], About: about})
	switch {
	case text == "":
		return words[0]
	case !slices.Contains(words, text):
		p.fail(name, fields.NotAChoice(text))
	}
	return text
}

// uuid reads an id in its canonical form.
func (p *params) uuid(name, about string) string {
	text := strings.TrimSpace(p.raw(Param{Name: name, Shape: fields.Shape{Kind: fields.String, Format: "uuid"}, About: about}))
	if text == "" {
		return ""
	}
	id, ok := canonical(text)
	if !ok {
		p.failWith(name, "Enter a valid UUID.")
	}
	return string(id)
}

// time reads a moment; bad is what is said of one that is none.
func (p *params) time(name, bad, about string) time.Time {
	text := p.raw(Param{Name: name, Shape: fields.Shape{Kind: fields.String, Format: "date-time"}, About: about})
	if text == "" {
		return time.Time{}
	}
	t, ok := parseTime(text, time.UTC)
	if !ok {
		p.failWith(name, bad)
	}
	return t
}

// moment reads a time, relative (-7d) or absolute; without a default it is now.
func (p *params) moment(d Param, now time.Time, loc *time.Location) time.Time {
	d.Shape = fields.Shape{Kind: fields.String}
	text := cmp.Or(p.raw(d), d.Default)
	if text == "" {
		return now
	}
	if t, ok := cdp.RelativeTime(text, now, loc); ok {
		return t
	}
	t, ok := parseTime(text, loc)
	if !ok {
		p.failWith(d.Name, badTime)
	}
	return t
}

// json reads JSON of a kind; nil when there is none. bad is what is said of
// anything else.
func (p *params) json(name string, shape fields.Shape, bad, about string) []byte {
	text := p.raw(Param{Name: name, Shape: shape, JSON: true, About: about})
	if text == "" {
		return nil
	}
	v, err := fields.Parse([]byte(text))
	if err != nil || shape.Kind == fields.List && fields.KindOf(v) != fields.List {
		p.failWith(name, bad)
		return nil
	}
	return v
}
