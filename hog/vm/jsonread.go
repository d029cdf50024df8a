package vm

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// JSONOptions says how JSON text becomes values. The zero value suits events.
type JSONOptions struct {
	// Depth is the deepest nesting accepted; 0 means 512.
	Depth int
	// MaxBytes is the longest text accepted; 0 means no limit.
	MaxBytes int
	// Ordered puts integer-like keys first, ascending, as JavaScript objects
	// do. The function jsonParse asks for it.
	Ordered bool
	// Hog turns objects marked __hogDate__, __hogDateTime__ and __hogError__
	// into those values. The function jsonParse asks for it.
	Hog bool
	// Freeze marks the result as shared (see Value.Freeze).
	Freeze bool
}

// JSONError is text that is not JSON: what was found and at which byte.
type JSONError struct {
	Message string
	Offset  int
}

// Error gives message and place.
func (e *JSONError) Error() string {
	return fmt.Sprintf("%s in JSON at position %d", e.Message, e.Offset)
}

// ParseJSON reads one JSON text into a value in a single pass. The error is a
// *JSONError. data is copied once; the strings of the result share that copy.
func ParseJSON(data []byte, opt JSONOptions) (Value, error) {
	var r JSONReader
	return r.Parse(data, opt)
}

// JSONReader is ParseJSON with a memory for keys: those of one shape of event
// are made once. A reader belongs to one goroutine; its results do not.
type JSONReader struct {
	opt   JSONOptions
	src   string
	pos   int
	depth int
	tmp   []Value // elements of the containers that are open
	keys  map[string]*object

	objects []object // what is left of the current blocks
	values  []Value
	lists   []listObject
	dicts   []dictObject
}

type listObject struct {
	object
	list
}

type dictObject struct {
	object
	dict
}

// A reader remembers at most this many keys of at most this length.
const (
	keptKeys   = 1024
	keptKeyLen = 64
)

// Parse reads one JSON text. See ParseJSON.
func (r *JSONReader) Parse(data []byte, opt JSONOptions) (Value, error) {
	if opt.MaxBytes > 0 && len(data) > opt.MaxBytes {
		return Null, &JSONError{fmt.Sprintf("text is longer than %d bytes", opt.MaxBytes), opt.MaxBytes}
	}
	return r.parse(string(data), opt)
}

func (r *JSONReader) parse(src string, opt JSONOptions) (Value, error) {
	if opt.Depth <= 0 {
		opt.Depth = 512
	}
	if r.keys == nil {
		r.keys = make(map[string]*object, 32)
	}
	r.opt, r.src, r.pos, r.depth, r.tmp = opt, src, 0, 0, r.tmp[:0]
	v, err := r.value()
	if err == nil {
		r.space()
		if r.pos < len(r.src) {
			err = r.unexpected()
		}
	}
	// The blocks are cut anew for each text, so that one text's values do not
	// keep another's alive.
	r.src, r.objects, r.values, r.lists, r.dicts = "", nil, nil, nil, nil
	clear(r.tmp[:cap(r.tmp)])
	if err != nil {
		return Null, err
	}
	return v, nil
}

func (r *JSONReader) unexpected() error {
	if r.pos >= len(r.src) {
		return &JSONError{"Unexpected end", r.pos}
	}
	c, _ := utf8.DecodeRuneInString(r.src[r.pos:])
	return &JSONError{fmt.Sprintf("Unexpected token %q", c), r.pos}
}

