package web

import (
	"fmt"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/web/session"
)

// protected lets only this server's own pages change anything.
func (s *Server) protected(c *fiber.Ctx) error {
	if err := s.c.Sessions.Protect(c); err != nil {
		return err
	}
	return c.Next()
}

// signedIn lets only users pass.
func signedIn(c *fiber.Ctx) error {
	if _, ok := session.Principal(c); !ok {
		return cdp.Errorf(cdp.Unsigned, "", "Sign in to see this page.")
	}
	return c.Next()
}

// peopleProject reads the project of a page's URL. A project that is not
// there and one the user may not see give the same answer. A page that is
// looked at becomes the user's current project.
func (s *Server) peopleProject(c *fiber.Ctx) error {
	gone := cdp.Errorf(cdp.NotFound, "", "There is no such project, or you may not see it.")
	n, err := strconv.ParseInt(c.Params("pid"), 10, 64)
	if err != nil || n <= 0 {
		return gone
	}
	id, u := cdp.ProjectID(n), session.User(c)
	role, err := s.c.Projects.Membership(c.UserContext(), id, u.ID)
	if cdp.HasCode(err, cdp.NotFound) {
		return gone
	}
	if err != nil {
		return fmt.Errorf("membership in project %d: %w", id, err)
	}
	p, err := s.c.Projects.Project(c.UserContext(), id)
	if cdp.HasCode(err, cdp.NotFound) {
		return gone
	}
	if err != nil {
		return fmt.Errorf("project %d: %w", id, err)
	}
	session.SetProject(c, p, role)
	if c.Method() == fiber.MethodGet && u.CurrentProject != id {
		// The page is worth showing even if this cannot be remembered.
		if err := s.c.Projects.SetCurrentProject(c.UserContext(), u.ID, id); err != nil {
			s.log.Warn("current project was not noted", "user", u.ID, "error", err)
		}
	}
	return c.Next()
}

// able lets pass whose role has the ability.
func able(a account.Ability) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if !account.Can(session.Role(c), a) {
			return cdp.Errorf(cdp.Forbidden, "", "Your role in this project does not allow this. Ask an owner or admin of the project.")
		}
		return c.Next()
	}
}
