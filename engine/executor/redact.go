package executor

import (
	"regexp"
	"sort"
	"strings"

	"hogpen/hog/vm"
)

const redacted = "***REDACTED***"

// credentialKey matches the keys of inputs that hold credentials although
// nobody marked them secret (runtime specification 6.8).
var credentialKey = regexp.MustCompile(
	`(?i)authorization|cookie|token|secret|password|passcode|credential|api[-_]?key|private[-_]?key|signing[-_]?key`)

// credentialHeaders are the members of dictionary inputs that hold credentials.
var credentialHeaders = map[string]bool{
	"authorization": true, "proxy-authorization": true, "cookie": true, "x-api-key": true, "api-key": true,
	"x-auth-token": true, "auth-token": true, "access-token": true, "x-auth": true, "token": true, "secret": true,
	"x-secret": true,
}

// Values shorter than this are left alone, unless they are secret inputs:
// replacing them would shred ordinary text.
const shortestRedacted = 4

// redactor hides the secret values of one run's inputs.
type redactor struct {
	replacer *strings.Replacer // nil when there is nothing to hide
}

func (r redactor) text(s string) string {
	if r.replacer == nil {
		return s
	}
	return r.replacer.Replace(s)
}

// newRedactor collects what must not be seen among the evaluated inputs.
func newRedactor(plan *inputPlan, inputs vm.Value) redactor {
	if !plan.hides {
		return redactor{}
	}
	c := collector{seen: map[string]bool{}}
	for i := range plan.inputs {
		in := &plan.inputs[i]
		value, _ := inputs.Get(in.key)
		switch {
		case in.secret:
			c.all(value, 1, 10)
		case in.kind == "integration" || in.kind == "integration_multi":
			c.all(value, shortestRedacted, 10)
		case in.credential:
			c.add(value.Text(), shortestRedacted)
		case in.kind == "dictionary":
			c.headers(value)
		}
	}
	return c.redactor()
}

type collector struct {
	seen map[string]bool
}

func (c collector) add(s string, shortest int) {
	if len(s) >= shortest && s != "" {
		c.seen[s] = true
	}
}

// all takes every text in v, and numbers as their text.
func (c collector) all(v vm.Value, shortest, depth int) {
	switch {
	case v.IsString():
		c.add(v.Text(), shortest)
	case v.IsNumber():
		c.add(vm.Print(v), max(shortest, shortestRedacted))
	case depth > 0:
		for i := range v.Len() {
			c.all(v.At(i), shortest, depth-1)
		}
	}
}

// headers takes the credentials of a dictionary, with and without the name of
// their scheme.
func (c collector) headers(v vm.Value) {
	keys, vals := v.Entries()
	for i, k := range keys {
		if !credentialHeaders[strings.ToLower(strings.TrimSpace(k.Text()))] {
			continue
		}
		text := vals[i].Text()
		c.add(text, shortestRedacted)
		if _, bare, ok := strings.Cut(strings.TrimSpace(text), " "); ok {
			c.add(strings.TrimSpace(bare), shortestRedacted)
		}
	}
}

func (c collector) redactor() redactor {
	if len(c.seen) == 0 {
		return redactor{}
	}
	var list []string
	for s := range c.seen {
		list = append(list, s)
		quoted := string(vm.AppendJSONText(nil, s))
		if inner := quoted[1 : len(quoted)-1]; inner != s {
			list = append(list, inner)
		}
	}
	// The replacer prefers what comes first: the longest.
	sort.Slice(list, func(i, j int) bool {
		if len(list[i]) != len(list[j]) {
			return len(list[i]) > len(list[j])
		}
		return list[i] < list[j]
	})
	pairs := make([]string, 0, 2*len(list))
	for _, s := range list {
		pairs = append(pairs, s, redacted)
	}
	return redactor{strings.NewReplacer(pairs...)}
}
