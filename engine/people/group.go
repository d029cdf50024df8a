package people

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hogpen/cdp"
	"hogpen/hog/vm"
)

type groupKey struct {
	project cdp.ProjectID
	index   int
	key     string
}

// group is one in memory.
type group struct {
	item
	key     groupKey
	props   vm.Value // frozen
	text    []byte
	created time.Time
	updated time.Time
}

func (g *group) size() int { return 300 + len(g.key.key) + 4*len(g.text) }

func (g *group) row() cdp.Group {
	text := g.text
	if text == nil {
		text = []byte("{}")
	}
	return cdp.Group{Project: g.key.project, Index: g.key.index, Key: g.key.key, Properties: text, CreatedAt: g.created, UpdatedAt: g.updated}
}

// maxTypeName bounds the name of a type of group, in bytes.
const maxTypeName = 400

// GroupIndex implements executor.People. The types of a project stay in memory:
// there are five at most.
func (p *People) GroupIndex(ctx context.Context, project cdp.ProjectID, kind string) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		known, ok := p.types[project]
		if ok {
			if i := slices.Index(known, kind); i >= 0 || len(known) == cdp.MaxGroupTypes || len(kind) > maxTypeName {
				return i, nil
			}
			p.types[project] = append(known, kind)
			p.newTypes = append(p.newTypes, cdp.GroupType{Project: project, Index: len(known), Name: kind})
			p.waiting.Store(true)
			return len(known), nil
		}
		var rows []cdp.GroupType
		read, err := p.read(ctx, project, func() (err error) {
			rows, err = p.cfg.Store.GroupTypes(ctx, project)
			return err
		})
		if err != nil {
			return -1, fmt.Errorf("find the group types: %w", err)
		}
		if _, ok := p.types[project]; !read || ok {
			continue
		}
		names := make([]string, 0, cdp.MaxGroupTypes)
		for _, r := range rows {
			names = append(names, r.Name)
		}
		p.types[project] = names
	}
}

// Group implements executor.People.
func (p *People) Group(ctx context.Context, project cdp.ProjectID, index int, key string) (vm.Value, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, err := p.group(ctx, groupKey{project, index, key})
	if err != nil {
		return vm.Null, err
	}
	return g.props, nil
}

// UpdateGroup implements executor.People.
func (p *People) UpdateGroup(ctx context.Context, project cdp.ProjectID, index int, key string, set vm.Value, at time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, err := p.group(ctx, groupKey{project, index, key})
	if err != nil {
		return err
	}
	d := draft{from: g.props, out: g.props}
	keys, vals := set.Entries()
	for i, k := range keys {
		if have, has := d.out.Lookup(k); !has || !same(have, vals[i]) {
			d.put(k, vals[i], len(keys))
		}
	}
	if !d.edited && !g.created.IsZero() {
		return nil
	}
	if d.edited {
		text, compact, err := compacted(d.out)
		if err != nil {
			p.cfg.Log.Warn("properties of a group were not changed", "project", project, "type", index, "error", err)
			return nil
		}
		g.text, g.props = text, compact
		p.cache.resize(&g.item, g.size())
	}
	if g.created.IsZero() {
		g.created = at
	}
	g.updated, g.dirty = p.cfg.Now().UTC(), true
	p.dirtyGroups[g] = struct{}{}
	p.waiting.Store(true)
	return nil
}

// group finds a group, in memory or in the store. Needs mu.
func (p *People) group(ctx context.Context, key groupKey) (*group, error) {
	for {
		if g := p.groups[key]; g != nil {
			p.cache.use(&g.item)
			return g, nil
		}
		writes := p.writes
		var row cdp.Group
		var found bool
		read, err := p.read(ctx, key, func() (err error) {
			row, found, err = p.cfg.Store.Group(ctx, key.project, key.index, key.key)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("find a group: %w", err)
		}
		if !read || writes != p.writes || p.groups[key] != nil {
			continue
		}
		g := &group{key: key, props: noProperties}
		if found {
			g.created, g.updated = row.CreatedAt, row.UpdatedAt
			if g.text, g.props, err = reread(row.Properties); err != nil {
				return nil, fmt.Errorf("read a group: %w", err)
			}
		}
		p.groups[key] = g
		p.cache.add(&g.item, g, g.size())
		p.shrink()
	}
}
