package web

import (
	"path"

	"github.com/gofiber/fiber/v2"

	"hogpen/static"
)

// asset serves an embedded file. Its name changes with its content, so a
// browser may keep it for ever.
func asset(c *fiber.Ctx) error {
	f, ok := static.Lookup(c.Params("*"))
	if !ok {
		return fiber.ErrNotFound
	}
	return send(c, f, "public, max-age=31536000, immutable")
}

// sdkFile serves posthog-js under the names that its loader asks for: with or
// without a version, which is of no importance here.
func sdkFile(c *fiber.Ctx) error {
	f, ok := static.SDK(path.Base(c.Path()))
	if !ok {
		return fiber.ErrNotFound
	}
	return send(c, f, "public, max-age=3600")
}

func send(c *fiber.Ctx, f *static.File, caching string) error {
	tag := `"` + f.Name + `"`
	c.Set(fiber.HeaderCacheControl, caching)
	c.Set(fiber.HeaderETag, tag)
	c.Set("X-Content-Type-Options", "nosniff")
	c.Vary(fiber.HeaderAcceptEncoding)
	if have := c.Get(fiber.HeaderIfNoneMatch); have == tag || have == "W/"+tag {
		return c.SendStatus(fiber.StatusNotModified)
	}
	c.Set(fiber.HeaderContentType, f.Type)
	c.Response().SetBodyRaw(packedFor(c, f))
	return nil
}

// packedFor gives the smallest form of a file that the browser takes.
func packedFor(c *fiber.Ctx, f *static.File) []byte {
	accepts := c.Request().Header.HasAcceptEncoding
	if accepts("br") {
		if b := f.Brotli(); b != nil {
			c.Set(fiber.HeaderContentEncoding, "br")
			return b
		}
	}
	if accepts("gzip") {
		if b := f.Gzip(); b != nil {
			c.Set(fiber.HeaderContentEncoding, "gzip")
			return b
		}
	}
	return f.Raw
}
