package printer

import (
	"strings"

	"hogpen/hog/parser"
)

// name writes a name that stands on its own, in backticks where it would not
// read as one.
func name(s string) string {
	if !parser.IsPlainName(s) || parser.IsReserved(s) || steers(s) || isBool(s) {
		return quote(s)
	}
	return s
}

func isBool(s string) bool { return strings.EqualFold(s, "true") || strings.EqualFold(s, "false") }

// part writes a name behind a dot, where only reserved words are no names.
func part(s string) string {
	if s != "*" && (!parser.IsPlainName(s) || parser.IsReserved(s)) {
		return quote(s)
	}
	return s
}

// paramName writes a parameter; the dotted parameter a.b is one name.
func paramName(s string) string {
	parts := strings.Split(s, ".")
	for _, part := range parts {
		if !parser.IsPlainName(part) {
			return name(s)
		}
	}
	for i, part := range parts {
		parts[i] = name(part)
	}
	return strings.Join(parts, ".")
}

// steers reports whether a word can be misread where a variable or function is
// named.
func steers(s string) bool {
	switch strings.ToLower(s) {
	case "if", "else", "for", "return", "not", "and", "or", "is", "in", "like", "ilike", "between",
		"case", "interval", "lambda", "select", "with", "as", "cohort", "ignore", "distinct", "columns":
		return true
	}
	return false
}

// callName writes the name of a call with argc arguments.
func callName(s string, argc int) string {
	switch s {
	case "not", "and", "or", "interval":
		return s
	case "if":
		if argc >= 2 {
			return s
		}
	case "true", "false":
		return s
	}
	return name(s)
}

// caseWord reports whether a word has a meaning inside case … end.
func caseWord(s string) bool {
	switch strings.ToLower(s) {
	case "when", "then", "else", "end":
		return true
	}
	return false
}

// quote writes a name in backticks.
func quote(s string) string {
	return "`" + escape(strings.ReplaceAll(s, "`", "``")) + "`"
}

// escape writes what must not stand bare inside quotes of any kind. A line
// break may, but is easier to see when it does not.
func escape(s string) string {
	if !strings.ContainsAny(s, "\\\b\f\r\n\t\a\v") {
		return s
	}
	return strings.NewReplacer(
		"\\", `\\`, "\b", `\b`, "\f", `\f`, "\r", `\r`, "\n", `\n`, "\t", `\t`, "\a", `\a`, "\v", `\v`,
	).Replace(s)
}

// quoteString writes a string literal.
func quoteString(s string) string {
	return "'" + strings.ReplaceAll(escape(s), "'", `\'`) + "'"
}
