package people

// cache is a ring of all that is in memory, the one used last first.
type cache struct {
	most, bytes int
	head        item // of the ring
}

// item is the part that a person, a name or a group has for the cache.
type item struct {
	before, after *item
	of            any // *person, *name or *group
	bytes         int
	dirty         bool // to be written
	saving        bool // being written
}

func (c *cache) add(it *item, of any, bytes int) {
	it.of, it.bytes = of, bytes
	c.bytes += bytes
	c.link(it)
}

func (c *cache) resize(it *item, bytes int) {
	c.bytes += bytes - it.bytes
	it.bytes = bytes
}

// use makes an item the newest.
func (c *cache) use(it *item) {
	if c.head.after != it {
		c.unlink(it)
		c.link(it)
	}
}

func (c *cache) link(it *item) {
	if c.head.after == nil {
		c.head.after, c.head.before = &c.head, &c.head
	}
	it.before, it.after = &c.head, c.head.after
	it.before.after, it.after.before = it, it
}

func (c *cache) unlink(it *item) {
	it.before.after, it.after.before = it.after, it.before
	it.before, it.after = nil, nil
}

// forget takes an item out of memory.
func (p *People) forget(it *item) {
	if it.before == nil {
		return
	}
	p.cache.unlink(it)
	p.cache.bytes -= it.bytes
	switch x := it.of.(type) {
	case *person:
		delete(p.persons, x.key)
	case *name:
		delete(p.names, x.key)
	case *group:
		delete(p.groups, x.key)
	}
}

// shrink forgets what was not used for longest until the rest fits. What is to
// be written stays, and so do the newest few, which somebody may have in hand.
func (p *People) shrink() {
	const newest = 8
	at := p.cache.head.before
	for n := len(p.persons) + len(p.names) + len(p.groups); n > newest && p.cache.bytes > p.cache.most && at != &p.cache.head; n-- {
		it := at
		at = at.before
		if !it.dirty && !it.saving {
			p.forget(it)
		}
	}
}

// Held is about how many bytes of people are in memory.
func (p *People) Held() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cache.bytes
}
