// Package respond gives the answers: a page, a part of one, a form with its
// faults, JSON, a toast, a redirect, a stream. All that is htmx on the server
// is here: which headers a request carries, which an answer may set, and when
// a page is answered by its fragments.
//
// htmx 4 says "HX-Request-Type: partial" when it will put the answer into one
// element, and "full" when it takes the page apart itself (a boosted link).
// It swaps answers of any status, so a form with faults may be a plain 422.
// What an answer is made of tells views/ui/hx; toasts are partials behind the
// fragment, added by Middleware once the handler is done.
package respond

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"
)

// HTMX tells whether htmx made the request.
func HTMX(c *fiber.Ctx) bool { return c.Get("HX-Request") == "true" }

// Partial tells whether the answer goes into one element of the page that is
// open, so that a fragment is enough.
func Partial(c *fiber.Ctx) bool {
	return HTMX(c) && c.Get("HX-Request-Type") != "full" &&
		c.Get("HX-Boosted") != "true" && c.Get("HX-History-Restore-Request") != "true"
}

// Page answers with a whole page; to a partial request with the named
// templ.Fragments of it, in the page's order, when any are named.
func Page(c *fiber.Ctx, page templ.Component, fragments ...string) error {
	c.Vary("HX-Request", "HX-Request-Type")
	if len(fragments) == 0 || !Partial(c) {
		return render(c, page)
	}
	names := make([]any, len(fragments))
	for i, f := range fragments {
		names[i] = f
	}
	begin(c)
	if err := templ.RenderFragments(with(c), c.Response().BodyWriter(), page, names...); err != nil {
		return fmt.Errorf("render fragments %s: %w", strings.Join(fragments, ", "), err)
	}
	return nil
}

// Part answers with one or several components that are no page: the row that
// changed, the toast beside it.
func Part(c *fiber.Ctx, parts ...templ.Component) error {
	for _, p := range parts {
		if err := render(c, p); err != nil {
			return err
		}
	}
	return nil
}

// Invalid answers 422 with the form again, the faults beside its inputs.
func Invalid(c *fiber.Ctx, form templ.Component) error {
	c.Status(fiber.StatusUnprocessableEntity)
	return render(c, form)
}

// JSON answers a program.
func JSON(c *fiber.Ctx, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return Raw(c, status, b)
}

// Raw answers a program with JSON that is written already, which the answer
// then owns.
func Raw(c *fiber.Ctx, status int, b []byte) error {
	c.Status(status)
	c.Response().Header.SetContentType("application/json")
	c.Response().SetBodyRaw(b)
	return nil
}

// Redirect sends people to another page: a 303, or to a partial request its
// own header, as a 303 would be followed into the element.
func Redirect(c *fiber.Ctx, url string) error {
	if Partial(c) {
		c.Set("HX-Redirect", url)
		return c.SendStatus(fiber.StatusNoContent)
	}
	return c.Redirect(url, fiber.StatusSeeOther)
}

// Push makes url the address of the page in the browser's history.
func Push(c *fiber.Ctx, url string) { c.Set("HX-Push-Url", url) }

// Replace puts url in place of the current address.
func Replace(c *fiber.Ctx, url string) { c.Set("HX-Replace-Url", url) }

// Event adds an event for the page's scripts to the answer ("function-saved"),
// with a detail that is written as JSON; nil is none. Several may be added.
func Event(c *fiber.Ctx, name string, detail any) error {
	events := map[string]json.RawMessage{}
	if have := c.GetRespHeader("HX-Trigger"); have != "" {
		if err := json.Unmarshal([]byte(have), &events); err != nil {
			return fmt.Errorf("header HX-Trigger: %w", err)
		}
	}
	b, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("event %s: %w", name, err)
	}
	events[name] = b
	all, err := json.Marshal(events)
	if err != nil {
		return fmt.Errorf("event %s: %w", name, err)
	}
	c.Set("HX-Trigger", ascii(all))
	return nil
}

// ascii escapes what a header may not hold; inside JSON that means strings.
func ascii(b []byte) string {
	var out strings.Builder
	for _, r := range string(b) {
		switch {
		case r < 0x7f:
			out.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

func render(c *fiber.Ctx, comp templ.Component) error {
	begin(c)
	if err := comp.Render(with(c), c.Response().BodyWriter()); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	return nil
}

func begin(c *fiber.Ctx) { c.Response().Header.SetContentType("text/html; charset=utf-8") }
