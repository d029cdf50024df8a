package layout

import (
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"

	"hogpen/views/ui"
)

func themeOr(theme string) string {
	switch theme {
	case "light", "dark":
		return theme
	}
	return "auto"
}

func keyed(key string) templ.Attributer {
	if key == "" {
		return ui.Attrs{}
	}
	return ui.Attrs{"data-hp-key": key}
}

// current marks the item that leads to this page.
func current(yes bool) templ.Attributer {
	if yes {
		return ui.Attrs{"aria-current": "page"}
	}
	return ui.Attrs{}
}

func pressed(yes bool) string {
	if yes {
		return "true"
	}
	return "false"
}

// initials are the first letters of the first and the last name.
func initials(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return "?"
	}
	first, _ := utf8.DecodeRuneInString(words[0])
	out := string(first)
	if len(words) > 1 {
		last, _ := utf8.DecodeRuneInString(words[len(words)-1])
		out += string(last)
	}
	return strings.ToUpper(out)
}

// parent is where the phone's back arrow leads: the last crumb with an address,
// unless it is the first, which is the project.
func parent(path []Crumb) string {
	for i := len(path) - 1; i > 0; i-- {
		if path[i].Href != "" {
			return path[i].Href
		}
	}
	return ""
}

// inMore reports whether the current page is one that a phone shows under More.
func inMore(nav []NavGroup) bool {
	for _, group := range nav {
		for _, item := range group {
			if item.Current && !item.Phone {
				return true
			}
		}
	}
	return false
}

type shortcut struct{ Keys, Does string }

// keys lists what shortcuts.js and toast.js do, then the navigation's own.
func keys(nav []NavGroup) []shortcut {
	out := []shortcut{
		{"/", "Search on this page"},
		{"j", "Next row"},
		{"k", "Previous row"},
		{"n", "New, where the page offers it"},
		{"F6", "Next region of the page"},
		{"Ctrl Z", "Undo the last change"},
		{"?", "This list"},
	}
	for _, group := range nav {
		for _, item := range group {
			if item.Key != "" {
				out = append(out, shortcut{item.Key, item.Label})
			}
		}
	}
	return out
}
