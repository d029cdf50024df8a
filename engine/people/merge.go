package people

import (
	"context"
	"errors"
	"strings"

	"hogpen/cdp"
	"hogpen/engine/executor"
)

// mostTries bounds how often a merge begins anew because one of its two persons
// had to be read while the other one left the cache.
const mostTries = 50

// merge finds the person of an event. One that names another distinct ID takes
// that one's person in first, when it may. It tells whether that changed the
// person. Needs mu.
func (p *People) merge(ctx context.Context, c *executor.PersonChange) (who *person, changed bool, err error) {
	joins := c.Other != "" && c.Other != c.DistinctID && !impersonal(c.DistinctID) && !impersonal(c.Other)
	for range mostTries {
		who, _, err := p.person(ctx, c.Project, c.DistinctID)
		if err != nil {
			return nil, false, err
		}
		if joins {
			other, waited, err := p.person(ctx, c.Project, c.Other)
			if err != nil {
				return nil, false, err
			}
			if waited {
				continue
			}
			changed = p.join(who, other, c)
		}
		if !who.identified && names(c.Event) && !impersonal(c.DistinctID) {
			who.identified = true
			if !who.stored {
				who.stored, who.created = true, c.At
			}
			p.touch(who)
			changed = true
		}
		return who, changed, nil
	}
	return nil, false, errors.New("merge persons: the cache is too small for both")
}

// names reports whether an event says who its person is.
func names(event string) bool { return event == "$identify" || event == "$create_alias" }

// join merges other into who: its properties where who has none, and all its
// distinct IDs. One that was identified stays what it is, unless the event is
// told to be dangerous; then nothing happens, and join is false.
func (p *People) join(who, other *person, c *executor.PersonChange) bool {
	if who == other || other.identified && c.Event != "$merge_dangerously" {
		return false
	}
	keys, vals := other.props.Entries()
	d := draft{from: who.props, out: who.props}
	for i, k := range keys {
		if _, has := who.props.Lookup(k); !has {
			d.put(k, vals[i], len(keys))
		}
	}
	if !who.stored {
		who.stored, who.created = true, c.At
	}
	if other.stored && other.created.Before(who.created) {
		who.created = other.created
	}
	p.touch(who)
	if d.edited {
		p.set(who, d.out)
	}
	other.into = who
	p.touch(other)
	p.merges = append(p.merges, cdp.Merge{Project: c.Project, From: other.key.id, To: who.key.id})
	for _, id := range []string{other.first, c.Other} {
		p.rename(nameKey{c.Project, id}, who)
	}
	return true
}

// rename makes a distinct ID stand for a person.
func (p *People) rename(key nameKey, who *person) {
	n := p.names[key]
	if n == nil {
		n = &name{key: key}
		p.names[key] = n
		p.cache.add(&n.item, n, 200+len(key.id))
	}
	n.person, n.dirty = who.key.id, true
	p.dirtyNames[n] = struct{}{}
	p.waiting.Store(true)
}

// impersonal reports distinct IDs that many clients send by mistake; nobody is
// merged by them (runtime specification 1.9).
func impersonal(id string) bool {
	switch strings.ToLower(strings.TrimSpace(id)) {
	case "", "0", "00000000-0000-0000-0000-000000000000", "[object object]", "anonymous", "anonymous-user", "backend", "distinct_id",
		"distinctid", "email", "false", "guest", "id", "nan", "none", "not_authenticated", "null", "system", "true", "undefined", "user":
		return true
	}
	return false
}
