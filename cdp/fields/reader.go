package fields

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Fault is one member that could not be read.
type Fault struct {
	Path    Path
	Code    string // PostHog's code
	Message string // PostHog's sentence
}

// Optional is a member that may be absent, null, or there.
type Optional[T any] struct {
	Set   bool // it was in the object
	Null  bool // it was there as null
	Value T
}

// Some is an Optional with a value.
func Some[T any](v T) Optional[T] { return Optional[T]{Set: true, Value: v} }

// Nothing is an Optional that was given as null.
func Nothing[T any]() Optional[T] { return Optional[T]{Set: true, Null: true} }

// Ptr gives the value, or nil when there is none.
func (o Optional[T]) Ptr() *T {
	if !o.Set || o.Null {
		return nil
	}
	v := o.Value
	return &v
}

// Rule is what a member's declaration asks beyond its type.
type Rule struct {
	Required bool
	Nullable bool
	Blank    bool   // text: may be empty after trimming
	MaxRunes int    // text: 0 is no limit
	Format   string // text: for the description only (see Shape)
	Min, Max *int64 // integers, inclusive
}

// Reader reads declared members of one object. Members are asked for in the
// order of their declaration, so Faults come out in that order too. Members
// nobody asks for are ignored.
type Reader struct {
	Path    Path // of the object; nil at the top
	Members Members
	Faults  *[]Fault

	shape *Shape // while it is described
}

// Path leads to a value inside a request: names of members and indexes of
// lists. A name may hold anything, so the parts are kept apart until an answer
// is written.
type Path []string

// At is the path of something inside p; p is not changed.
func (p Path) At(parts ...any) Path {
	out := make(Path, len(p), len(p)+len(parts))
	copy(out, p)
	for _, part := range parts {
		out = append(out, fmt.Sprint(part))
	}
	return out
}

// To is the path of something at the top of a request.
func To(parts ...any) Path { return Path(nil).At(parts...) }

// String joins the parts as PostHog's API does (inputs__url,
// inputs_schema__0__type).
func (p Path) String() string { return strings.Join(p, "__") }

// Is tells whether p has just these parts.
func (p Path) Is(parts ...string) bool { return slices.Equal(p, parts) }

// Within tells whether p begins with these parts.
func (p Path) Within(parts ...string) bool {
	return len(p) >= len(parts) && slices.Equal(p[:len(parts)], parts)
}

// Nested opens a JSON object as a Reader; a value that is no object is a
// fault at path__non_field_errors, null one at path, and the result false.
func Nested(raw json.RawMessage, path Path, faults *[]Fault) (*Reader, bool) {
	m, ok := MembersOf(raw)
	if ok {
		return &Reader{Path: path, Members: m, Faults: faults}, true
	}
	if KindOf(raw) == Null {
		*faults = append(*faults, Fault{path, "null", "This field may not be null."})
		return nil, false
	}
	*faults = append(*faults, Fault{path.At("non_field_errors"), "invalid_input",
		"Invalid data. Expected a dictionary, but got " + TypeName(raw) + "."})
	return nil, false
}

// Fail records a fault at a member of the object.
func (r *Reader) Fail(name, code, format string, args ...any) {
	r.FailAt(To(name), code, format, args...)
}

// FailAt records a fault somewhere inside the object.
func (r *Reader) FailAt(inside Path, code, format string, args ...any) {
	path := append(r.Path.At(), inside...)
	*r.Faults = append(*r.Faults, Fault{path, code, fmt.Sprintf(format, args...)})
}

// raw finds a member that is there and not null; it records what is wrong
// with absence and null.
func (r *Reader) raw(name string, rule Rule) (v json.RawMessage, set, null bool) {
	v, ok := r.Members.Get(name)
	switch {
	case !ok && rule.Required:
		r.Fail(name, "required", "This field is required.")
		return nil, false, false
	case !ok:
		return nil, false, false
	case KindOf(v) == Null && rule.Nullable:
		return nil, true, true
	case KindOf(v) == Null:
		r.Fail(name, "null", "This field may not be null.")
		return nil, false, false
	}
	return v, true, false
}

// read does what all declared types have in common.
func read[T any](r *Reader, name string, rule Rule, convert func(json.RawMessage) (T, *Fault)) Optional[T] {
	v, set, null := r.raw(name, rule)
	if !set || null {
		return Optional[T]{Set: set, Null: null}
	}
	out, fault := convert(v)
	if fault != nil {
		r.Fail(name, fault.Code, "%s", fault.Message)
		return Optional[T]{}
	}
	return Some(out)
}

