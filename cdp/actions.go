package cdp

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"hogpen/cdp/fields"
)

// Limits of an action.
const (
	MaxActionNameRunes = 400
	MaxSlackRunes      = 1200
	MaxActionSteps     = 1000
	MaxTags            = 1000
	maxTagRunes        = 255
)

// Action is a named set of events that filters may refer to. One that is
// deleted goes on matching where filters name it, as it does in PostHog: it
// can be brought back, and nothing stops silently meanwhile.
type Action struct {
	ID                 int64
	Project            ProjectID
	Name               *string
	Description        string
	Tags               []string
	PostToSlack        bool
	SlackMessageFormat string
	// Steps is a JSON array of PostHog's action steps, OR-ed.
	Steps json.RawMessage
	// BytecodeError says why the steps could not be compiled when the action
	// was saved; "" when they can.
	BytecodeError string
	Deleted       bool
	CreatedAt     time.Time
	CreatedBy     UserID
	CalculatedAt  time.Time // when it was last saved
}

// ActionSource finds actions, deleted ones too; NotFound when there is none
// with that id.
type ActionSource interface {
	Action(ctx context.Context, project ProjectID, id int64) (Action, error)
}

// ActionStore is where actions are kept. A name that another action of the
// project has is Invalid with the field "name".
type ActionStore interface {
	ActionSource
	// CreateAction stores a and gives it its number.
	CreateAction(ctx context.Context, a Action) (Action, error)
	UpdateAction(ctx context.Context, a Action) error
}

// ListQuery asks for a page of a project's actions or cohorts that are not
// deleted, the one saved last first.
type ListQuery struct {
	Project ProjectID
	Search  string // words that the name contains, whatever their case
	Limit   int    // 100 when 0
	Offset  int
}

// Actions creates and changes actions (REST API specification 11.7). Filters
// that name an action are compiled anew when it changes.
type Actions struct {
	Store     ActionStore
	Functions *Functions

	// one change at a time, for each is laid over what is stored.
	mu sync.Mutex
}

// ActionChange is what may be different in an action, or a whole new one.
type ActionChange struct {
	Name               Optional[string]
	Description        Optional[string]
	Tags               Optional[[]string]
	PostToSlack        *bool
	SlackMessageFormat Optional[string]
	Steps              json.RawMessage // as the API takes them; nil leaves them
	Deleted            *bool
	// Faults are fields that could not even be read.
	Faults Faults
}

// Create stores a new action. Faults name what is wrong; nothing is stored then.
func (as *Actions) Create(ctx context.Context, actor UserID, project ProjectID, c ActionChange) (Action, error) {
	as.mu.Lock()
	defer as.mu.Unlock()
	now := as.Functions.now()
	a := Action{Project: project, Steps: json.RawMessage("[]"), CreatedAt: now, CreatedBy: actor}
	if err := as.apply(ctx, &a, c, now); err != nil {
		return Action{}, err
	}
	// No filter can name it yet, unless somebody guessed its number.
	var err error
	if a, err = as.Store.CreateAction(ctx, a); err != nil {
		return Action{}, fmt.Errorf("create action: %w", err)
	}
	as.note(ctx, &a, "created", nil, actor)
	return a, nil
}

// Update changes an action, also one that is deleted, and returns it as it is
// now. What filters are compiled from it is compiled anew before it returns.
func (as *Actions) Update(ctx context.Context, actor UserID, project ProjectID, id int64, c ActionChange) (Action, error) {
	as.mu.Lock()
	defer as.mu.Unlock()
	old, err := as.Store.Action(ctx, project, id)
	if err != nil {
		return Action{}, fmt.Errorf("load action %d: %w", id, err)
	}
	a := old
	if err := as.apply(ctx, &a, c, as.Functions.now()); err != nil {
		return Action{}, err
	}
	save := func() error { return as.Store.UpdateAction(ctx, a) }
	if string(a.Steps) == string(old.Steps) {
		err = save()
	} else {
		err = as.Functions.rebase(ctx, project, namesAction(id), save)
	}
	if err != nil {
		return Action{}, fmt.Errorf("save action %d: %w", id, err)
	}
	if changes := differences(actionScope, old.logged(), a.logged()); len(changes) > 0 {
		as.note(ctx, &a, "updated", changes, actor)
	}
	return a, nil
}

// apply lays the change over a and compiles its steps.
func (as *Actions) apply(ctx context.Context, a *Action, c ActionChange, now time.Time) error {
	faults := c.Faults
	if c.Name.Set {
		a.Name = c.Name.Ptr()
	}
	if c.Description.Set {
		a.Description = c.Description.Value
	}
	if c.Tags.Set {
		a.Tags = tidyTags(c.Tags.Value)
	}
	if c.PostToSlack != nil {
		a.PostToSlack = *c.PostToSlack
	}
	if c.SlackMessageFormat.Set {
		a.SlackMessageFormat = c.SlackMessageFormat.Value
	}
	if c.Deleted != nil {
		a.Deleted = *c.Deleted
	}
	if c.Steps != nil {
		steps, wrong := ReadActionSteps(c.Steps)
		faults = append(faults, wrong...)
		a.Steps = steps
	}
	if len(faults) > 0 {
		return faults
	}
	a.CalculatedAt = now
	var err error
	a.BytecodeError, err = as.Functions.actionFault(ctx, *a)
	return err
}

