package bytecode

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The limits of Decode. A program of a person is a thousand times smaller.
const (
	MaxBytes    = 16 << 20
	MaxElements = 1 << 20
)

// ErrHeader is what any interpreter says of an array that is no program.
//
//lint:ignore ST1005 the text is PostHog's
var ErrHeader = errors.New("Invalid HogQL bytecode, must start with '_H'")

// UnmarshalJSON reads the form that MarshalJSON writes, see Decode.
func (p *Program) UnmarshalJSON(data []byte) error {
	q, err := Decode(data)
	if err != nil {
		return err
	}
	*p = *q
	return nil
}

// Decode reads a program from a JSON array: "_H" and a version, or "_h", then
// integers, floats, strings, booleans and nulls. Infinity and NaN are read as
// Python writes them. Nothing nested is accepted, nor more than MaxBytes or
// MaxElements. That jumps and operands make sense is not checked here: an
// interpreter must report those at the place where they are executed.
func Decode(data []byte) (*Program, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("decode bytecode: %d bytes are more than the %d allowed", len(data), MaxBytes)
	}
	d := decoder{data: data}
	elems, err := d.array()
	if err != nil {
		return nil, fmt.Errorf("decode bytecode: offset %d: %w", d.pos, err)
	}
	return fromElems(elems)
}

func fromElems(elems []Elem) (*Program, error) {
	if len(elems) == 0 || elems[0].Kind != KindString {
		return nil, ErrHeader
	}
	switch elems[0].Str {
	case "_h":
		return &Program{Version: 0, Code: elems[1:]}, nil
	case "_H":
		if len(elems) < 2 || elems[1].Kind != KindInt || elems[1].Int < 0 || elems[1].Int > math.MaxInt32 {
			return nil, fmt.Errorf("decode bytecode: the header lacks its version")
		}
		return &Program{Version: int(elems[1].Int), Code: elems[2:]}, nil
	}
	return nil, ErrHeader
}

// decoder walks over the text of a flat JSON array.
type decoder struct {
	data []byte
	pos  int
}

func (d *decoder) blank() {
	for d.pos < len(d.data) {
		switch d.data[d.pos] {
		case ' ', '\t', '\r', '\n':
			d.pos++
		default:
			return
		}
	}
}

func (d *decoder) take(c byte) bool {
	d.blank()
	if d.pos < len(d.data) && d.data[d.pos] == c {
		d.pos++
		return true
	}
	return false
}

func (d *decoder) array() ([]Elem, error) {
	if !d.take('[') {
		return nil, errors.New("bytecode is a JSON array")
	}
	elems := make([]Elem, 0, min(len(d.data)/3+1, MaxElements))
	for first := true; !d.take(']'); first = false {
		if !first && !d.take(',') {
			return nil, errors.New("expected , or ]")
		}
		if len(elems) == MaxElements {
			return nil, fmt.Errorf("more than %d elements", MaxElements)
		}
		e, err := d.elem()
		if err != nil {
			return nil, err
		}
		elems = append(elems, e)
	}
	d.blank()
	if d.pos != len(d.data) {
		return nil, errors.New("something follows the array")
	}
	return elems, nil
}

func (d *decoder) elem() (Elem, error) {
	d.blank()
	if d.pos == len(d.data) {
		return Elem{}, errors.New("the array is never closed")
	}
	switch c := d.data[d.pos]; {
	case c == '"':
		s, err := d.str()
		return StringElem(s), err
	case c == '-' || c >= '0' && c <= '9':
		return d.number()
	case c == '[' || c == '{':
		return Elem{}, errors.New("a program holds nothing nested")
	}
	return d.word()
}

func (d *decoder) word() (Elem, error) {
	start := d.pos
	for d.pos < len(d.data) && (d.data[d.pos]|0x20 >= 'a' && d.data[d.pos]|0x20 <= 'z') {
		d.pos++
	}
	switch word := string(d.data[start:d.pos]); word {
	case "true":
		return BoolElem(true), nil
	case "false":
		return BoolElem(false), nil
	case "null":
		return Elem{Kind: KindNull}, nil
	case "NaN":
		return FloatElem(math.NaN()), nil
	case "Infinity":
		return FloatElem(math.Inf(1)), nil
	}
	return Elem{}, errors.New("expected a number, a string, true, false or null")
}

// number reads an integer when there is neither a point nor an exponent.
func (d *decoder) number() (Elem, error) {
	start := d.pos
	if rest := string(d.data[start:min(start+9, len(d.data))]); rest == "-Infinity" {
		d.pos += len(rest)
		return FloatElem(math.Inf(-1)), nil
	}
	for d.pos < len(d.data) && strings.IndexByte("+-.eE0123456789", d.data[d.pos]) >= 0 {
		d.pos++
	}
	text := string(d.data[start:d.pos])
	if !json.Valid([]byte(text)) {
		return Elem{}, fmt.Errorf("malformed number %.40q", text)
	}
	if strings.ContainsAny(text, ".eE") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return Elem{}, fmt.Errorf("malformed number %.40q", text)
		}
		return FloatElem(f), nil
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return IntElem(i), nil
	}
	if len(text) > maxDigits {
		return Elem{}, fmt.Errorf("an integer of %d digits is longer than the %d allowed", len(text), maxDigits)
	}
	return Elem{Kind: KindBigInt, Str: text}, nil
}

// maxDigits bounds an integer outside 64 bits.
const maxDigits = 4300

func (d *decoder) str() (string, error) {
	start := d.pos
	d.pos++
	plain := true
	for d.pos < len(d.data) && d.data[d.pos] != '"' {
		if c := d.data[d.pos]; c == '\\' {
			plain = false
			d.pos++
		} else if c < 0x20 || c >= utf8.RuneSelf {
			plain = false
		}
		d.pos++
	}
	if d.pos >= len(d.data) {
		d.pos = len(d.data)
		return "", errors.New("a string is never closed")
	}
	d.pos++
	raw := d.data[start:d.pos]
	if plain {
		return string(raw[1 : len(raw)-1]), nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", fmt.Errorf("malformed string: %w", err)
	}
	return s, nil
}
