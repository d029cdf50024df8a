package api

import (
	"mime"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/cdp/fields"
)

// body reads a request's body as the members of one object: JSON, or flat
// fields of a form. An empty body is an empty object (REST API specification
// 1.2).
func body(c *fiber.Ctx) (fields.Members, error) {
	raw := c.Request().Body()
	if len(raw) == 0 {
		return nil, nil
	}
	kind, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType, fiber.MIMEApplicationJSON))
	switch {
	case err != nil:
		return nil, unsupported(c)
	case kind == fiber.MIMEApplicationForm:
		return formMembers(string(raw))
	case kind != fiber.MIMEApplicationJSON && !strings.HasSuffix(kind, "+json"):
		return nil, unsupported(c)
	}
	return jsonMembers(raw)
}

// reader reads the declared members of a body.
func reader(members fields.Members) *fields.Reader {
	return &fields.Reader{Members: members, Faults: new([]fields.Fault)}
}

func unsupported(c *fiber.Ctx) error {
	return cdp.Errorf(cdp.Invalid, "", "Unsupported media type \"%s\" in request.", c.Get(fiber.HeaderContentType)).
		WithAPICode("unsupported_media_type")
}

// jsonMembers reads the members of a JSON object.
func jsonMembers(raw []byte) (fields.Members, error) {
	value, err := fields.Parse(raw)
	if err != nil {
		return nil, cdp.Errorf(cdp.Invalid, "", "JSON parse error - %s", strings.TrimPrefix(err.Error(), "jsontext: ")).WithAPICode("parse_error")
	}
	members, ok := fields.MembersOf(value)
	if !ok {
		return nil, cdp.Errorf(cdp.Invalid, "", "Invalid data. Expected a dictionary, but got %s.", fields.TypeName(value)).
			WithAPICode("invalid_input")
	}
	return members, nil
}

// formMembers reads the fields of a form as texts.
func formMembers(raw string) (fields.Members, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, cdp.Errorf(cdp.Invalid, "", "The form cannot be read.").WithAPICode("parse_error")
	}
	var members fields.Members
	for name := range values {
		members = append(members, fields.Member{Name: name, Value: fields.Quote(values.Get(name))})
	}
	return members, nil
}

// invalid is what PostHog says of a bad field or parameter.
func invalid(field, format string, args ...any) *cdp.Error {
	return cdp.Errorf(cdp.Invalid, field, format, args...).WithAPICode("invalid_input")
}

// notFound is the answer for whatever is not there.
func notFound() error { return cdp.Errorf(cdp.NotFound, "", "Not found.") }
