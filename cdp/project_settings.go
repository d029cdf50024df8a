package cdp

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"hogpen/cdp/fields"
)

// ProjectStore is where projects are kept; NotFound when there is none.
type ProjectStore interface {
	ProjectReader
	UpdateProject(ctx context.Context, p Project) error
}

// ProjectSettings changes projects (REST API specification 11.1).
type ProjectSettings struct {
	Store ProjectStore
	Now   func() time.Time // time.Now when nil
	// Functions checks test-account filters and compiles filters anew when
	// they changed; nil leaves them.
	Functions *Functions

	// one change at a time, for each is laid over what is stored.
	mu sync.Mutex
}

// ProjectChange is what may be changed about a project.
type ProjectChange struct {
	Name               Optional[string]
	Timezone           Optional[string]
	TestAccountFilters Optional[[]json.RawMessage] // property filters
	// Settings are laid over the stored ones by name; null stores null.
	Settings fields.Members
	// Faults are fields that could not even be read.
	Faults Faults
}

// Update changes a project and returns it as it is now. Faults name what is
// wrong; nothing is stored then.
func (s *ProjectSettings) Update(ctx context.Context, id ProjectID, c ProjectChange) (Project, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.Store.Project(ctx, id)
	if err != nil {
		return Project{}, fmt.Errorf("load project %d: %w", id, err)
	}
	faults := c.apply(&p)
	accounts := c.TestAccountFilters.Set && s.Functions != nil
	if accounts {
		wrong, err := s.Functions.accountFaults(ctx, p)
		if err != nil {
			return Project{}, fmt.Errorf("check test-account filters: %w", err)
		}
		faults = append(faults, wrong...)
	}
	if len(faults) > 0 {
		return Project{}, faults
	}
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	p.UpdatedAt = now().UTC().Truncate(time.Microsecond)
	save := func() error { return s.Store.UpdateProject(ctx, p) }
	if accounts {
		err = s.Functions.rebase(ctx, id, leavesOutTestAccounts, save)
	} else {
		err = save()
	}
	if err != nil {
		return Project{}, fmt.Errorf("save project %d: %w", id, err)
	}
	return p, nil
}

// apply lays the change over p and tells what is wrong with it.
func (c *ProjectChange) apply(p *Project) Faults {
	faults := c.Faults
	if c.Name.Set {
		p.Name = c.Name.Value
	}
	if c.Timezone.Set {
		// "Local" and "" are known to the library, and to nobody else.
		_, err := time.LoadLocation(c.Timezone.Value)
		if err != nil || c.Timezone.Value == "" || strings.EqualFold(c.Timezone.Value, "local") {
			faults = append(faults, Errorf(Invalid, "timezone", "%q is not a valid choice.", c.Timezone.Value).WithAPICode("invalid_choice"))
		}
		p.Timezone = c.Timezone.Value
	}
	if c.TestAccountFilters.Set {
		p.TestAccountFilters = fields.BuildList(c.TestAccountFilters.Value)
	}
	settings, _ := fields.MembersOf(p.Settings)
	for _, m := range c.Settings {
		settings = settings.With(m)
	}
	p.Settings = fields.Build(settings)
	return faults
}
