package fields

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Kind is what a JSON value is. Integers and floats differ in how they are
// spelled: 3 and 3.0.
type Kind uint8

// The kinds of JSON value.
const (
	Invalid Kind = iota
	Null
	Bool
	Int
	Float
	String
	List
	Object
)

// KindOf tells what a JSON value is; Invalid for text that begins no value.
func KindOf(raw json.RawMessage) Kind {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return Invalid
	}
	switch c := raw[0]; {
	case c == 'n':
		return Null
	case c == 't' || c == 'f':
		return Bool
	case c == '"':
		return String
	case c == '[':
		return List
	case c == '{':
		return Object
	case c == '-' || c >= '0' && c <= '9':
		if bytes.ContainsAny(raw, ".eE") {
			return Float
		}
		return Int
	}
	return Invalid
}

// TypeName names a value's type in the words of PostHog's messages, which are
// those of its implementation language.
func TypeName(raw json.RawMessage) string {
	switch KindOf(raw) {
	case Bool:
		return "bool"
	case Int:
		return "int"
	case Float:
		return "float"
	case String:
		return "str"
	case List:
		return "list"
	case Object:
		return "dict"
	}
	return "NoneType"
}

// Truthy reports whether a value counts as given: everything but absence,
// null, false, zero, and empty text, lists and objects.
func Truthy(raw json.RawMessage) bool {
	switch KindOf(raw) {
	case Bool:
		return bytes.TrimSpace(raw)[0] == 't'
	case Int, Float:
		f, err := strconv.ParseFloat(string(bytes.TrimSpace(raw)), 64)
		return err != nil || f != 0
	case String:
		return string(bytes.TrimSpace(raw)) != `""`
	case List:
		items, ok := Items(raw)
		return !ok || len(items) > 0
	case Object:
		m, ok := MembersOf(raw)
		return !ok || len(m) > 0
	}
	return false
}

// Member is one member of a JSON object.
type Member struct {
	Name  string
	Value json.RawMessage
}

// Members are an object's members in order; names are distinct.
type Members []Member

// Get finds a member; nil, false when there is none.
func (m Members) Get(name string) (json.RawMessage, bool) {
	for i := range m {
		if m[i].Name == name {
			return m[i].Value, true
		}
	}
	return nil, false
}

// With gives m with the member laid over that of its name, or added.
func (m Members) With(one Member) Members {
	out := append(Members(nil), m...)
	for i := range out {
		if out[i].Name == one.Name {
			out[i].Value = one.Value
			return out
		}
	}
	return append(out, one)
}

// MembersOf splits an object; false when raw is not a valid JSON object.
func MembersOf(raw json.RawMessage) (Members, bool) {
	if KindOf(raw) != Object {
		return nil, false
	}
	d := decoder(raw)
	if _, err := d.ReadToken(); err != nil {
		return nil, false
	}
	var b builder
	for d.PeekKind() == '"' {
		t, err := d.ReadToken()
		if err != nil {
			return nil, false
		}
		name := t.String()
		v, err := d.ReadValue()
		if err != nil {
			return nil, false
		}
		b.put(name, json.RawMessage(v.Clone()))
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, false
	}
	return b.members, true
}

// builder collects members. Large objects get an index, so that reading one
// stays linear.
type builder struct {
	members Members
	place   map[string]int // nil while the object is small
}

func (b *builder) put(name string, v json.RawMessage) {
	if i := b.find(name); i >= 0 {
		b.members[i].Value = v
		return
	}
	b.members = append(b.members, Member{Name: name, Value: v})
	const small = 16
	switch {
	case b.place != nil:
		b.place[name] = len(b.members) - 1
	case len(b.members) == small:
		b.place = make(map[string]int, 2*small)
		for i := range b.members {
			b.place[b.members[i].Name] = i
		}
	}
}

func (b *builder) find(name string) int {
	if b.place != nil {
		if i, ok := b.place[name]; ok {
			return i
		}
		return -1
	}
	return slices.IndexFunc(b.members, func(m Member) bool { return m.Name == name })
}

// Items splits a list; false when raw is not a valid JSON array.
func Items(raw json.RawMessage) ([]json.RawMessage, bool) {
	if KindOf(raw) != List {
		return nil, false
	}
	d := decoder(raw)
	if _, err := d.ReadToken(); err != nil {
		return nil, false
	}
	items := []json.RawMessage{}
	for d.PeekKind() != ']' {
		v, err := d.ReadValue()
		if err != nil {
			return nil, false
		}
		items = append(items, json.RawMessage(v.Clone()))
	}
	return items, true
}

func decoder(raw json.RawMessage) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// Parse checks that body is one JSON value in UTF-8 and gives it back compact:
// without the white space between tokens, else as written. The error tells
// what is wrong and where.
func Parse(body []byte) (json.RawMessage, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("the text is not UTF-8")
	}
	v := jsontext.Value(bytes.Clone(body))
	if err := v.Compact(jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, err
	}
	return json.RawMessage(v), nil
}

// TextOf gives the text of a JSON string; false for every other value.
func TextOf(raw json.RawMessage) (string, bool) {
	if KindOf(raw) != String {
		return "", false
	}
	b, err := jsontext.AppendUnquote(nil, bytes.TrimSpace(raw))
	if err != nil {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return "", false
		}
		return s, true
	}
	return string(b), true
}

// Quote gives text as a JSON string; non-ASCII and HTML characters stay as
// they are, and bytes that are no UTF-8 become U+FFFD.
func Quote(s string) json.RawMessage {
	b, err := jsontext.AppendQuote(nil, strings.ToValidUTF8(s, "\uFFFD"))
	if err != nil {
		return json.RawMessage(strconv.QuoteToASCII(s))
	}
	return json.RawMessage(b)
}

// Build writes an object with the given members in their order.
func Build(members Members) json.RawMessage {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(Quote(m.Name))
		b.WriteByte(':')
		if m.Value == nil {
			b.WriteString("null")
		} else {
			b.Write(m.Value)
		}
	}
	b.WriteByte('}')
	return b.Bytes()
}

// BuildList writes a list of the given values.
func BuildList(items []json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	b.WriteByte('[')
	for i, v := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		if v == nil {
			b.WriteString("null")
		} else {
			b.Write(v)
		}
	}
	b.WriteByte(']')
	return b.Bytes()
}
