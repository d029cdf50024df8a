package vm

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
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
// *JSONError. data is copied once; the strings of the result share that copy, if
// it is not longer than 64 KiB.
func ParseJSON(data []byte, opt JSONOptions) (Value, error) {
	r := readers.Get().(*JSONReader)
	v, err := r.Parse(data, opt)
	readers.Put(r)
	return v, err
}

// readers are those of ParseJSON and ParseJSONText.
var readers = sync.Pool{New: func() any { return new(JSONReader) }}

// JSONReader is ParseJSON for who reads many texts of one kind. It has a memory: of the keys that it met, which key
// came after which, and which keys made up a dict. Events of one shape then
// share their keys, are read without looking any key up, and, when they are
// frozen, share the key lists of their dicts too. A reader belongs to one
// goroutine; its results do not.
type JSONReader struct {
	opt    JSONOptions
	src    string
	pos    int
	depth  int
	tmp    []Value // elements of the containers that are open
	high   int     // slots of tmp that this text used
	keys   map[string]*keyEntry
	shapes int      // made since the memory began
	root   keyEntry // owns the outermost dict
	other  keyEntry // stands for all keys that are not kept
	used   used     // by the text before

	chunk strings.Builder // of copied strings of a long text

	// The current blocks, and how much of each is used. Counting spares the
	// garbage collector's write barrier that a shrinking slice would cost.
	objects []object
	values  []Value
	lists   []listObject
	dicts   []dictObject
	at      used
	now     used
}

// used counts what a text was made of, so that the blocks for the next fit.
type used struct{ objects, values, lists, dicts int }

type listObject struct {
	object
	list
}

type dictObject struct {
	object
	dict
}

// Strings are pieces of one copy of the text, which lives as long as any of
// them. Of a longer text than maxPinned they are copied, chunk by chunk, so that
// a short string which is kept holds a chunk and not a whole export.
const (
	maxPinned = 64 << 10
	chunkSize = 8 << 10
)

// own copies a string of a long text.
func (r *JSONReader) own(s string) string {
	if len(s) > chunkSize/4 {
		return strings.Clone(s)
	}
	if r.chunk.Len()+len(s) > r.chunk.Cap() {
		r.chunk = strings.Builder{}
		r.chunk.Grow(chunkSize)
	}
	r.chunk.WriteString(s)
	all := r.chunk.String()
	return all[len(all)-len(s):]
}

// A reader remembers at most this many keys of at most this length. When it has
// that many it begins anew, with the next text.
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
	if r.keys == nil || len(r.keys) >= keptKeys || r.shapes >= keptShapesInAll {
		r.keys, r.root, r.other, r.shapes = make(map[string]*keyEntry, 32), keyEntry{}, keyEntry{}, 0
	}
	r.opt, r.src, r.pos, r.depth, r.tmp = opt, src, 0, 0, r.tmp[:0]
	r.at, r.now, r.high = used{}, used{}, 0
	v, err := r.value(&r.root)
	if err == nil {
		r.space()
		if r.pos < len(r.src) {
			err = r.unexpected()
		}
	}
	// The blocks are cut anew for each text, so that one text's values do not
	// keep another's alive.
	r.src, r.objects, r.values, r.lists, r.dicts, r.used = "", nil, nil, nil, nil, r.now
	r.chunk.Reset()
	clear(r.tmp[:max(r.high, len(r.tmp))])
	if cap(r.tmp) > 4096 {
		r.tmp = nil
	}
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

// value reads a value, which belongs to the key owner.
func (r *JSONReader) value(owner *keyEntry) (Value, error) {
	r.space()
	if r.pos >= len(r.src) {
		return Null, r.unexpected()
	}
	switch c := r.src[r.pos]; {
	case c == '"':
		s, flags, err := r.text()
		if err != nil {
			return Null, err
		}
		if len(r.src) > maxPinned {
			s = r.own(s)
		}
		o := r.object()
		o.kind, o.flags, o.str = KindString, flags, s
		return Value{0, o}, nil
	case c == '{':
		return r.dict(owner)
	case c == '[':
		return r.array(owner)
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
	digits, fraction, plain := i-first, 0, true
	if i < len(s) && s[i] == '.' {
		j := i + 1
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			n = n*10 + float64(s[j]-'0')
			j++
		}
		if j == i+1 {
			r.pos += j
			return Null, r.unexpected()
		}
		fraction = j - i - 1
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
	if plain && digits+fraction <= len(powersOfTen) {
		// Both are exact, so that the quotient is rounded once, as it must be.
		if fraction > 0 {
			n /= powersOfTen[fraction]
		}
		if first == 1 {
			n = -n
		}
		return Number(n), nil
	}
	return Number(parseFloat(s[:i])), nil
}

var powersOfTen = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14}

