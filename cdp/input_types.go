package cdp

import (
	"encoding/json"
	"strconv"
	"strings"

	"hogpen/cdp/fields"
)

// checkInputType holds a truthy value against its input's type and gives what
// is wrong in PostHog's words, or "" (REST API specification 5.3).
func checkInputType(s InputSchema, given givenInput) string {
	kind := fields.KindOf(given.value)
	switch s.Type {
	case "string":
		if kind != fields.String {
			return "Value must be a string."
		}
	case "number":
		if kind != fields.Int && kind != fields.Float {
			return "Value must be a number."
		}
	case "boolean":
		return checkBooleanInput(s, given, kind)
	case "dictionary":
		if kind != fields.Object {
			return "Value must be a dictionary."
		}
	case "integration":
		if kind != fields.Int {
			return "Value must be an Integration ID."
		}
	case "integration_multi":
		return checkIntegrations(given.value)
	case "email", "native_email":
		return checkEmail(given.value)
	case "non_failure_status_codes":
		return checkStatusCodes(given.value)
	}
	return ""
}

// checkBooleanInput takes a boolean, or a Hog template that yields one.
func checkBooleanInput(s InputSchema, given givenInput, kind fields.Kind) string {
	switch {
	case kind == fields.Bool:
		return ""
	case s.Mode() == TemplatingOff:
		return "Value must be a boolean."
	case kind != fields.String:
		return "Value must be a boolean or a template string."
	case given.templating == string(TemplatingLiquid):
		return "Liquid templating is not supported for boolean fields. Use Hog templating instead."
	}
	return ""
}

func checkIntegrations(value json.RawMessage) string {
	items, ok := fields.Items(value)
	for _, item := range items {
		ok = ok && fields.KindOf(item) == fields.Int
	}
	if !ok {
		return "Value must be a list of Integration IDs."
	}
	return ""
}

func checkEmail(value json.RawMessage) string {
	members, ok := fields.MembersOf(value)
	if !ok {
		return "Value must be an email object."
	}
	has := func(name string) bool {
		v, ok := members.Get(name)
		return ok && fields.Truthy(v)
	}
	var missing []string
	for _, name := range []string{"from", "to", "subject"} {
		if !has(name) {
			missing = append(missing, "'"+name+"'")
		}
	}
	if !has("text") && !has("html") {
		missing = append(missing, "either 'text' or 'html'")
	}
	switch len(missing) {
	case 0:
		return ""
	case 1:
		return "Missing value for " + missing[0] + "."
	}
	return "Missing values for " + strings.Join(missing, ", ") + "."
}

func checkStatusCodes(value json.RawMessage) string {
	items, ok := fields.Items(value)
	if !ok {
		return "Value must be a list of status codes."
	}
	for _, item := range items {
		switch fields.KindOf(item) {
		case fields.Int:
			if n, err := strconv.Atoi(string(item)); err != nil || n < 400 || n > 599 {
				return "Status code numbers must be between 400 and 599."
			}
		case fields.String:
			if s, _ := fields.TextOf(item); s != "4xx" && s != "5xx" {
				return "Wildcards must be '4xx' or '5xx'."
			}
		default:
			return "Value must be a list of status codes."
		}
	}
	return ""
}
