package pages

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// slug makes a name fit for an id: "Customer Success" is "customer-success".
func slug(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return '-'
	}, name), "-")
}

// letters are the two that stand for a name without a picture.
func letters(name string) string {
	out := ""
	for _, word := range strings.Fields(name) {
		if len(out) >= 2 {
			break
		}
		r, _ := utf8.DecodeRuneInString(word)
		out += string(unicode.ToUpper(r))
	}
	return out
}
