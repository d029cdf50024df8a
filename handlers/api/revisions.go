package api

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// revisionItem is one saved state of a function in a list (REST API
// specification 8.17).
type revisionItem struct {
	Version   int        `json:"version"`
	CreatedAt string     `json:"created_at"`
	CreatedBy *userBasic `json:"created_by"`
}

// revisionDetail is one saved state with what people wrote. Secret inputs are
// not in it.
type revisionDetail struct {
	revisionItem
	Content json.RawMessage `json:"content"`
}

// ListRevisions gives a page of a function's saved states, newest first.
func (h *Handler) ListRevisions(c *fiber.Ctx) error {
	f, err := h.function(c)
	if err != nil {
		return err
	}
	q := query(c)
	w := windowOf(q)
	some, count, err := h.c.Reader.Revisions(c.UserContext(), f.Project, f.ID, w.limit, w.offset)
	if err != nil {
		return err
	}
	items, err := h.revisionItems(c.UserContext(), some)
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, newPage(c, q, w, count, items))
}

func (h *Handler) revisionItems(ctx context.Context, revisions []cdp.Revision) ([]revisionItem, error) {
	users, err := h.users(ctx)
	if err != nil {
		return nil, err
	}
	items := make([]revisionItem, len(revisions))
	for i, r := range revisions {
		items[i] = revisionItem{Version: r.Version, CreatedAt: timeText(r.CreatedAt), CreatedBy: users[r.CreatedBy]}
	}
	return items, nil
}

// revision finds the saved state of the URL.
func (h *Handler) revision(c *fiber.Ctx) (cdp.Revision, error) {
	f, err := h.function(c)
	if err != nil {
		return cdp.Revision{}, err
	}
	version, err := strconv.Atoi(c.Params("version"))
	if err != nil {
		return cdp.Revision{}, cdp.Errorf(cdp.NotFound, "", "No such revision for this function.")
	}
	return h.c.Reader.Revision(c.UserContext(), f.Project, f.ID, version)
}

// ShowRevision gives one saved state.
func (h *Handler) ShowRevision(c *fiber.Ctx) error {
	r, err := h.revision(c)
	if err != nil {
		return err
	}
	items, err := h.revisionItems(c.UserContext(), []cdp.Revision{r})
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, revisionDetail{items[0], r.Content})
}

// RestoreRevision saves an earlier state again, as a new revision, and gives
// the function. base_updated_at refuses it when somebody saved since.
func (h *Handler) RestoreRevision(c *fiber.Ctx) error {
	members, err := body(c)
	if err != nil {
		return err
	}
	asked := reader(members)
	base := baseTime(asked)
	if err := faultsOf(*asked.Faults); err != nil {
		return err
	}
	r, err := h.revision(c)
	if err != nil {
		return err
	}
	f, err := h.c.Functions.Restore(c.UserContext(), session.User(c).ID, session.Project(c).ID, r, base)
	if err != nil {
		return counted(c, err)
	}
	return h.saved(c, fiber.StatusOK, f)
}
