package web

import (
	"strings"

	"github.com/gofiber/fiber/v2"
)

// Asset is an embedded file, packed at start; Br and Gz may be empty.
type Asset struct {
	Raw, Br, Gz []byte
	Type        string // Content-Type
}

// Assets finds an asset by its name, which carries a hash of its content.
type Assets func(name string) (Asset, bool)

// asset serves an embedded file. Its name changes with its content, so a
// browser may keep it for ever.
func (s *Server) asset(c *fiber.Ctx) error {
	if s.c.Assets == nil {
		return fiber.ErrNotFound
	}
	name := strings.Clone(c.Params("*"))
	a, ok := s.c.Assets(name)
	if !ok {
		return fiber.ErrNotFound
	}
	tag := `"` + name + `"`
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	c.Set(fiber.HeaderETag, tag)
	c.Set("X-Content-Type-Options", "nosniff")
	c.Vary(fiber.HeaderAcceptEncoding)
	if have := c.Get(fiber.HeaderIfNoneMatch); have == tag || have == "W/"+tag {
		return c.SendStatus(fiber.StatusNotModified)
	}
	body := a.Raw
	accepts := c.Request().Header.HasAcceptEncoding
	switch {
	case len(a.Br) > 0 && accepts("br"):
		body = a.Br
		c.Set(fiber.HeaderContentEncoding, "br")
	case len(a.Gz) > 0 && accepts("gzip"):
		body = a.Gz
		c.Set(fiber.HeaderContentEncoding, "gzip")
	}
	c.Set(fiber.HeaderContentType, a.Type)
	c.Response().SetBodyRaw(body)
	return nil
}
