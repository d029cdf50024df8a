package capture

import (
	"unicode/utf16"
	"unicode/utf8"
)

// unlz64 undoes LZString's compressToBase64, which old versions of
// posthog-js send. The text is a sequence of UTF-16 units, coded in LZ78
// fashion: a code stands for a literal unit, for the end, or for an entry of
// a dictionary that grows by one entry a step. Each entry is the last phrase
// and the first unit of the next one; both stand side by side in the output,
// so an entry here is a span of it and costs no copy.
func unlz64(data []byte, limit int) ([]byte, error) {
	d := lz64{in: bitReader{data: data}, max: limit}
	units, err := d.run()
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(units))
	for i := 0; i < len(units); i++ {
		r := rune(units[i])
		if utf16.IsSurrogate(r) {
			pair := utf8.RuneError
			if i+1 < len(units) {
				pair = utf16.DecodeRune(r, rune(units[i+1]))
			}
			if r = pair; r != utf8.RuneError {
				i++
			}
		}
		out = utf8.AppendRune(out, r)
	}
	if len(out) > limit {
		return nil, tooLarge("Event or batch exceeded %d during unzipping", limit)
	}
	return out, nil
}

// The first codes: two kinds of literal, and the end.
const (
	lzByte = 0 // a unit of 8 bits follows
	lzUnit = 1 // a unit of 16 bits follows
	lzEnd  = 2
)

type lzSpan struct{ from, to int }

type lz64 struct {
	in   bitReader
	out  []uint16
	dict []lzSpan // from code 3
	max  int
}

func (d *lz64) run() ([]uint16, error) {
	width := 2 // bits of a code
	grow := 1  // steps until codes need one bit more
	var last lzSpan
	for first := true; ; first = false {
		code, ok := d.in.take(width)
		if !ok {
			return nil, undecodable("invalid LZ64 data")
		}
		var phrase lzSpan
		switch {
		case code == lzEnd:
			return d.out, nil
		case code == lzByte || code == lzUnit:
			unit, ok := d.in.take(8 << code)
			if !ok {
				return nil, undecodable("invalid LZ64 data")
			}
			phrase = lzSpan{len(d.out), len(d.out) + 1}
			d.out = append(d.out, uint16(unit))
			d.dict = append(d.dict, phrase)
			if !first {
				grow--
			}
		case first || code-3 > len(d.dict):
			return nil, undecodable("invalid LZ64 data")
		default:
			phrase = lzSpan{len(d.out), len(d.out)}
			from := last
			if code-3 < len(d.dict) {
				from = d.dict[code-3]
			} else {
				from.to++ // the entry being made: the last phrase and its own first unit
			}
			if len(d.out)+from.to-from.from > d.max {
				return nil, tooLarge("Event or batch exceeded %d during unzipping", d.max)
			}
			for i := from.from; i < from.to; i++ {
				d.out = append(d.out, d.out[i])
			}
			phrase.to = len(d.out)
		}
		if first {
			width, grow = 3, 4
			last = phrase
			continue
		}
		if grow == 0 {
			grow = 1 << width
			width++
		}
		d.dict = append(d.dict, lzSpan{last.from, last.to + 1})
		last = phrase
		grow--
		if grow == 0 {
			grow = 1 << width
			width++
		}
	}
}

// bitReader reads base64 text as bits, six a character, the high one first.
type bitReader struct {
	data []byte
	at   int
	val  byte
	left int
}

// take reads n bits, the low one first; false at the end of the text.
func (b *bitReader) take(n int) (int, bool) {
	v := 0
	for i := range n {
		if b.left == 0 {
			if b.at >= len(b.data) {
				return 0, false
			}
			b.val, b.left = sixBits(b.data[b.at]), 6
			b.at++
		}
		b.left--
		v |= int(b.val>>b.left&1) << i
	}
	return v, true
}

// sixBits is the value of a base64 character; 0 for the padding and for what
// is none.
func sixBits(c byte) byte {
	switch {
	case c >= 'A' && c <= 'Z':
		return c - 'A'
	case c >= 'a' && c <= 'z':
		return c - 'a' + 26
	case c >= '0' && c <= '9':
		return c - '0' + 52
	case c == '+':
		return 62
	case c == '/':
		return 63
	}
	return 0
}
