package api

import (
	"encoding/json"
	"slices"

	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// projectBasic is a project in a list (REST API specification 11.1).
type projectBasic struct {
	ID                         cdp.ProjectID   `json:"id"`
	UUID                       string          `json:"uuid"`
	Organization               string          `json:"organization"`
	ProjectID                  cdp.ProjectID   `json:"project_id"`
	APIToken                   string          `json:"api_token"`
	Name                       string          `json:"name"`
	CompletedSnippetOnboarding bool            `json:"completed_snippet_onboarding"`
	HasCompletedOnboardingFor  json.RawMessage `json:"has_completed_onboarding_for"`
	IngestedEvent              bool            `json:"ingested_event"`
	IsDemo                     bool            `json:"is_demo"`
	Timezone                   string          `json:"timezone"`
	AccessControl              bool            `json:"access_control"`
}

func newProjectBasic(p cdp.Project) projectBasic {
	return projectBasic{
		ID: p.ID, UUID: p.UUID, Organization: p.OrganizationID, ProjectID: p.ID, APIToken: p.Token, Name: p.Name,
		CompletedSnippetOnboarding: true, IngestedEvent: true, Timezone: p.Timezone,
	}
}

// storedSettings are members of a project that clients write and read back;
// null until somebody has set them.
var storedSettings = [...]string{
	"test_account_filters_default_checked", "path_cleaning_filters", "app_urls", "heatmaps_opt_in", "autocapture_exceptions_opt_in",
	"session_recording_opt_in", "surveys_opt_in", "cookieless_server_hash_mode", "autocapture_web_vitals_opt_in", "recording_domains",
}

// fullProject is a project with its settings.
func fullProject(p cdp.Project) (json.RawMessage, error) {
	basic, err := json.Marshal(newProjectBasic(p))
	if err != nil {
		return nil, err
	}
	members, _ := fields.MembersOf(basic)
	settings, _ := fields.MembersOf(p.Settings)
	accounts := p.TestAccountFilters
	if accounts == nil {
		accounts = json.RawMessage("[]")
	}
	members = append(members, fields.Member{Name: "test_account_filters", Value: accounts})
	for _, name := range storedSettings {
		v, _ := settings.Get(name)
		if v == nil && name == "app_urls" {
			v = json.RawMessage("[]")
		}
		members = append(members, fields.Member{Name: name, Value: v})
	}
	members = append(members,
		fields.Member{Name: "created_at", Value: fields.Quote(timeText(p.CreatedAt))},
		fields.Member{Name: "updated_at", Value: fields.Quote(timeText(p.UpdatedAt))})
	return fields.Build(members), nil
}

// ListProjects gives a page of the user's projects; a key that is bound to
// some sees only those.
func (h *Handler) ListProjects(c *fiber.Ctx) error {
	projects, err := h.visibleProjects(c)
	if err != nil {
		return err
	}
	return listProjects(c, projects)
}

// visibleProjects are the user's projects that the key, if there is one, is
// not kept from.
func (h *Handler) visibleProjects(c *fiber.Ctx) ([]cdp.Project, error) {
	projects, err := h.c.People.Projects(c.UserContext(), session.User(c).ID)
	who, _ := session.Principal(c)
	if who.Key == nil {
		return projects, err
	}
	return slices.DeleteFunc(projects, func(p cdp.Project) bool {
		return !who.Key.AllowsProject(p.ID) || !who.Key.AllowsOrganization(p.OrganizationID)
	}), err
}

func listProjects(c *fiber.Ctx, projects []cdp.Project) error {
	out := []projectBasic{}
	for _, p := range projects {
		out = append(out, newProjectBasic(p))
	}
	q := query(c)
	w := windowOf(q)
	return respond.JSON(c, fiber.StatusOK, newPage(c, q, w, len(out), slice(out, w)))
}

// ListOrganizationProjects is ListProjects for one organization.
func (h *Handler) ListOrganizationProjects(c *fiber.Ctx) error {
	projects, err := h.organizationProjects(c)
	if err != nil {
		return err
	}
	return listProjects(c, projects)
}

// ShowOrganizationProject gives one of them with its settings.
func (h *Handler) ShowOrganizationProject(c *fiber.Ctx) error {
	projects, err := h.organizationProjects(c)
	if err != nil {
		return err
	}
	id, err := numericID(c)
	i := slices.IndexFunc(projects, func(p cdp.Project) bool { return p.ID == cdp.ProjectID(id) })
	if err != nil || i < 0 {
		return notFound()
	}
	full, err := fullProject(projects[i])
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, full)
}

