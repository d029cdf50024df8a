package cdp

import "encoding/json"

// Template is an entry of the gallery: a function to start from. Members are
// those of PostHog's template object, in its order.
type Template struct {
	ID               string          `json:"id"`
	Name             string          `json:"name"`
	Description      string          `json:"description"`
	Code             string          `json:"code"` // trimmed
	CodeLanguage     string          `json:"code_language"`
	InputsSchema     []InputSchema   `json:"inputs_schema"`
	Type             Type            `json:"type"`
	Status           string          `json:"status"` // alpha, beta, stable, deprecated, hidden
	Category         []string        `json:"category"`
	Free             bool            `json:"free"`
	IconURL          *string         `json:"icon_url"`
	Filters          json.RawMessage `json:"filters"`
	Masking          json.RawMessage `json:"masking"`
	MappingTemplates json.RawMessage `json:"mapping_templates"`

	// Docs is the template's documentation in Markdown; not in the API.
	Docs string `json:"-"`
}
