package respond

import (
	"fmt"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"hogpen/views/ui/hx"
)

// Place is markup for an element of the page that is open.
type Place struct {
	Selector string // "#function-3f2a"
	Swap     hx.Swap
	Content  templ.Component // nil with hx.Delete
}

// Places answers with partials: each finds its own element, whatever the
// request's target was.
func Places(c *fiber.Ctx, places ...Place) error {
	begin(c)
	ctx := with(c)
	for _, p := range places {
		content := p.Content
		if content == nil {
			content = templ.NopComponent
		}
		partial := hx.Partial(p.Selector, p.Swap)
		if err := partial.Render(templ.WithChildren(ctx, content), c.Response().BodyWriter()); err != nil {
			return fmt.Errorf("render for %s: %w", p.Selector, err)
		}
	}
	return nil
}
