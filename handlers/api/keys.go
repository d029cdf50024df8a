package api

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// keyItem is a personal API key (REST API specification 11.4).
type keyItem struct {
	ID                  string          `json:"id"`
	Label               string          `json:"label"`
	Value               *string         `json:"value"` // in clear, only when it was just made or rolled
	MaskValue           string          `json:"mask_value"`
	CreatedAt           string          `json:"created_at"`
	LastUsedAt          *string         `json:"last_used_at"`
	UserID              cdp.UserID      `json:"user_id"`
	Scopes              []string        `json:"scopes"`
	ScopedTeams         []cdp.ProjectID `json:"scoped_teams"`
	ScopedOrganizations []string        `json:"scoped_organizations"`
	LastRolledAt        *string         `json:"last_rolled_at"`
}

// newKeyItem shows a key; clear is "" unless it may be shown now.
func newKeyItem(k account.Key, clear string) keyItem {
	out := keyItem{
		ID: k.ID, Label: k.Label, MaskValue: k.Mask, CreatedAt: timeText(k.CreatedAt), LastUsedAt: maybeTime(k.LastUsedAt), UserID: k.User,
		Scopes: k.Scopes, ScopedTeams: k.ScopedProjects, ScopedOrganizations: k.ScopedOrganizations, LastRolledAt: maybeTime(k.LastRolledAt),
	}
	if clear != "" {
		out.Value = &clear
	}
	if len(out.Scopes) == 0 {
		out.Scopes = []string{"*"}
	}
	if out.ScopedTeams == nil {
		out.ScopedTeams = []cdp.ProjectID{}
	}
	if out.ScopedOrganizations == nil {
		out.ScopedOrganizations = []string{}
	}
	return out
}

// maybeTime is null for the zero time.
func maybeTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := timeText(t)
	return &text
}

// keyOf reads what is asked of a key. A new one must say what it is called
// and what it may do.
func keyOf(r *fields.Reader, fresh bool) account.KeyChange {
	return account.KeyChange{
		Label:               r.Text("label", fields.Rule{Required: fresh, MaxRunes: 40}).Ptr(),
		Scopes:              textList(r, "scopes", fields.Rule{Required: fresh, Nullable: true}),
		ScopedOrganizations: textList(r, "scoped_organizations", fields.Rule{Nullable: true}),
		ScopedProjects: fields.Each(r, "scoped_teams", fields.Rule{Nullable: true}, func(r *fields.Reader, at string) cdp.ProjectID {
			return cdp.ProjectID(r.Int(at, fields.Rule{}).Value)
		}).Ptr(),
	}
}

func newKeyOf(r *fields.Reader) account.KeyChange    { return keyOf(r, true) }
func keyChangeOf(r *fields.Reader) account.KeyChange { return keyOf(r, false) }

// keyBody reads the body of a request about a key.
func keyBody(c *fiber.Ctx, read func(*fields.Reader) account.KeyChange) (account.KeyChange, error) {
	members, err := body(c)
	if err != nil {
		return account.KeyChange{}, err
	}
	r := reader(members)
	return read(r), faultsOf(*r.Faults)
}

// textList reads a list of texts; nil when it is absent or null.
func textList(r *fields.Reader, name string, rule fields.Rule) *[]string {
	return fields.Each(r, name, rule, func(r *fields.Reader, at string) string { return r.Text(at, fields.Rule{}).Value }).Ptr()
}

// faultsOf is nil without faults.
func faultsOf(found []fields.Fault) error {
	if faults := faultsIn(found); len(faults) > 0 {
		return faults
	}
	return nil
}

// faultsIn are the fields that could not be read, in PostHog's words.
func faultsIn(found []fields.Fault) cdp.Faults {
	var out cdp.Faults
	for _, f := range found {
		out = append(out, cdp.ErrorAt(cdp.Invalid, f.Path, "%s", f.Message).WithAPICode(f.Code))
	}
	return out
}

// ListKeys gives all the user's keys, newest first.
func (h *Handler) ListKeys(c *fiber.Ctx) error {
	keys, err := h.c.Accounts.Keys(c.UserContext(), session.User(c).ID)
	if err != nil {
		return err
	}
	out := make([]keyItem, len(keys))
	for i, k := range keys {
		out[i] = newKeyItem(k, "")
	}
	return respond.JSON(c, fiber.StatusOK, out)
}

// CreateKey makes a key and shows its value, this once.
func (h *Handler) CreateKey(c *fiber.Ctx) error {
	change, err := keyBody(c, newKeyOf)
	if err != nil {
		return counted(c, err)
	}
	k, clear, err := h.c.Accounts.CreateKey(c.UserContext(), session.User(c).ID, account.KeyRequest{
		Label: deref(change.Label), Scopes: deref(change.Scopes),
		ScopedProjects: deref(change.ScopedProjects), ScopedOrganizations: deref(change.ScopedOrganizations),
	})
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusCreated, newKeyItem(k, clear))
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// ShowKey gives one of the user's keys, with @current the one they ask with.
// A key sees no other key.
func (h *Handler) ShowKey(c *fiber.Ctx) error {
	who, _ := session.Principal(c)
	id := c.Params("id")
	current := id == "@current" || id == "%40current"
	switch {
	case who.Key != nil && (current || id == who.Key.ID):
		return respond.JSON(c, fiber.StatusOK, newKeyItem(*who.Key, ""))
	case who.Key != nil:
		return cdp.Errorf(cdp.Forbidden, "", "This action does not support Personal API Key access")
	case current:
		return notFound()
	}
	k, err := h.c.Accounts.Key(c.UserContext(), who.User.ID, id)
	if err != nil {
		return absent(err)
	}
	return respond.JSON(c, fiber.StatusOK, newKeyItem(k, ""))
}

// absent gives PostHog's words for what is not there.
func absent(err error) error {
	if cdp.HasCode(err, cdp.NotFound) {
		return notFound()
	}
	return err
}

// UpdateKey changes a key's label and scopes.
func (h *Handler) UpdateKey(c *fiber.Ctx) error {
	change, err := keyBody(c, keyChangeOf)
	if err != nil {
		return counted(c, err)
	}
	k, err := h.c.Accounts.ChangeKey(c.UserContext(), session.User(c).ID, c.Params("id"), change)
	if err != nil {
		return absent(err)
	}
	return respond.JSON(c, fiber.StatusOK, newKeyItem(k, ""))
}

// DeleteKey revokes a key.
func (h *Handler) DeleteKey(c *fiber.Ctx) error {
	if err := h.c.Accounts.RevokeKey(c.UserContext(), session.User(c).ID, c.Params("id")); err != nil {
		return absent(err)
	}
	return c.SendStatus(fiber.StatusNoContent)
}

// RollKey gives a key a new value and shows it, this once.
func (h *Handler) RollKey(c *fiber.Ctx) error {
	k, clear, err := h.c.Accounts.RollKey(c.UserContext(), session.User(c).ID, c.Params("id"))
	if err != nil {
		return absent(err)
	}
	return respond.JSON(c, fiber.StatusOK, newKeyItem(k, clear))
}