// tidyTags are the tags without blanks around them, in lower case and once.
func tidyTags(tags []string) []string {
	var out []string
	for _, t := range tags {
		t = strings.ToLower(strings.TrimSpace(t))
		if t != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// ReadTags reads the member tags, a list of texts.
func ReadTags(r *fields.Reader) Optional[[]string] {
	tags := fields.Each(r, "tags", fields.Rule{}, func(r *fields.Reader, at string) string {
		return r.Text(at, fields.Rule{Blank: true, MaxRunes: maxTagRunes}).Value
	})
	if len(tags.Value) > MaxTags {
		r.Fail("tags", "max_length", "Ensure this field has no more than %d elements.", MaxTags)
		return Optional[[]string]{}
	}
	return tags
}

// logged are the members that the activity log follows.
func (a *Action) logged() fields.Members {
	return loggedValues([]loggedValue{
		{"name", a.Name}, {"description", a.Description}, {"tags", a.Tags}, {"post_to_slack", a.PostToSlack},
		{"slack_message_format", a.SlackMessageFormat}, {"steps_json", a.Steps}, {"deleted", a.Deleted},
	})
}

func (as *Actions) note(ctx context.Context, a *Action, what string, changes []ActivityChange, by UserID) {
	as.Functions.noteItem(ctx, func() (Activity, error) {
		return Activity{
			Project: a.Project, User: by, Activity: what, Scope: actionScope, ItemID: strconv.FormatInt(a.ID, 10), CreatedAt: a.CalculatedAt,
		}.detailed(ActivityDetail{Name: a.Name, Changes: changes})
	})
}

// stepTexts are the members of a step that are texts, in the order in which a
// step is stored; properties stand behind the first.
var stepTexts = [...]string{"event", "selector", "tag_name", "text", "text_matching", "href", "href_matching", "url", "url_matching"}

// ReadActionSteps reads an action's steps: a list of objects, of which the
// declared members are kept, null where there is none. Texts are kept as they
// came: they are compared with what events hold.
func ReadActionSteps(raw json.RawMessage) (json.RawMessage, Faults) {
	var found []fields.Fault
	var faults Faults
	r := fields.Reader{Members: fields.Members{{Name: "steps", Value: raw}}, Faults: &found}
	list := r.List("steps", fields.Rule{}).Value
	if len(list) > MaxActionSteps {
		faults.addCode(fields.To("steps"), "max_length", "Ensure this field has no more than %d elements.", MaxActionSteps)
		return nil, faults
	}
	steps := make([]json.RawMessage, 0, len(list))
	for i, item := range list {
		if step, ok := fields.Nested(item, fields.To("steps", i), &found); ok {
			steps = append(steps, readStep(step))
		}
	}
	faults.take(found)
	return fields.BuildList(steps), faults
}

// ActionStepsShape is what ReadActionSteps reads.
func ActionStepsShape() fields.Shape {
	return fields.ListOf(fields.Describe("ActionStepWrite", func(r *fields.Reader) { readStep(r) }))
}

func readStep(r *fields.Reader) json.RawMessage {
	out := make(fields.Members, 0, len(stepTexts)+1)
	for _, name := range stepTexts {
		nullable := fields.Rule{Nullable: true, Blank: true}
		var ok bool
		if strings.HasSuffix(name, "_matching") {
			ok = r.Choice(name, nullable, "contains", "regex", "exact").Ptr() != nil
		} else {
			ok = r.Text(name, nullable).Ptr() != nil
		}
		var value json.RawMessage
		if ok {
			v, _ := r.Members.Get(name)
			value = fields.Quote(fields.Display(v))
		}
		out = append(out, fields.Member{Name: name, Value: value})
		if name == "event" {
			properties := r.Dicts("properties", fields.Rule{Nullable: true})
			value = nil
			if properties.Ptr() != nil {
				value = fields.BuildList(properties.Value)
			}
			out = append(out, fields.Member{Name: "properties", Value: value})
		}
	}
	return fields.Build(out)
}

// namesAction tells whether filters name an action.
func namesAction(id int64) func(*Filters) bool {
	return func(f *Filters) bool {
		return slices.ContainsFunc(f.Actions, func(entry json.RawMessage) bool {
			members, _ := fields.MembersOf(entry)
			named, _ := members.Get("id")
			n, fault := fields.ToInt(named, fields.Rule{})
			return fault == nil && int64(n) == id
		})
	}
}
