package executor

import (
	"strconv"

	"hogpen/cdp"
	"hogpen/hog/vm"
)

// NewInternalScope makes the scope of an internal event: one without person
// and groups. The error is of code Invalid when its properties are not a JSON
// object.
func (x *Executor) NewInternalScope(p cdp.Project, e cdp.InternalEvent) (*Scope, error) {
	s, err := x.NewScope(p, e.Event)
	if err != nil {
		return nil, err
	}
	s.hasOne, s.person = true, vm.Null
	s.dotted = edit(s.props, 16)
	dotInto(s.dotted, s.props, "", 0)
	s.dotted.Freeze()
	if e.URL != "" {
		s.given.event = dict("url", e.URL).Freeze()
	}
	return s, nil
}

const maxDots = 4

// dotInto adds what lies within objects under keys with dots, for a filter's
// key is one name: "detail.name".
func dotInto(to, from vm.Value, prefix string, depth int) {
	keys, vals := from.Entries()
	for i, k := range keys {
		name := prefix + k.Text()
		if depth > 0 {
			to.Set(name, vals[i])
		}
		if vals[i].IsDict() && depth < maxDots {
			dotInto(to, vals[i], name+".", depth+1)
		}
	}
}

// FunctionURL is where people see a function of the site at base.
func FunctionURL(base string, p cdp.ProjectID, id cdp.FunctionID) string {
	return base + "/project/" + strconv.FormatInt(int64(p), 10) + "/functions/" + string(id)
}
