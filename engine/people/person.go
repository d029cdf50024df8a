package people

import (
	"context"
	"fmt"
	"strings"
	"time"

	"hogpen/cdp"
	"hogpen/engine/executor"
	"hogpen/hog/vm"
)

type personKey struct {
	project cdp.ProjectID
	id      cdp.PersonID
}

// nameKey is a distinct ID.
type nameKey struct {
	project cdp.ProjectID
	id      string
}

// person is one in memory.
type person struct {
	item
	key        personKey
	first      string   // its first distinct ID
	props      vm.Value // frozen
	text       []byte   // props as JSON
	identified bool
	stored     bool // there is or will be a row
	created    time.Time
	updated    time.Time
	into       *person // whom it was merged into
	// quiet is what was said last that left the person as it is now.
	quiet executor.Trace
}

// name is a distinct ID in memory.
type name struct {
	item
	key    nameKey
	person cdp.PersonID
}

var noProperties = vm.NewDict(0).Freeze()

func (w *person) view() executor.PersonView {
	return executor.PersonView{ID: string(w.key.id), Properties: w.props}
}

// size is about what a person takes: its text, the values over it, and rows of
// maps and lists.
func (w *person) size() int { return 400 + len(w.first) + 4*len(w.text) }

func (w *person) row() cdp.Person {
	text := w.text
	if text == nil {
		text = []byte("{}")
	}
	return cdp.Person{Project: w.key.project, ID: w.key.id, DistinctID: w.first, Properties: text, Identified: w.identified,
		CreatedAt: w.created, UpdatedAt: w.updated}
}

// final is the person that w became by merges.
func (w *person) final() *person {
	for w.into != nil {
		w = w.into
	}
	return w
}

// person finds whom a distinct ID stands for, in memory or in the store. Others
// may have changed anything meanwhile when it was read: then waited is true.
// Needs mu.
func (p *People) person(ctx context.Context, project cdp.ProjectID, distinctID string) (who *person, waited bool, err error) {
	key := nameKey{project, distinctID}
	for {
		if n := p.names[key]; n != nil {
			if who := p.persons[personKey{project, n.person}]; who != nil {
				who = who.final()
				p.cache.use(&n.item)
				p.cache.use(&who.item)
				return who, waited, nil
			}
		}
		writes := p.writes
		var row cdp.Person
		var found bool
		read, err := p.read(ctx, key, func() (err error) {
			computed := cdp.PersonID(executor.PersonID(project, distinctID))
			row, found, err = p.cfg.Store.PersonOf(ctx, project, distinctID, computed)
			return err
		})
		waited = true
		if err != nil {
			return nil, waited, fmt.Errorf("find a person: %w", err)
		}
		if !read || writes != p.writes {
			continue // another one read it, or what was read may be out of date
		}
		if err := p.admit(key, row, found); err != nil {
			return nil, waited, err
		}
	}
}