// Text reads a declared string, trimmed of white space at both ends.
func (r *Reader) Text(name string, rule Rule) Optional[string] {
	r.declare(name, rule, textShape(rule, nil))
	return read(r, name, rule, func(v json.RawMessage) (string, *Fault) { return toText(v, rule) })
}

// Int reads a declared integer.
func (r *Reader) Int(name string, rule Rule) Optional[int] {
	r.declare(name, rule, Shape{Kind: Int, Min: rule.Min, Max: rule.Max})
	return read(r, name, rule, func(v json.RawMessage) (int, *Fault) { return ToInt(v, rule) })
}

// Bool reads a declared boolean.
func (r *Reader) Bool(name string, rule Rule) Optional[bool] {
	r.declare(name, rule, Shape{Kind: Bool})
	return read(r, name, rule, toBool)
}

// Choice reads one of the given texts.
func (r *Reader) Choice(name string, rule Rule, choices ...string) Optional[string] {
	r.declare(name, rule, textShape(rule, choices))
	return read(r, name, rule, func(v json.RawMessage) (string, *Fault) {
		text := Display(v)
		for _, c := range choices {
			if c == text {
				return c, nil
			}
		}
		return "", NotAChoice(text)
	})
}

// NotAChoice is the fault of a value outside its choices.
func NotAChoice(text string) *Fault {
	return &Fault{Code: "invalid_choice", Message: fmt.Sprintf("\"%s\" is not a valid choice.", text)}
}

// Each reads a declared list. item reads one of them: it is a member of a
// reader of its own, named by its index. Nothing is read when an item is bad.
func Each[T any](r *Reader, name string, rule Rule, item func(r *Reader, at string) T) Optional[[]T] {
	r.declareEach(name, rule, func(r *Reader) { item(r, "0") })
	list := read(r, name, rule, ToList)
	if !list.Set || list.Null {
		return Optional[[]T]{Set: list.Set, Null: list.Null}
	}
	before := len(*r.Faults)
	out := make([]T, len(list.Value))
	for i, v := range list.Value {
		at := strconv.Itoa(i)
		out[i] = item(&Reader{Path: r.Path.At(name), Members: Members{{Name: at, Value: v}}, Faults: r.Faults}, at)
	}
	if len(*r.Faults) > before {
		return Optional[[]T]{}
	}
	return Some(out)
}

func (r *Reader) declareEach(name string, rule Rule, item func(*Reader)) {
	if r.shape != nil {
		r.declare(name, rule, ListOf(Describe("", item).Members[0].Shape))
	}
}

// List reads a declared list; its items are raw.
func (r *Reader) List(name string, rule Rule) Optional[[]json.RawMessage] {
	r.declare(name, rule, Shape{Kind: List})
	return read(r, name, rule, ToList)
}

// Dicts reads a declared list whose items must be objects; they stay raw.
func (r *Reader) Dicts(name string, rule Rule) Optional[[]json.RawMessage] {
	r.declare(name, rule, ListOf(Shape{Kind: Object}))
	list := read(r, name, rule, ToList)
	for i, item := range list.Value {
		if fault := dictFault(item); fault != nil {
			r.FailAt(To(name, i), fault.Code, "%s", fault.Message)
			return Optional[[]json.RawMessage]{}
		}
	}
	return list
}

// Dict reads a declared map; its members are raw.
func (r *Reader) Dict(name string, rule Rule) Optional[json.RawMessage] {
	r.declare(name, rule, Shape{Kind: Object})
	return read(r, name, rule, func(v json.RawMessage) (json.RawMessage, *Fault) { return v, dictFault(v) })
}

// Any reads a member as it is, null included. When somebody else will look
// into it, shape tells what they ask for.
func (r *Reader) Any(name string, shape ...func() Shape) Optional[json.RawMessage] {
	if r.shape != nil {
		var s Shape
		for _, one := range shape {
			s = one()
		}
		r.declare(name, Rule{}, s)
	}
	v, ok := r.Members.Get(name)
	return Optional[json.RawMessage]{Set: ok, Value: v}
}

// Nested reads a member that is an object with declared members, as shape
// tells; they are for another reader.
func (r *Reader) Nested(name string, rule Rule, shape func() Shape) Members {
	if r.shape != nil {
		r.declare(name, rule, shape())
	}
	v, set, null := r.raw(name, rule)
	if !set || null {
		return nil
	}
	inner, ok := Nested(v, r.Path.At(name), r.Faults)
	if !ok {
		return nil
	}
	return inner.Members
}

