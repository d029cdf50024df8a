package api

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/cdp/fields"
)

// actionItem is an action (REST API specification 11.7). Members that have no
// meaning here keep the value PostHog gives a new one.
type actionItem struct {
	ID                 int64         `json:"id"`
	Name               *string       `json:"name"`
	Description        string        `json:"description"`
	Tags               []string      `json:"tags"`
	PostToSlack        bool          `json:"post_to_slack"`
	SlackMessageFormat string        `json:"slack_message_format"`
	Steps              []actionStep  `json:"steps"`
	CreatedAt          string        `json:"created_at"`
	CreatedBy          *userBasic    `json:"created_by"`
	Deleted            bool          `json:"deleted"`
	IsCalculating      bool          `json:"is_calculating"`
	LastCalculatedAt   string        `json:"last_calculated_at"`
	TeamID             cdp.ProjectID `json:"team_id"`
	IsAction           bool          `json:"is_action"`
	BytecodeError      *string       `json:"bytecode_error"`
	PinnedAt           *string       `json:"pinned_at"`
}

// actionStep is one step of an action, as it is stored.
type actionStep struct {
	Event        *string         `json:"event"`
	Properties   json.RawMessage `json:"properties"`
	Selector     *string         `json:"selector"`
	TagName      *string         `json:"tag_name"`
	Text         *string         `json:"text"`
	TextMatching *string         `json:"text_matching"`
	Href         *string         `json:"href"`
	HrefMatching *string         `json:"href_matching"`
	URL          *string         `json:"url"`
	URLMatching  *string         `json:"url_matching"`
}

func newActionItem(a cdp.Action, users map[cdp.UserID]*userBasic) actionItem {
	out := actionItem{
		ID: a.ID, Name: a.Name, Description: a.Description, Tags: a.Tags, PostToSlack: a.PostToSlack, SlackMessageFormat: a.SlackMessageFormat,
		Steps: []actionStep{}, CreatedAt: timeText(a.CreatedAt), CreatedBy: users[a.CreatedBy], Deleted: a.Deleted,
		LastCalculatedAt: timeText(a.CalculatedAt), TeamID: a.Project, IsAction: true,
	}
	if out.Tags == nil {
		out.Tags = []string{}
	}
	if a.BytecodeError != "" {
		out.BytecodeError = &a.BytecodeError
	}
	// Nothing but steps that were read is stored.
	_ = json.Unmarshal(a.Steps, &out.Steps)
	return out
}

func (h *Handler) actions() noun[cdp.Action, cdp.ActionChange, actionItem] {
	return noun[cdp.Action, cdp.ActionChange, actionItem]{
		list: h.c.Named.Actions, find: h.c.Named.Action, create: h.c.Actions.Create, update: h.c.Actions.Update,
		read: actionChangeOf, item: newActionItem, users: h.users,
	}
}

// ListActions gives a page of the project's actions.
func (h *Handler) ListActions(c *fiber.Ctx) error { return h.actions().List(c) }

// ShowAction gives one action, also one that is deleted: it can be restored.
func (h *Handler) ShowAction(c *fiber.Ctx) error { return h.actions().Show(c) }

// CreateAction makes an action.
func (h *Handler) CreateAction(c *fiber.Ctx) error { return h.actions().Create(c) }

// UpdateAction changes an action; it also deletes, and brings back what is
// deleted.
func (h *Handler) UpdateAction(c *fiber.Ctx) error { return h.actions().Update(c) }

// actionChangeOf reads an action's body.
func actionChangeOf(r *fields.Reader) cdp.ActionChange {
	change := cdp.ActionChange{
		Name:               r.Text("name", fields.Rule{Nullable: true, Blank: true, MaxRunes: cdp.MaxActionNameRunes}),
		Description:        r.Text("description", fields.Rule{Blank: true}),
		PostToSlack:        r.Bool("post_to_slack", fields.Rule{}).Ptr(),
		SlackMessageFormat: r.Text("slack_message_format", fields.Rule{Blank: true, MaxRunes: cdp.MaxSlackRunes}),
		Steps:              r.Any("steps", cdp.ActionStepsShape).Value,
		Deleted:            r.Bool("deleted", fields.Rule{}).Ptr(),
		Tags:               cdp.ReadTags(r),
	}
	change.Faults = faultsIn(*r.Faults)
	return change
}