// organizationProjects are the visible projects of the URL's organization.
func (h *Handler) organizationProjects(c *fiber.Ctx) ([]cdp.Project, error) {
	o, err := h.organization(c)
	if err != nil {
		return nil, err
	}
	projects, err := h.visibleProjects(c)
	return slices.DeleteFunc(projects, func(p cdp.Project) bool { return p.OrganizationID != o.ID }), err
}

// ShowProject gives the project of the URL with its settings.
func (h *Handler) ShowProject(c *fiber.Ctx) error {
	full, err := fullProject(session.Project(c))
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, full)
}

// organizationItem is an organization in a list (REST API specification 11.2).
type organizationItem struct {
	ID                           string  `json:"id"`
	Name                         string  `json:"name"`
	Slug                         string  `json:"slug"`
	LogoMediaID                  *string `json:"logo_media_id"`
	MembershipLevel              int     `json:"membership_level"`
	MembersCanUsePersonalAPIKeys bool    `json:"members_can_use_personal_api_keys"`
	IsActive                     bool    `json:"is_active"`
	IsNotActiveReason            *string `json:"is_not_active_reason"`
	IsPendingDeletion            bool    `json:"is_pending_deletion"`
}

func newOrganizationItem(o account.Organization) organizationItem {
	const owner = 15
	return organizationItem{ID: o.ID, Name: o.Name, Slug: o.Slug, MembershipLevel: owner, MembersCanUsePersonalAPIKeys: true, IsActive: true}
}

// organizationFull is an organization with its projects.
type organizationFull struct {
	organizationItem
	CreatedAt                string             `json:"created_at"`
	UpdatedAt                string             `json:"updated_at"`
	Teams                    []projectBasic     `json:"teams"`
	Projects                 []organizationPart `json:"projects"`
	AvailableProductFeatures []string           `json:"available_product_features"`
}

// organizationPart is a project named beside its organization.
type organizationPart struct {
	ID             cdp.ProjectID `json:"id"`
	OrganizationID string        `json:"organization_id"`
	Name           string        `json:"name"`
}

func newOrganizationFull(o account.Organization, projects []cdp.Project) organizationFull {
	full := organizationFull{
		organizationItem: newOrganizationItem(o), CreatedAt: timeText(o.CreatedAt), UpdatedAt: timeText(o.CreatedAt),
		Teams: []projectBasic{}, Projects: []organizationPart{}, AvailableProductFeatures: []string{},
	}
	for _, p := range projects {
		if p.OrganizationID == o.ID {
			full.Teams = append(full.Teams, newProjectBasic(p))
			full.Projects = append(full.Projects, organizationPart{ID: p.ID, OrganizationID: o.ID, Name: p.Name})
		}
	}
	return full
}

// ListOrganizations gives a page of the user's organizations; a key that is
// bound to some sees only those.
func (h *Handler) ListOrganizations(c *fiber.Ctx) error {
	organizations, err := h.c.People.Organizations(c.UserContext(), session.User(c).ID)
	if err != nil {
		return err
	}
	out := []organizationItem{}
	who, _ := session.Principal(c)
	for _, o := range organizations {
		if who.Key == nil || who.Key.AllowsOrganization(o.ID) {
			out = append(out, newOrganizationItem(o))
		}
	}
	q := query(c)
	w := windowOf(q)
	return respond.JSON(c, fiber.StatusOK, newPage(c, q, w, len(out), slice(out, w)))
}

// ShowOrganization gives one of the user's organizations.
func (h *Handler) ShowOrganization(c *fiber.Ctx) error {
	o, err := h.organization(c)
	if err != nil {
		return err
	}
	projects, err := h.c.People.Projects(c.UserContext(), session.User(c).ID)
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, newOrganizationFull(o, projects))
}

// organization finds the organization of the URL among the user's; @current is
// the one of their current project.
func (h *Handler) organization(c *fiber.Ctx) (account.Organization, error) {
	u := session.User(c)
	organizations, err := h.c.People.Organizations(c.UserContext(), u.ID)
	if err != nil {
		return account.Organization{}, err
	}
	id := c.Params("organization_id")
	if id == "@current" || id == "%40current" {
		projects, err := h.c.People.Projects(c.UserContext(), u.ID)
		if err != nil {
			return account.Organization{}, err
		}
		if p := currentProject(u, projects); p != nil {
			id = p.OrganizationID
		}
	}
	who, _ := session.Principal(c)
	for _, o := range organizations {
		switch {
		case o.ID != id:
		case who.Key != nil && !who.Key.AllowsOrganization(id):
			return o, cdp.Errorf(cdp.Forbidden, "", "API key does not have access to the requested organization: ID %s.", id)
		default:
			return o, nil
		}
	}
	return account.Organization{}, cdp.Errorf(cdp.NotFound, "", "Organization not found.")
}