func (r *JSONReader) space() {
	for r.pos < len(r.src) {
		switch r.src[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

func (r *JSONReader) value() (Value, error) {
	r.space()
	if r.pos >= len(r.src) {
		return Null, r.unexpected()
	}
	switch c := r.src[r.pos]; {
	case c == '"':
		s, err := r.text()
		if err != nil {
			return Null, err
		}
		o := r.object()
		o.kind, o.str = KindString, s
		return Value{0, o}, nil
	case c == '{':
		return r.dict()
	case c == '[':
		return r.array()
	case c == '-' || c >= '0' && c <= '9':
		return r.number()
	case strings.HasPrefix(r.src[r.pos:], "true"):
		r.pos += 4
		return True, nil
	case strings.HasPrefix(r.src[r.pos:], "false"):
		r.pos += 5
		return False, nil
	case strings.HasPrefix(r.src[r.pos:], "null"):
		r.pos += 4
		return Null, nil
	}
	return Null, r.unexpected()
}

func (r *JSONReader) number() (Value, error) {
	start := r.pos
	s := r.src[start:]
	i, n := 0, 0.0
	if s[0] == '-' {
		i++
	}
	first := i
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		n = n*10 + float64(s[i]-'0')
		i++
	}
	if i == first || i-first > 1 && s[first] == '0' {
		r.pos += i
		return Null, r.unexpected()
	}
	plain := i-first <= 15
	if i < len(s) && s[i] == '.' {
		plain = false
		j := i + 1
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			j++
		}
		if j == i+1 {
			r.pos += j
			return Null, r.unexpected()
		}
		i = j
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		plain = false
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		k := j
		for k < len(s) && s[k] >= '0' && s[k] <= '9' {
			k++
		}
		if k == j {
			r.pos += k
			return Null, r.unexpected()
		}
		i = k
	}
	r.pos += i
	if plain {
		if first == 1 {
			n = -n
		}
		return Number(n), nil
	}
	return Number(parseFloat(s[:i])), nil
}

// text reads a string literal. Without escapes it is a piece of the source.
func (r *JSONReader) text() (string, error) {
	r.pos++
	start := r.pos
	high := byte(0)
	for r.pos < len(r.src) {
		c := r.src[r.pos]
		switch {
		case c == '"':
			s := r.src[start:r.pos]
			r.pos++
			if high >= 0x80 && !utf8.ValidString(s) {
				s = strings.ToValidUTF8(s, "\ufffd")
			}
			return s, nil
		case c == '\\':
			return r.escaped(start)
		case c < 0x20:
			return "", r.unexpected()
		}
		high |= c
		r.pos++
	}
	return "", r.unexpected()
}

func (r *JSONReader) escaped(start int) (string, error) {
	b := append(make([]byte, 0, r.pos-start+32), r.src[start:r.pos]...)
	for r.pos < len(r.src) {
		c := r.src[r.pos]
		if c == '"' {
			r.pos++
			// Invalid UTF-8 of the source goes, lone surrogates of escapes stay.
			return fixText(string(b)), nil
		}
		if c < 0x20 {
			return "", r.unexpected()
		}
		r.pos++
		if c != '\\' {
			b = append(b, c)
			continue
		}
		if r.pos >= len(r.src) {
			break
		}
		i := strings.IndexByte(`"\/bfnrtu`, r.src[r.pos])
		if i < 0 {
			return "", r.unexpected()
		}
		r.pos++
		if i < 8 {
			b = append(b, "\"\\/\b\f\n\r\t"[i])
			continue
		}
		u, ok := r.hex4()
		if !ok {
			return "", r.unexpected()
		}
		b = append(b, FromUTF16([]uint16{u})...)
	}
	return "", r.unexpected()
}

// fixText joins surrogate halves and replaces invalid bytes.
func fixText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return FromUTF16(UTF16(s))
}

func (r *JSONReader) hex4() (uint16, bool) {
	if len(r.src)-r.pos < 4 {
		r.pos = len(r.src)
		return 0, false
	}
	n := 0
	for range 4 {
		d := digit(r.src[r.pos])
		if d >= 16 {
			return 0, false
		}
		n = n<<4 | d
		r.pos++
	}
	return uint16(n), true
}

func (r *JSONReader) enter() error {
	r.depth++
	if r.depth > r.opt.Depth {
		return &JSONError{fmt.Sprintf("nesting deeper than %d", r.opt.Depth), r.pos}
	}
	r.pos++
	r.space()
	return nil
}

// next reads what stands after an element: true for a comma.
func (r *JSONReader) next(end byte) (more bool, err error) {
	r.space()
	if r.pos < len(r.src) {
		switch r.src[r.pos] {
		case ',':
			r.pos++
			return true, nil
		case end:
			r.pos++
			return false, nil
		}
	}
	return false, r.unexpected()
}

func (r *JSONReader) array() (Value, error) {
	if err := r.enter(); err != nil {
		return Null, err
	}
	base := len(r.tmp)
	more := true
	if r.pos < len(r.src) && r.src[r.pos] == ']' {
		r.pos++
		more = false
	}
	for more {
		v, err := r.value()
		if err != nil {
			return Null, err
		}
		r.tmp = append(r.tmp, v)
		if more, err = r.next(']'); err != nil {
			return Null, err
		}
	}
	x := r.listObject()
	x.object.kind, x.object.flags, x.object.list = KindArray, r.flags(), &x.list
	x.elems = r.cut(len(r.tmp) - base)
	copy(x.elems, r.tmp[base:])
	r.tmp = r.tmp[:base]
	r.depth--
	return Value{0, &x.object}, nil
}

func (r *JSONReader) flags() uint8 {
	if r.opt.Freeze {
		return flagFrozen
	}
	return 0
}

func (r *JSONReader) dict() (Value, error) {
	if err := r.enter(); err != nil {
		return Null, err
	}
	base := len(r.tmp)
	more := true
	if r.pos < len(r.src) && r.src[r.pos] == '}' {
		r.pos++
		more = false
	}
	for more {
		r.space()
		if r.pos >= len(r.src) || r.src[r.pos] != '"' {
			return Null, r.unexpected()
		}
		s, err := r.text()
		if err != nil {
			return Null, err
		}
		r.space()
		if r.pos >= len(r.src) || r.src[r.pos] != ':' {
			return Null, r.unexpected()
		}
		r.pos++
		key := r.key(s)
		v, err := r.value()
		if err != nil {
			return Null, err
		}
		r.tmp = append(r.tmp, key, v)
		if more, err = r.next('}'); err != nil {
			return Null, err
		}
	}
	v := r.fill(r.tmp[base:])
	r.tmp = r.tmp[:base]
	r.depth--
	if r.opt.Hog && len(v.o.dict.keys) > 0 {
		return hogObject(v), nil
	}
	return v, nil
}