// read reads something from the store without mu, unless another goroutine does
// so already: then it waits for that one, and read is false.
func (p *People) read(ctx context.Context, key any, do func() error) (read bool, err error) {
	if done := p.reading[key]; done != nil {
		p.mu.Unlock()
		defer p.mu.Lock()
		select {
		case <-done:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	done := make(chan struct{})
	p.reading[key] = done
	p.mu.Unlock()
	err = do()
	p.mu.Lock()
	delete(p.reading, key)
	close(done)
	return true, err
}

// admit takes what was read into memory. A person who is there already is as
// it is now, whatever the store said.
func (p *People) admit(key nameKey, row cdp.Person, found bool) error {
	at := personKey{key.project, row.ID}
	who := p.persons[at]
	if who == nil {
		who = &person{key: at, first: key.id, props: noProperties, stored: found, identified: row.Identified, created: row.CreatedAt, updated: row.UpdatedAt}
		if found {
			var err error
			if who.first = row.DistinctID; len(row.Properties) > 2 {
				if who.text, who.props, err = reread(row.Properties); err != nil {
					return fmt.Errorf("read person %s: %w", row.ID, err)
				}
			}
		}
		p.persons[at] = who
		p.cache.add(&who.item, who, who.size())
	}
	n := p.names[key]
	if n == nil {
		n = &name{key: key}
		p.names[key] = n
		p.cache.add(&n.item, n, 200+len(key.id))
	}
	if !n.dirty && !n.saving {
		n.person = who.key.id
	}
	p.shrink()
	return nil
}

func reread(text []byte) ([]byte, vm.Value, error) {
	v, err := vm.ParseJSON(text, vm.JSONOptions{Freeze: true})
	if err == nil && !v.IsDict() {
		err = fmt.Errorf("the properties are %s", v.TypeName())
	}
	return text, v, err
}

// changed gives the properties after a change: $set_once where there is none,
// $set, then without $unset. It is false when all stays as it was, and when
// only properties changed that change all the time, which are not worth a
// write.
func (w *person) changed(c *executor.PersonChange) (vm.Value, bool) {
	d := draft{from: w.props, out: w.props}
	keys, vals := c.SetOnce.Entries()
	room := len(keys) + len(c.Initial)
	for i, k := range keys {
		d.once(k, vals[i], room)
	}
	for i := range c.Initial {
		if in := &c.Initial[i]; !given(c.SetOnce, in.Once) {
			d.once(in.Once, in.Value, room)
		}
	}
	keys, vals = c.Set.Entries()
	room = len(keys) + len(c.Initial)
	for i, k := range keys {
		d.set(k, vals[i], room)
	}
	for i := range c.Initial {
		if in := &c.Initial[i]; !given(c.Set, in.Set) {
			d.set(in.Set, in.Value, room)
		}
	}
	d.remove(c.Unset)
	if !d.edited {
		return vm.Null, false
	}
	worth := d.worth || !w.stored
	switch c.Event {
	case "$identify", "$create_alias", "$merge_dangerously", "$set":
		worth = true
	}
	if worth && !w.stored {
		w.stored, w.created = true, c.At
	}
	return d.out, worth
}

// draft is a dict that is copied when it is first changed.
type draft struct {
	from, out vm.Value
	edited    bool
	worth     bool // more than fleeting properties changed
}

func (d *draft) edit(room int) {
	if !d.edited {
		d.out, d.edited = d.from.Copy(room), true
	}
}

// given reports whether a dict, or null, has a key.
func given(d, key vm.Value) bool {
	if d.IsNull() {
		return false
	}
	_, has := d.Lookup(key)
	return has
}

func (d *draft) once(key, val vm.Value, room int) {
	if _, has := d.out.Lookup(key); !has {
		d.put(key, val, room)
	}
}

func (d *draft) set(key, val vm.Value, room int) {
	if have, has := d.out.Lookup(key); !has || !same(have, val) {
		d.put(key, val, room)
	}
}

func (d *draft) put(key, val vm.Value, room int) {
	d.edit(room)
	d.out.Put(key, val)
	d.worth = d.worth || !fleeting(key.Text())
}

// remove leaves out the keys that a list names or a dict has.
func (d *draft) remove(unset vm.Value) {
	var gone []vm.Value
	if unset.IsList() {
		gone = unset.Elems()
	} else {
		gone, _ = unset.Entries()
	}
	drop := map[string]bool{}
	for _, k := range gone {
		if _, has := d.out.Lookup(k); has && k.IsString() {
			drop[k.Text()] = true
		}
	}
	if len(drop) == 0 {
		return
	}
	keys, vals := d.out.Entries()
	out := vm.NewDict(len(keys))
	for i, k := range keys {
		if !drop[k.Text()] {
			out.Put(k, vals[i])
		}
	}
	d.out, d.edited, d.worth = out, true, true
}

// same compares values as JSON.
func same(a, b vm.Value) bool {
	if vm.StrictEqual(a, b) {
		return true
	}
	if !a.IsDict() && !a.IsList() || !b.IsDict() && !b.IsList() {
		return false
	}
	return string(vm.AppendJSON(nil, a)) == string(vm.AppendJSON(nil, b))
}

// fleeting properties tell of a visit more than of a person; a change of them
// alone is not written.
func fleeting(key string) bool {
	switch key {
	case "$browser", "$browser_version", "$device_type", "$current_url", "$pathname", "$os", "$os_name", "$os_version",
		"$referring_domain", "$referrer", "$screen_height", "$screen_width", "$viewport_height", "$viewport_width", "$raw_user_agent":
		return true
	case "$geoip_city_name", "$geoip_country_name", "$geoip_country_code":
		return false
	}
	return strings.HasPrefix(key, "$geoip_")
}
