package web

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/web/session"
)

// cors answers pre-flights before anything else, and lets any origin read
// answers. Credentials are not allowed: a script of another site may use a
// key it knows, never the session of whoever visits it (REST API
// specification 1.4).
func cors(c *fiber.Ctx) error {
	origin := c.Get(fiber.HeaderOrigin)
	if origin != "" {
		c.Set(fiber.HeaderAccessControlAllowOrigin, origin)
		c.Vary(fiber.HeaderOrigin)
	}
	if c.Method() == fiber.MethodOptions && c.Get(fiber.HeaderAccessControlRequestMethod) != "" {
		c.Set(fiber.HeaderAccessControlAllowMethods, "DELETE, GET, OPTIONS, PATCH, POST, PUT")
		c.Set(fiber.HeaderAccessControlAllowHeaders, "accept, authorization, content-type, user-agent, x-csrftoken, x-requested-with, "+
			"traceparent, request-id, request-context, x-posthog-session-id, x-posthog-distinct-id")
		c.Set(fiber.HeaderAccessControlMaxAge, "86400")
		return c.SendStatus(fiber.StatusOK)
	}
	return c.Next()
}

// authenticate finds out which program is asking (REST API specification
// 2.1). The first personal API key found decides, good or bad; only without
// any does a browser's session count, which needs a CSRF token for changes.
func (s *Server) authenticate(c *fiber.Ctx) error {
	token, where, err := apiKey(c)
	if err != nil {
		return err
	}
	if token != "" {
		p, err := s.c.Accounts.Authenticate(c.UserContext(), token, where)
		if err != nil {
			return err
		}
		session.SetPrincipal(c, p)
		return c.Next()
	}
	if _, ok := session.Principal(c); !ok {
		return cdp.Errorf(cdp.Unsigned, "", "Authentication credentials were not provided.")
	}
	if err := s.c.Sessions.Protect(c); err != nil {
		return err
	}
	return c.Next()
}

// apiKey looks for a personal API key in the header, the body and the query,
// in this order; "" when there is none.
func apiKey(c *fiber.Ctx) (string, account.Where, error) {
	// The scheme is matched in this spelling only.
	if v, ok := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), "Bearer "); ok {
		if v = strings.TrimSpace(v); v != "" {
			return v, account.InHeader, nil
		}
	}
	if v := bodyKey(c); v != "" {
		return v, account.InBody, nil
	}
	if v := c.Query("personal_api_key"); v != "" {
		return v, account.InQuery, nil
	}
	return "", "", nil
}

// bodyKey reads the body's member personal_api_key. Most bodies do not name
// it and are not read.
func bodyKey(c *fiber.Ctx) string {
	const name = "personal_api_key"
	body := c.Request().Body()
	if !bytes.Contains(body, []byte(name)) {
		return ""
	}
	if strings.HasPrefix(c.Get(fiber.HeaderContentType), fiber.MIMEApplicationForm) {
		return string(c.Request().PostArgs().Peek(name))
	}
	var m struct {
		Key string `json:"personal_api_key"`
	}
	if json.Unmarshal(body, &m) != nil {
		return ""
	}
	return m.Key
}

// apiProject reads the project of the URL: its number, or "@current". The
// order of the answers is PostHog's: unknown is 404, not a member 403, and
// only then the key's own bounds.
func (s *Server) apiProject(c *fiber.Ctx) error {
	who, _ := session.Principal(c)
	id, err := projectID(c.Params("project_id"), who.User)
	if err != nil {
		return err
	}
	p, err := s.c.Projects.Project(c.UserContext(), id)
	if cdp.HasCode(err, cdp.NotFound) {
		return projectNotFound()
	}
	if err != nil {
		return fmt.Errorf("project %d: %w", id, err)
	}
	role, err := s.c.Projects.Membership(c.UserContext(), id, who.User.ID)
	if cdp.HasCode(err, cdp.NotFound) {
		return cdp.Errorf(cdp.Forbidden, "", "You don't have access to the project.")
	}
	if err != nil {
		return fmt.Errorf("membership in project %d: %w", id, err)
	}
	if k := who.Key; k != nil {
		if !k.AllowsProject(id) {
			return cdp.Errorf(cdp.Forbidden, "", "API key does not have access to the requested project: ID %d.", id)
		}
		if !k.AllowsOrganization(p.OrganizationID) {
			return cdp.Errorf(cdp.Forbidden, "", "API key does not have access to the requested organization: ID %s.", p.OrganizationID)
		}
	}
	session.SetProject(c, p, role)
	return c.Next()
}

func projectID(text string, u account.User) (cdp.ProjectID, error) {
	if text == "@current" || text == "%40current" {
		if u.CurrentProject == 0 {
			return 0, projectNotFound()
		}
		return u.CurrentProject, nil
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, projectNotFound()
	}
	return cdp.ProjectID(id), nil
}

func projectNotFound() error { return cdp.Errorf(cdp.NotFound, "", "Project not found.") }

// unbound refuses keys that are bound to projects where there is none.
func unbound(c *fiber.Ctx) error {
	if who, _ := session.Principal(c); who.Key != nil && len(who.Key.ScopedProjects) > 0 {
		return cdp.Errorf(cdp.Forbidden, "", "API keys with scoped projects are only supported on project-based endpoints.")
	}
	return c.Next()
}

// allowed checks what a route asks of the key and of the user's role.
func allowed(r Route) fiber.Handler {
	return func(c *fiber.Ctx) error {
		who, _ := session.Principal(c)
		if who.Key != nil {
			if len(r.Scopes) == 0 && !r.Unscoped {
				return cdp.Errorf(cdp.Forbidden, "", "This action does not support Personal API Key access")
			}
			for _, scope := range r.Scopes {
				if !who.Key.HasScope(scope) {
					return cdp.Errorf(cdp.Forbidden, "", "API key missing required scope '%s'", scope)
				}
			}
		}
		if r.Can != "" && !account.Can(session.Role(c), r.Can) {
			return cdp.Errorf(cdp.Forbidden, "", "You do not have permission to perform this action.")
		}
		return c.Next()
	}
}

// throttleKeys counts the uses of a key; browsers are exempt.
func (s *Server) throttleKeys(c *fiber.Ctx) error {
	if who, _ := session.Principal(c); who.Key != nil {
		if err := s.throttle.allow(hex.EncodeToString(who.Key.Hash[:])); err != nil {
			return err
		}
	}
	return c.Next()
}

// methodNotAllowed answers what no route of the path took. OPTIONS is
// answered to whoever may read.
func methodNotAllowed(c *fiber.Ctx) error {
	if c.Method() == fiber.MethodOptions {
		return c.SendStatus(fiber.StatusOK)
	}
	return fiber.ErrMethodNotAllowed
}
