package api

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// me is the user who is asking (REST API specification 11.3). Members that
// have no meaning here keep the value PostHog gives a plain user.
type me struct {
	DateJoined                string             `json:"date_joined"`
	UUID                      string             `json:"uuid"`
	DistinctID                string             `json:"distinct_id"`
	FirstName                 string             `json:"first_name"`
	LastName                  string             `json:"last_name"`
	Email                     string             `json:"email"`
	PendingEmail              *string            `json:"pending_email"`
	IsEmailVerified           *bool              `json:"is_email_verified"`
	NotificationSettings      map[string]bool    `json:"notification_settings"`
	AnonymizeData             bool               `json:"anonymize_data"`
	ToolbarMode               string             `json:"toolbar_mode"`
	HasPassword               bool               `json:"has_password"`
	ID                        cdp.UserID         `json:"id"`
	IsStaff                   bool               `json:"is_staff"`
	IsImpersonated            *bool              `json:"is_impersonated"`
	IsImpersonatedUntil       *string            `json:"is_impersonated_until"`
	SensitiveSessionExpiresAt *string            `json:"sensitive_session_expires_at"`
	Team                      *projectBasic      `json:"team"`
	Organization              *organizationFull  `json:"organization"`
	Organizations             []organizationItem `json:"organizations"`
	EventsColumnConfig        map[string]string  `json:"events_column_config"`
	Is2FAEnabled              bool               `json:"is_2fa_enabled"`
	HasSocialAuth             bool               `json:"has_social_auth"`
	HasSSOEnforcement         bool               `json:"has_sso_enforcement"`
	HasSeenProductIntroFor    json.RawMessage    `json:"has_seen_product_intro_for"`
	ScenePersonalisation      []string           `json:"scene_personalisation"`
	ThemeMode                 *string            `json:"theme_mode"`
	HedgehogConfig            json.RawMessage    `json:"hedgehog_config"`
	RoleAtOrganization        *string            `json:"role_at_organization"`
}

// ShowMe gives the user who is asking, with their project and organizations.
func (h *Handler) ShowMe(c *fiber.Ctx) error {
	u := session.User(c)
	projects, err := h.c.People.Projects(c.UserContext(), u.ID)
	if err != nil {
		return err
	}
	organizations, err := h.c.People.Organizations(c.UserContext(), u.ID)
	if err != nil {
		return err
	}
	out := me{
		DateJoined: timeText(u.CreatedAt), UUID: u.UUID, DistinctID: u.DistinctID, FirstName: u.FirstName, LastName: u.LastName, Email: u.Email,
		NotificationSettings: map[string]bool{}, ToolbarMode: "toolbar", HasPassword: u.PasswordHash != "", ID: u.ID,
		EventsColumnConfig: map[string]string{"active": "DEFAULT"}, ScenePersonalisation: []string{}, Organizations: []organizationItem{},
	}
	if u.Theme != "" {
		out.ThemeMode = &u.Theme
	}
	current := currentProject(u, projects)
	if current != nil {
		basic := newProjectBasic(*current)
		out.Team = &basic
	}
	for _, o := range organizations {
		out.Organizations = append(out.Organizations, newOrganizationItem(o))
		if current != nil && o.ID == current.OrganizationID {
			full := newOrganizationFull(o, projects)
			out.Organization = &full
		}
	}
	return respond.JSON(c, fiber.StatusOK, out)
}

// currentProject is the project the user last looked at, nil when it is not
// among theirs.
func currentProject(u account.User, projects []cdp.Project) *cdp.Project {
	for i := range projects {
		if projects[i].ID == u.CurrentProject {
			return &projects[i]
		}
	}
	return nil
}
