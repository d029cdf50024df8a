package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"hogpen/cdp"
)

// BenchmarkList asks for pages of a project with many functions.
func BenchmarkList(b *testing.B) {
	const many = 2000
	h := setup(b)
	for i := range many {
		_, err := h.fns.Create(b.Context(), h.owner.ID, h.project.ID, cdp.FunctionChange{
			TemplateID: "template-webhook", Name: cdp.Some(fmt.Sprintf("Hook %d", i)), Inputs: []byte(`{"url":{"value":"https://example.com"}}`),
		})
		h.must(err)
	}
	for _, path := range []string{"hog_functions/", "hog_functions/?limit=300", "hog_functions/?search=Hook+77", "hog_functions/?limit=100&full=true"} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				if r := h.call("GET", path, ""); r.status != http.StatusOK {
					b.Fatal(r.status)
				}
			}
		})
	}
}