// fill makes a dict of pairs, the last of equal keys winning.
func (r *JSONReader) fill(pairs []Value) Value {
	x := r.dictObject()
	x.object.kind, x.object.flags, x.object.dict = KindDict, r.flags(), &x.dict
	n := len(pairs) / 2
	if n == 0 {
		return Value{0, &x.object}
	}
	both := r.cut(2 * n)
	d := &x.dict
	d.keys, d.vals = both[:0:n], both[n:n:2*n]
	for i := 0; i < len(pairs); i += 2 {
		d.put(pairs[i], pairs[i+1])
	}
	if r.opt.Ordered {
		orderKeys(d)
	}
	return Value{0, &x.object}
}

func (r *JSONReader) key(s string) Value {
	if o := r.keys[s]; o != nil {
		return Value{0, o}
	}
	if len(r.keys) >= keptKeys || len(s) > keptKeyLen {
		o := r.object()
		o.kind, o.str, o.hash = KindString, s, hashText(s)
		return Value{0, o}
	}
	s = strings.Clone(s)
	o := &object{kind: KindString, str: s, hash: hashText(s)}
	r.keys[s] = o
	return Value{0, o}
}

// Objects and slots are cut from blocks, whose size follows the text's length.

func (r *JSONReader) block(per int) int { return max(4, min(256, len(r.src)/per)) }

func (r *JSONReader) object() *object {
	if len(r.objects) == 0 {
		r.objects = make([]object, r.block(48))
	}
	o := &r.objects[0]
	r.objects = r.objects[1:]
	return o
}

func (r *JSONReader) listObject() *listObject {
	if len(r.lists) == 0 {
		r.lists = make([]listObject, max(1, min(64, len(r.src)/512)))
	}
	x := &r.lists[0]
	r.lists = r.lists[1:]
	return x
}

func (r *JSONReader) dictObject() *dictObject {
	if len(r.dicts) == 0 {
		r.dicts = make([]dictObject, max(1, min(64, len(r.src)/512)))
	}
	x := &r.dicts[0]
	r.dicts = r.dicts[1:]
	return x
}

func (r *JSONReader) cut(n int) []Value {
	if n > len(r.values) {
		if n > 128 {
			return make([]Value, n)
		}
		r.values = make([]Value, max(n, r.block(16)))
	}
	v := r.values[:n:n]
	r.values = r.values[n:]
	return v
}

// arrayIndex tells whether a key is integer-like to JavaScript, and its number.
func arrayIndex(s string) (uint32, bool) {
	if s == "" || len(s) > 10 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	n := uint64(0)
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + uint64(s[i]-'0')
	}
	return uint32(n), n < math.MaxUint32
}

// orderKeys puts integer-like text keys first, ascending.
func orderKeys(d *dict) {
	some := false
	for _, k := range d.keys {
		if _, ok := arrayIndex(k.Text()); ok {
			some = true
			break
		}
	}
	if !some {
		return
	}
	type entry struct {
		k, v  Value
		index uint32
		is    bool
	}
	all := make([]entry, len(d.keys))
	for i, k := range d.keys {
		n, ok := arrayIndex(k.Text())
		all[i] = entry{k, d.vals[i], n, ok}
	}
	slices.SortStableFunc(all, func(a, b entry) int {
		switch {
		case a.is && b.is:
			return int(int64(a.index) - int64(b.index))
		case a.is:
			return -1
		case b.is:
			return 1
		}
		return 0
	})
	for i, e := range all {
		d.keys[i], d.vals[i] = e.k, e.v
	}
	if d.index != nil {
		d.reindex()
	}
}

// hogObject turns a marked dict into the value it stands for.
func hogObject(v Value) Value {
	num := func(key string) float64 {
		if x, ok := v.Get(key); ok && x.IsNumber() {
			return x.n
		}
		return math.NaN()
	}
	switch {
	case v.Path("__hogDateTime__").Truthy():
		return NewDateTime(num("dt"), zoneOr(v.Path("zone").Text()))
	case v.Path("__hogDate__").Truthy():
		return NewDate(num("year"), num("month"), num("day"))
	case v.Path("__hogError__").Truthy():
		return NewError(v.Path("type").Text(), v.Path("message"), v.Path("payload"))
	}
	return v
}

func zoneOr(zone string) string {
	if zone == "" {
		return "UTC"
	}
	return zone
}

// ParseJSONText is what the function jsonParse does with a text: keys in
// JavaScript's order, dates and errors revived.
func ParseJSONText(s string) (Value, error) {
	var r JSONReader
	return r.parse(s, JSONOptions{Ordered: true, Hog: true})
}
