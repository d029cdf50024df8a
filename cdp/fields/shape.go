package fields

// Shape says what a value must look like to be read. Shapes are not written
// down: they are what readers ask for (see Describe).
type Shape struct {
	Kind     Kind     // Invalid is anything
	Name     string   // of an object that stands in several places
	Format   string   // of a text, in OpenAPI's words: uuid, date-time
	Choices  []string // of a text: one of these
	Nullable bool
	MinRunes int
	MaxRunes int // 0 is no limit
	Min, Max *int64
	Of       *Shape     // items of a list; nil is anything
	Members  []Declared // of an object; without any they are all like Of
	Or       []Shape    // it may look like one of these instead
}

// Declared is a member of an object.
type Declared struct {
	Name     string
	Required bool
	Shape    Shape
}

// Describe tells what read asks an object for: it is run once on a reader
// without members. read must ask for all members, whatever it finds.
func Describe(name string, read func(*Reader)) Shape {
	s := Shape{Kind: Object, Name: name}
	read(&Reader{Faults: new([]Fault), shape: &s})
	return s
}

// ListOf is the shape of a list.
func ListOf(item Shape) Shape { return Shape{Kind: List, Of: &item} }

// MapOf is the shape of an object whose members are all alike.
func MapOf(value Shape) Shape { return Shape{Kind: Object, Of: &value} }

// OneOf is the shape of a text among a few.
func OneOf(choices ...string) Shape { return Shape{Kind: String, Choices: choices} }

// OrNull is s, or null.
func (s Shape) OrNull() Shape {
	s.Nullable = true
	return s
}

// declare notes what is asked for while a shape is described; s says how the
// value looks.
func (r *Reader) declare(name string, rule Rule, s Shape) {
	if r.shape == nil {
		return
	}
	s.Nullable = s.Nullable || rule.Nullable
	r.shape.Members = append(r.shape.Members, Declared{Name: name, Required: rule.Required, Shape: s})
}

func textShape(rule Rule, choices []string) Shape {
	s := Shape{Kind: String, Format: rule.Format, MaxRunes: rule.MaxRunes, Choices: choices}
	if !rule.Blank && choices == nil {
		s.MinRunes = 1
	}
	return s
}
