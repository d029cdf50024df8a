package templates

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"hogpen/cdp"
)

//go:embed template-*/template.json template-*/template.hog template-*/template.ts template-*/docs.md template-*/icon.svg
var files embed.FS

// IconPrefix is the path under which icons are served: IconPrefix + id + ".svg".
const IconPrefix = "/api/hog_function_icons/"

// All lists the gallery by name. The templates are shared: read them only.
func All() []*cdp.Template { return gallery().list }

// Get finds a template by its id, listed or not; false when there is none. It
// is a cdp.TemplateSource.
func Get(id string) (*cdp.Template, bool) {
	t, ok := gallery().byID[id]
	return t, ok
}

// Icon gives a template's icon as SVG; false when there is none.
func Icon(id string) ([]byte, bool) {
	if _, ok := Get(id); !ok {
		return nil, false
	}
	b, err := files.ReadFile(id + "/icon.svg")
	return b, err == nil
}

// Gallery is All, Get and Icon as a value, for those who take an interface.
type Gallery struct{}

// All is the function All.
func (Gallery) All() []*cdp.Template { return All() }

// Get is the function Get.
func (Gallery) Get(id string) (*cdp.Template, bool) { return Get(id) }

// Icon is the function Icon.
func (Gallery) Icon(id string) ([]byte, bool) { return Icon(id) }

// set is the gallery, read.
type set struct {
	list []*cdp.Template
	byID map[string]*cdp.Template
}

// gallery reads the folders once. They are part of the program, so a fault in
// them is a fault of the build, and the tests find it.
var gallery = sync.OnceValue(func() set {
	s := set{byID: map[string]*cdp.Template{}}
	folders, err := fs.Glob(files, "template-*")
	if err != nil {
		panic(err)
	}
	for _, id := range folders {
		t, err := read(id)
		if err != nil {
			panic(err)
		}
		s.list = append(s.list, t)
		s.byID[id] = t
	}
	slices.SortFunc(s.list, func(a, b *cdp.Template) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return s
})

// read reads one folder.
func read(id string) (*cdp.Template, error) {
	var parts [3][]byte
	for i, name := range []string{"template.json", "template.hog", "docs.md"} {
		b, err := files.ReadFile(id + "/" + name)
		if i == 1 && errors.Is(err, fs.ErrNotExist) {
			b, err = files.ReadFile(id + "/template.ts") // what runs in a site
		}
		if err != nil {
			return nil, fmt.Errorf("read template %s: %w", id, err)
		}
		parts[i] = b
	}
	icon := IconPrefix + id + ".svg"
	t := &cdp.Template{ID: id, IconURL: &icon}
	if err := json.Unmarshal(parts[0], t); err != nil {
		return nil, fmt.Errorf("read template %s: %w", id, err)
	}
	t.Code = strings.TrimSpace(string(parts[1]))
	t.Docs = string(parts[2])
	return t, nil
}
