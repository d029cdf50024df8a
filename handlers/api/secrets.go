package api

import (
	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// maskedSecrets is a function with secrets that are of no use (REST API
// specification 8.17).
type maskedSecrets struct {
	ID      cdp.FunctionID `json:"id"`
	Name    *string        `json:"name"`
	Type    cdp.Type       `json:"type"`
	Enabled bool           `json:"enabled"`
	Inputs  []string       `json:"input_keys"`
	OfDraft []string       `json:"draft_input_keys"` // there are no drafts
}

// ListMaskedSecrets gives the functions whose stored secrets are of no use and
// must be entered again: the mask was stored in their place, or they were
// sealed with another key than this server's.
func (h *Handler) ListMaskedSecrets(c *fiber.Ctx) error {
	all, err := h.c.Reader.ProjectFunctions(c.UserContext(), session.Project(c).ID)
	if err != nil {
		return err
	}
	out := []maskedSecrets{}
	for _, f := range all {
		if keys := h.c.Functions.BrokenSecrets(f); len(keys) > 0 {
			out = append(out, maskedSecrets{ID: f.ID, Name: f.Name, Type: f.Type, Enabled: f.Enabled, Inputs: keys, OfDraft: []string{}})
		}
	}
	return respond.JSON(c, fiber.StatusOK, out)
}
