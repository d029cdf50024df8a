package cdp

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"hogpen/cdp/fields"
)

// MaxCohortNameRunes bounds a cohort's name.
const MaxCohortNameRunes = 400

// CohortStore is where cohorts are kept.
type CohortStore interface {
	// CohortAny also finds a deleted one.
	CohortAny(ctx context.Context, project ProjectID, id int64) (Cohort, error)
	// CreateCohort stores c and gives it its number.
	CreateCohort(ctx context.Context, c Cohort) (Cohort, error)
	UpdateCohort(ctx context.Context, c Cohort) error
}

// Cohorts creates and changes cohorts (REST API specification 11.8). Filters
// that leave out test accounts are compiled anew when one changes.
type Cohorts struct {
	Store     CohortStore
	Functions *Functions

	// one change at a time, for each is laid over what is stored.
	mu sync.Mutex
}

// CohortChange is what may be different in a cohort, or a whole new one.
type CohortChange struct {
	Name        Optional[string]
	Description Optional[string]
	Filters     Optional[json.RawMessage]
	Static      *bool
	Deleted     *bool
	// Faults are fields that could not even be read.
	Faults Faults
}

// Create stores a new cohort. Faults name what is wrong; nothing is stored then.
func (cs *Cohorts) Create(ctx context.Context, actor UserID, project ProjectID, c CohortChange) (Cohort, error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cohort := Cohort{Project: project, Filters: json.RawMessage("{}"), CreatedAt: cs.Functions.now(), CreatedBy: actor}
	if err := c.apply(&cohort); err != nil {
		return Cohort{}, err
	}
	var err error
	if cohort, err = cs.Store.CreateCohort(ctx, cohort); err != nil {
		return Cohort{}, fmt.Errorf("create cohort: %w", err)
	}
	cs.note(ctx, &cohort, "created", nil, actor, cohort.CreatedAt)
	return cohort, nil
}

// Update changes a cohort, also one that is deleted, and returns it as it is
// now. Test-account filters that name it are compiled anew before it returns.
func (cs *Cohorts) Update(ctx context.Context, actor UserID, project ProjectID, id int64, c CohortChange) (Cohort, error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	old, err := cs.Store.CohortAny(ctx, project, id)
	if err != nil {
		return Cohort{}, fmt.Errorf("load cohort %d: %w", id, err)
	}
	cohort := old
	if err := c.apply(&cohort); err != nil {
		return Cohort{}, err
	}
	err = cs.Functions.rebase(ctx, project, leavesOutTestAccounts, func() error { return cs.Store.UpdateCohort(ctx, cohort) })
	if err != nil {
		return Cohort{}, fmt.Errorf("save cohort %d: %w", id, err)
	}
	if changes := differences(cohortScope, old.logged(), cohort.logged()); len(changes) > 0 {
		cs.note(ctx, &cohort, "updated", changes, actor, cs.Functions.now())
	}
	return cohort, nil
}

func (c *CohortChange) apply(to *Cohort) error {
	if c.Name.Set {
		to.Name = c.Name.Ptr()
	}
	if c.Description.Set {
		to.Description = c.Description.Value
	}
	if c.Filters.Set {
		to.Filters = c.Filters.Value
		if c.Filters.Null {
			to.Filters = json.RawMessage("{}")
		}
	}
	if c.Static != nil {
		to.Static = *c.Static
	}
	if c.Deleted != nil {
		to.Deleted = *c.Deleted
	}
	return c.Faults.orNil()
}

// logged are the members that the activity log follows.
func (c *Cohort) logged() fields.Members {
	return loggedValues([]loggedValue{
		{"name", c.Name}, {"description", c.Description}, {"filters", c.Filters}, {"is_static", c.Static}, {"deleted", c.Deleted},
	})
}

func (cs *Cohorts) note(ctx context.Context, c *Cohort, what string, changes []ActivityChange, by UserID, at time.Time) {
	cs.Functions.noteItem(ctx, func() (Activity, error) {
		return Activity{
			Project: c.Project, User: by, Activity: what, Scope: cohortScope, ItemID: strconv.FormatInt(c.ID, 10), CreatedAt: at,
		}.detailed(ActivityDetail{Name: c.Name, Changes: changes})
	})
}
