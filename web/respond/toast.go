package respond

import (
	"encoding/json"
	"fmt"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"hogpen/views/ui"
	"hogpen/views/ui/hx"
	"hogpen/web/session"
)

// pendingKey is where toasts wait for the answer.
type pendingKey struct{}

// Toast adds a toast to the answer, whatever that will be: a partial behind a
// fragment; or, where the answer is a redirect, a toast of the page it leads
// to, which takes it with Toasts. It may be called before or after the answer
// is made.
func Toast(c *fiber.Ctx, t ui.ToastProps) {
	c.Locals(pendingKey{}, append(pending(c), t))
}

func pending(c *fiber.Ctx) []ui.ToastProps {
	list, _ := c.Locals(pendingKey{}).([]ui.ToastProps)
	return list
}

// Toasts takes the toasts for a whole page: those that an earlier request
// left for it, and those of this one.
func Toasts(c *fiber.Ctx) []ui.ToastProps {
	var out []ui.ToastProps
	for _, text := range session.Flashes(c) {
		var t ui.ToastProps
		if json.Unmarshal([]byte(text), &t) == nil {
			out = append(out, t)
		}
	}
	out = append(out, pending(c)...)
	c.Locals(pendingKey{}, nil)
	return out
}

// Middleware delivers the toasts that handlers added. It stands inside the
// session's, which keeps those for the next page.
func Middleware(c *fiber.Ctx) error {
	if err := c.Next(); err != nil {
		return err
	}
	toasts := pending(c)
	if len(toasts) == 0 {
		return nil
	}
	status := c.Response().StatusCode()
	if Partial(c) && c.GetRespHeader("HX-Redirect") == "" && (status < 300 || status >= 400) {
		return appendToasts(c, toasts...)
	}
	for _, t := range toasts {
		b, err := json.Marshal(t)
		if err != nil {
			return fmt.Errorf("keep toast: %w", err)
		}
		session.Flash(c, string(b))
	}
	return nil
}

// ErrorToast answers a partial request that failed: the target stays as it is
// and a toast tells why.
func ErrorToast(c *fiber.Ctx, text string) error {
	return appendToasts(c, ui.ToastProps{Tone: ui.Bad, Text: text})
}

// appendToasts writes partials behind what the answer holds already.
func appendToasts(c *fiber.Ctx, toasts ...ui.ToastProps) error {
	if c.Response().StatusCode() == fiber.StatusNoContent {
		c.Status(fiber.StatusOK)
	}
	begin(c)
	ctx := with(c)
	for _, t := range toasts {
		partial := hx.Partial("#toasts", hx.Prepend)
		if err := partial.Render(templ.WithChildren(ctx, ui.Toast(t)), c.Response().BodyWriter()); err != nil {
			return fmt.Errorf("render toast: %w", err)
		}
	}
	return nil
}
