package admin

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/web/respond"
)

// PostHogLink is GET /project/:pid/*: the addresses that programs see as
// event.url, person.url, project.url and source.url are spelled as PostHog
// spells them, and messages carry them to people. Each leads to the page that
// tells the same here.
func (h *Handler) PostHogLink(c *fiber.Ctx) error {
	home := fmt.Sprintf("/p/%s", url.PathEscape(c.Params("pid")))
	parts := strings.Split(c.Params("*"), "/")
	second := ""
	if len(parts) > 1 {
		second = parts[1]
	}
	switch {
	case parts[0] == "events" && second != "":
		return respond.Redirect(c, home+"/events/"+second)
	case parts[0] == "functions" && second != "":
		return respond.Redirect(c, home+"/functions/"+second)
	case parts[0] == "person" && second != "":
		return respond.Redirect(c, home+"/events?q="+second)
	case parts[0] == "events", parts[0] == "functions":
		return respond.Redirect(c, home+"/"+parts[0])
	}
	return respond.Redirect(c, home)
}
