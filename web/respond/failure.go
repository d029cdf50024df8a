package respond

import (
	"fmt"
	"html"

	"github.com/gofiber/fiber/v2"
)

// Failure is what people are told when a page could not be shown.
type Failure struct {
	Status int
	Text   string // one sentence: what happened, and what to do
	// RequestID leads to the cause in the server's log.
	RequestID string
}

// Bare answers with an error page that needs nothing which might be broken.
func Bare(c *fiber.Ctx, f Failure) error {
	begin(c)
	c.Response().SetBodyString(fmt.Sprintf("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"+
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>%d - Hogpen</title></head>"+
		"<body><main><h1>%s</h1><p><a href=\"/\">Go to the start page</a></p><p>Request %s</p></main></body></html>\n",
		f.Status, html.EscapeString(f.Text), html.EscapeString(f.RequestID)))
	return nil
}
