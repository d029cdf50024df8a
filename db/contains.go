package db

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"hogpen/cdp"
)

// containment is a group of filters to look for, parsed once.
type containment struct{ want any }

// containments parses filter groups; empty ones (null, {}, [], "", false, 0)
// are left out. A group that is not JSON is Invalid.
func containments(groups []json.RawMessage) ([]containment, error) {
	var out []containment
	for _, g := range groups {
		v, err := parseJSON(g)
		if err != nil {
			return nil, cdp.Errorf(cdp.Invalid, "filter_groups", "Invalid filter_groups")
		}
		if !falsy(v) {
			out = append(out, containment{v})
		}
	}
	return out, nil
}

// parseJSON reads one JSON value; numbers keep their text, so that large ones
// are compared exactly.
func parseJSON(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("parse JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("parse JSON: more than one value")
	}
	return v, nil
}

func falsy(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case json.Number:
		n, ok := number(v)
		return ok && n == 0
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// number is a number's value; ok is false for one beyond range.
func number(n json.Number) (value float64, ok bool) {
	f, err := n.Float64()
	return f, err == nil
}

// sameNumber reports whether two numbers are equal. Those that are written
// without point and exponent, and those beyond range, are so only when spelled
// alike.
func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	x, okX := number(a)
	y, okY := number(b)
	return okX && okY && x == y && !isInteger(a, b)
}

// contains reports whether have contains want: of an object every key, its
// value contained; of an array every element contained in some element;
// anything else equal, with no conversion between types (REST API
// specification 8.1).
func contains(have, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		have, ok := have.(map[string]any)
		return ok && containsObject(have, want)
	case []any:
		have, ok := have.([]any)
		return ok && containsArray(have, want)
	case json.Number:
		have, ok := have.(json.Number)
		return ok && sameNumber(have, want)
	default:
		return have == want
	}
}

// isInteger reports whether both are written without point or exponent.
func isInteger(a, b json.Number) bool {
	_, errA := a.Int64()
	_, errB := b.Int64()
	return errA == nil && errB == nil
}

func containsObject(have, want map[string]any) bool {
	for k, w := range want {
		if h, ok := have[k]; !ok || !contains(h, w) {
			return false
		}
	}
	return true
}

func containsArray(have, want []any) bool {
	for _, w := range want {
		found := false
		for _, h := range have {
			if found = contains(h, w); found {
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}