// text reads a string literal, and tells whether it is plain. Without escapes it
// is a piece of the source.
func (r *JSONReader) text() (s string, flags uint8, err error) {
	r.pos++
	src, start := r.src, r.pos
	i := start + plainLen(src[start:])
	if i < len(src) && src[i] == '"' {
		r.pos = i + 1
		return src[start:i], flagPlain, nil
	}
	high := false
	for ; i < len(src); i++ {
		switch c := src[i]; {
		case c == '"':
			r.pos = i + 1
			s := src[start:i]
			if high && !utf8.ValidString(s) {
				s = string([]rune(s)) // U+FFFD for each byte, as everyone does
			}
			return s, 0, nil
		case c == '\\':
			r.pos = i
			s, err := r.escaped(start)
			return s, 0, err
		case c < 0x20:
			r.pos = i
			return "", 0, r.unexpected()
		case c >= utf8.RuneSelf:
			high = true
		}
	}
	r.pos = len(src)
	return "", 0, r.unexpected()
}

func (r *JSONReader) escaped(start int) (string, error) {
	// Invalid UTF-8 of the source goes, lone surrogates of escapes stay.
	b := append(make([]byte, 0, r.pos-start+32), string([]rune(r.src[start:r.pos]))...)
	for r.pos < len(r.src) {
		c := r.src[r.pos]
		if c == '"' {
			r.pos++
			return joinHalves(string(b)), nil
		}
		if c < 0x20 {
			return "", r.unexpected()
		}
		if c >= utf8.RuneSelf {
			u, size := utf8.DecodeRuneInString(r.src[r.pos:])
			b = utf8.AppendRune(b, u)
			r.pos += size
			continue
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

// joinHalves makes characters of the surrogate halves that stand together.
func joinHalves(s string) string {
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

func (r *JSONReader) array(owner *keyEntry) (Value, error) {
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
		v, err := r.value(owner)
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
	r.drop(base)
	r.depth--
	return Value{0, &x.object}, nil
}

// drop forgets what stands in r.tmp from base on.
func (r *JSONReader) drop(base int) {
	r.high = max(r.high, len(r.tmp))
	r.tmp = r.tmp[:base]
}

func (r *JSONReader) flags() uint8 {
	if r.opt.Freeze {
		return flagFrozen
	}
	return 0
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

// Objects and slots are cut from blocks. The first of a text is as large as
// the text before needed it, if the text is long enough for that.

func (r *JSONReader) block(before, already, per int) int {
	if already == 0 && before > 0 {
		return min(before, 1+len(r.src)/2)
	}
	return max(1, min(256, len(r.src)/per))
}

func (r *JSONReader) object() *object {
	if r.at.objects == len(r.objects) {
		r.objects = make([]object, r.block(r.used.objects, r.now.objects, 48))
		r.at.objects = 0
	}
	o := &r.objects[r.at.objects]
	r.at.objects++
	r.now.objects++
	return o
}

func (r *JSONReader) listObject() *listObject {
	if r.at.lists == len(r.lists) {
		r.lists = make([]listObject, r.block(r.used.lists, r.now.lists, 512))
		r.at.lists = 0
	}
	x := &r.lists[r.at.lists]
	r.at.lists++
	r.now.lists++
	return x
}

func (r *JSONReader) dictObject() *dictObject {
	if r.at.dicts == len(r.dicts) {
		r.dicts = make([]dictObject, r.block(r.used.dicts, r.now.dicts, 512))
		r.at.dicts = 0
	}
	x := &r.dicts[r.at.dicts]
	r.at.dicts++
	r.now.dicts++
	return x
}

func (r *JSONReader) cut(n int) []Value {
	if r.at.values+n > len(r.values) {
		if n > 128 {
			return make([]Value, n)
		}
		r.values = make([]Value, max(n, r.block(r.used.values, r.now.values, 16)))
		r.at.values = 0
	}
	from := r.at.values
	r.at.values += n
	r.now.values += n
	return r.values[from : from+n : from+n]
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
	r := readers.Get().(*JSONReader)
	v, err := r.parse(s, JSONOptions{Ordered: true, Hog: true})
	readers.Put(r)
	return v, err
}
