package admin

import (
	"errors"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/views/ui/hx"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// presets are the scopes that the form offers. Doing runs again reads persons
// and groups.
var presets = map[string][]string{
	"read":  {"hog_function:read", "project:read", "user:read", "activity_log:read"},
	"write": {"hog_function:write", "project:read", "user:read", "activity_log:read", "person:read", "group:read"},
	"all":   {"*"},
}

// AccountKeys is GET /account/keys.
func (h *Handler) AccountKeys(c *fiber.Ctx) error {
	return h.showKeys(c, pages.AccountKeysData{})
}

func (h *Handler) showKeys(c *fiber.Ctx, d pages.AccountKeysData) error {
	keys, err := h.c.Store.Keys(c.UserContext(), session.User(c).ID)
	if err != nil {
		return err
	}
	d.Action, d.Most = "/account/keys", account.MaxKeys
	for _, k := range keys {
		used := "never"
		if !k.LastUsedAt.IsZero() {
			used = ui.Ago(h.now(), k.LastUsedAt)
		}
		d.Keys = append(d.Keys, pages.AccountKey{
			ID: k.ID, Label: k.Label, Mask: k.Mask, Scopes: scopeSentence(k.Scopes), Created: ui.Ago(h.now(), k.CreatedAt),
			LastUsed: used, Revoke: "/account/keys/" + k.ID + "/revoke",
		})
	}
	s, err := h.shell(c, "API keys", "")
	if err != nil {
		return err
	}
	page := pages.AccountKeys(s, d)
	if len(d.Errors) > 0 {
		return respond.Invalid(c, page)
	}
	return respond.Page(c, page)
}

// CreateKey is POST /account/keys. The key is shown on the page that answers,
// the only time; it goes through no redirect and no session.
func (h *Handler) CreateKey(c *fiber.Ctx) error {
	d := pages.AccountKeysData{Label: c.FormValue("label"), Preset: c.FormValue("preset")}
	scopes, ok := presets[d.Preset]
	if !ok {
		d.Errors = map[string]string{"preset": "Choose what the key may do."}
		return h.showKeys(c, d)
	}
	_, clear, err := h.c.Accounts.CreateKey(c.UserContext(), session.User(c).ID, account.KeyRequest{Label: d.Label, Scopes: scopes})
	var known *cdp.Error
	switch {
	case errors.As(err, &known) && known.Code == cdp.Invalid:
		d.Errors = map[string]string{known.Field.String(): known.Message}
		return h.showKeys(c, d)
	case err != nil:
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return h.showKeys(c, pages.AccountKeysData{Fresh: clear})
}

// RevokeKey is POST /account/keys/:id/revoke.
func (h *Handler) RevokeKey(c *fiber.Ctx) error {
	if err := h.c.Accounts.RevokeKey(c.UserContext(), session.User(c).ID, c.Params("id")); err != nil {
		return err
	}
	respond.Toast(c, ui.ToastProps{Tone: ui.OK, Text: "Revoked the key"})
	if respond.Partial(c) {
		return respond.Places(c, respond.Place{Selector: "#key-" + c.Params("id"), Swap: hx.Delete})
	}
	return respond.Redirect(c, "/account/keys")
}

// scopeSentence says what a key may do.
func scopeSentence(scopes []string) string {
	if len(scopes) == 0 {
		return "can do everything you may do"
	}
	for name, list := range presets {
		if strings.Join(list, " ") != strings.Join(scopes, " ") {
			continue
		}
		return map[string]string{"read": "can read", "write": "can read and change functions", "all": "can do everything you may do"}[name]
	}
	return strings.Join(scopes, ", ")
}