func dictFault(v json.RawMessage) *Fault {
	switch KindOf(v) {
	case Object:
		return nil
	case Null:
		return &Fault{Code: "null", Message: "This field may not be null."}
	}
	return &Fault{Code: "not_a_dict", Message: "Expected a dictionary of items but got type \"" + TypeName(v) + "\"."}
}

// ToList reads a list.
func ToList(v json.RawMessage) ([]json.RawMessage, *Fault) {
	items, ok := Items(v)
	if !ok {
		return nil, &Fault{Code: "not_a_list", Message: "Expected a list of items but got type \"" + TypeName(v) + "\"."}
	}
	return items, nil
}

func toText(v json.RawMessage, rule Rule) (string, *Fault) {
	switch KindOf(v) {
	case String, Int, Float:
	default:
		return "", &Fault{Code: "invalid_input", Message: "Not a valid string."}
	}
	return CheckText(Display(v), rule)
}

// CheckText trims text and holds it against its declaration.
func CheckText(s string, rule Rule) (string, *Fault) {
	s = strings.TrimSpace(s)
	switch {
	case s == "" && !rule.Blank:
		return "", &Fault{Code: "blank", Message: "This field may not be blank."}
	case strings.ContainsRune(s, 0):
		return "", &Fault{Code: "null_characters_not_allowed", Message: "Null characters are not allowed."}
	case rule.MaxRunes > 0 && utf8.RuneCountInString(s) > rule.MaxRunes:
		return "", &Fault{Code: "max_length", Message: fmt.Sprintf("Ensure this field has no more than %d characters.", rule.MaxRunes)}
	}
	return s, nil
}

// ToInt reads an integer: 3, "3", 3.0 and "3.0" are the same.
func ToInt(v json.RawMessage, rule Rule) (int, *Fault) {
	bad := &Fault{Code: "invalid_input", Message: "A valid integer is required."}
	var text string
	switch KindOf(v) {
	case Int, Float, String:
		text = strings.TrimSpace(Display(v))
	default:
		return 0, bad
	}
	if whole, zeros, ok := strings.Cut(text, "."); ok && strings.Trim(zeros, "0") == "" {
		text = whole
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(text, 64)
		if ferr != nil || f != math.Trunc(f) || !isRange(err) {
			return 0, bad
		}
		n = math.MaxInt64
		if f < 0 {
			n = math.MinInt64
		}
	}
	return CheckInt(n, rule)
}

func isRange(err error) bool {
	ne, ok := err.(*strconv.NumError)
	return ok && ne.Err == strconv.ErrRange
}

// CheckInt holds an integer against its bounds.
func CheckInt(n int64, rule Rule) (int, *Fault) {
	if rule.Min != nil && n < *rule.Min {
		return 0, &Fault{Code: "min_value", Message: fmt.Sprintf("Ensure this value is greater than or equal to %d.", *rule.Min)}
	}
	if rule.Max != nil && n > *rule.Max {
		return 0, &Fault{Code: "max_value", Message: fmt.Sprintf("Ensure this value is less than or equal to %d.", *rule.Max)}
	}
	return int(n), nil
}

// Between gives the bounds of an integer rule.
func Between(low, high int64) Rule { return Rule{Min: &low, Max: &high} }

func toBool(v json.RawMessage) (bool, *Fault) {
	switch strings.ToLower(Display(v)) {
	case "true", "t", "yes", "y", "on", "1", "1.0":
		return true, nil
	case "false", "f", "no", "n", "off", "0", "0.0":
		return false, nil
	}
	return false, &Fault{Code: "invalid_input", Message: "Must be a valid boolean."}
}

// Display gives a value as text for messages and for declared strings: the
// text of a string, a number's decimal text, True, False, None, and the JSON
// of lists and objects.
func Display(v json.RawMessage) string {
	switch KindOf(v) {
	case String:
		s, _ := TextOf(v)
		return s
	case Bool:
		if Truthy(v) {
			return "True"
		}
		return "False"
	case Float:
		return floatText(strings.TrimSpace(string(v)))
	case Null, Invalid:
		return "None"
	}
	return strings.TrimSpace(string(v))
}

// floatText spells a float as PostHog's implementation language does: at
// least one digit after the point, an exponent from 1e16 on and below 1e-4.
func floatText(raw string) string {
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return raw
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
