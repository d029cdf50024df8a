package api

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"hogpen/account"
	"hogpen/cdp"
)

// functionItem is a function in a list (REST API specification 4.1).
type functionItem struct {
	functionHead
	functionTail
}

// functionHead is what stays of an item while nobody saves the function.
type functionHead struct {
	ID          cdp.FunctionID `json:"id"`
	Type        cdp.Type       `json:"type"`
	Name        *string        `json:"name"`
	Description string         `json:"description"`
	CreatedAt   string         `json:"created_at"`
	CreatedBy   *userBasic     `json:"created_by"`
	UpdatedAt   string         `json:"updated_at"`
	Enabled     bool           `json:"enabled"`
	Hog         string         `json:"hog"`
	Filters     *cdp.Filters   `json:"filters"`
	IconURL     *string        `json:"icon_url"`
	Template    *cdp.Template  `json:"template"`
}

// functionTail is the rest of an item.
type functionTail struct {
	Status         status `json:"status"`
	ExecutionOrder *int   `json:"execution_order"`
	// Match is there only in answers to a search.
	Match string `json:"search_match_type,omitempty"`
}

// functionDetail is a whole function, without its secrets.
type functionDetail struct {
	ID             cdp.FunctionID    `json:"id"`
	Type           cdp.Type          `json:"type"`
	Name           *string           `json:"name"`
	Description    string            `json:"description"`
	CreatedAt      string            `json:"created_at"`
	CreatedBy      *userBasic        `json:"created_by"`
	UpdatedAt      string            `json:"updated_at"`
	Enabled        bool              `json:"enabled"`
	Hog            string            `json:"hog"`
	Bytecode       json.RawMessage   `json:"bytecode"`
	Transpiled     *string           `json:"transpiled"`
	InputsSchema   []cdp.InputSchema `json:"inputs_schema"`
	Inputs         json.RawMessage   `json:"inputs"`
	Filters        *cdp.Filters      `json:"filters"`
	Masking        *cdp.Masking      `json:"masking"`
	Mappings       json.RawMessage   `json:"mappings"`
	IconURL        *string           `json:"icon_url"`
	Template       *cdp.Template     `json:"template"`
	Status         status            `json:"status"`
	ExecutionOrder *int              `json:"execution_order"`
	Match          string            `json:"search_match_type,omitempty"`
}

// status is how a function fares; both members are integers.
type status struct {
	State  int `json:"state"`
	Tokens int `json:"tokens"`
}

// userBasic is a user beside something they did.
type userBasic struct {
	ID                 cdp.UserID      `json:"id"`
	UUID               string          `json:"uuid"`
	DistinctID         string          `json:"distinct_id"`
	FirstName          string          `json:"first_name"`
	LastName           string          `json:"last_name"`
	Email              string          `json:"email"`
	IsEmailVerified    *bool           `json:"is_email_verified"`
	HedgehogConfig     json.RawMessage `json:"hedgehog_config"`
	RoleAtOrganization *string         `json:"role_at_organization"`
}

func newUserBasic(u account.User) *userBasic {
	return &userBasic{ID: u.ID, UUID: u.UUID, DistinctID: u.DistinctID, FirstName: u.FirstName, LastName: u.LastName, Email: u.Email}
}

// timeText writes a time as PostHog does: UTC, microseconds when there are any.
func timeText(t time.Time) string {
	t = t.UTC().Truncate(time.Microsecond)
	if t.Nanosecond() == 0 {
		return t.Format("2006-01-02T15:04:05Z")
	}
	return t.Format("2006-01-02T15:04:05.000000Z")
}

// surroundings is what is shown of functions besides themselves.
type surroundings struct {
	users    map[cdp.UserID]*userBasic
	statuses map[cdp.FunctionID]cdp.Status
	known    bool // statuses come from the engine
}

// around looks up the users and statuses of functions. Who asks need not be
// looked up.
func (h *Handler) around(ctx context.Context, who account.User, project cdp.ProjectID, fs []*cdp.Function) (surroundings, error) {
	s := surroundings{users: map[cdp.UserID]*userBasic{}}
	if len(fs) == 0 {
		return s, nil
	}
	s.users[who.ID] = newUserBasic(who)
	if slices.ContainsFunc(fs, func(f *cdp.Function) bool { return f.CreatedBy != 0 && f.CreatedBy != who.ID }) {
		users, err := h.c.People.Users(ctx)
		if err != nil {
			return s, err
		}
		for _, u := range users {
			s.users[u.ID] = newUserBasic(u)
		}
	}
	if h.c.Statuses == nil {
		return s, nil
	}
	s.known = true
	var enabled []cdp.FunctionID
	for _, f := range fs {
		if f.Enabled {
			enabled = append(enabled, f.ID)
		}
	}
	if len(enabled) > 0 {
		// A status that cannot be read is shown as unknown; the function is
		// there all the same.
		s.statuses, _ = h.c.Statuses.Statuses(ctx, project, enabled)
	}
	return s, nil
}

// status is unknown for a disabled function.
func (s surroundings) status(f *cdp.Function) status {
	switch {
	case !f.Enabled:
		return status{}
	case !s.known:
		return status{State: int(cdp.StateHealthy), Tokens: cdp.StatusTokens}
	}
	st := s.statuses[f.ID]
	return status{State: int(st.State), Tokens: st.Tokens}
}

// template is the one a function was made from, as it is now.
func (h *Handler) template(f *cdp.Function) *cdp.Template {
	if f.TemplateID == "" {
		return nil
	}
	t, ok := h.c.Gallery.Get(f.TemplateID)
	if !ok {
		return nil
	}
	return t
}

func (h *Handler) head(f *cdp.Function, s surroundings) functionHead {
	return functionHead{
		ID: f.ID, Type: f.Type, Name: f.Name, Description: f.Description, CreatedAt: timeText(f.CreatedAt), CreatedBy: s.users[f.CreatedBy],
		UpdatedAt: timeText(f.UpdatedAt), Enabled: f.Enabled, Hog: f.Hog, Filters: &f.Filters, IconURL: f.IconURL, Template: h.template(f),
	}
}

func (h *Handler) detail(f *cdp.Function, s surroundings, match string) functionDetail {
	d := functionDetail{
		ID: f.ID, Type: f.Type, Name: f.Name, Description: f.Description, CreatedAt: timeText(f.CreatedAt), CreatedBy: s.users[f.CreatedBy],
		UpdatedAt: timeText(f.UpdatedAt), Enabled: f.Enabled, Hog: f.Hog, Bytecode: f.Bytecode, Transpiled: f.Transpiled,
		InputsSchema: f.InputsSchema, Inputs: f.MaskedInputs(), Filters: &f.Filters, Masking: f.Masking, Mappings: f.MaskedMappings(),
		IconURL: f.IconURL, Template: h.template(f), Status: s.status(f), ExecutionOrder: f.ExecutionOrder, Match: match,
	}
	if d.InputsSchema == nil {
		d.InputsSchema = []cdp.InputSchema{}
	}
	return d
}
