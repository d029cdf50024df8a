package stl

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"hogpen/hog/vm"
)

const encodingGroup = "Encoding"

var encodingFuncs = []*Func{
	{
		Func: fn("base64Encode", 1, 1, base64Encode), Group: encodingGroup, Args: "text",
		Doc:      "Gives the UTF-8 bytes of a text in base 64.",
		Examples: []Example{{"base64Encode('héllo')", "'aMOpbGxv'"}},
	},
	{
		Func: fn("base64Decode", 1, 1, base64Decode), Group: encodingGroup, Args: "text",
		Doc:      "Reads base 64, also its URL form: strange characters are skipped, padding is optional, what is not UTF-8 becomes U+FFFD.",
		Examples: []Example{{"base64Decode('aMOpbGxv')", "'héllo'"}, {"base64Decode('aGk')", "'hi'"}},
	},
	{
		Func: fn("tryBase64Decode", 1, 1, try(base64Decode, vm.String(""))), Group: encodingGroup, Args: "text",
		Doc:      "base64Decode that gives '' where that fails.",
		Examples: []Example{{"tryBase64Decode('aGk=')", "'hi'"}, {"tryBase64Decode(null)", "''"}},
	},
	{
		Func: fn("encodeURLComponent", 1, 1, encodeURLComponent), Group: encodingGroup, Args: "value",
		Doc:      "Escapes the text of a value for use within a URL; letters, digits and - _ . ! ~ * ' ( ) stay.",
		Examples: []Example{{"encodeURLComponent('a b&c/é')", "'a%20b%26c%2F%C3%A9'"}},
	},
	{
		Func: fn("decodeURLComponent", 1, 1, decodeURLComponent), Group: encodingGroup, Args: "value",
		Doc:      "Undoes encodeURLComponent. A plus stays a plus; a malformed % aborts the run.",
		Examples: []Example{{"decodeURLComponent('a%20b+c')", "'a b+c'"}},
	},
	{
		Func: fn("tryDecodeURLComponent", 1, 1, try(decodeURLComponent, vm.Null)), Group: encodingGroup, Args: "value",
		Doc:      "decodeURLComponent that gives null where that fails.",
		Examples: []Example{{"tryDecodeURLComponent('%')", "null"}, {"tryDecodeURLComponent('%41')", "'A'"}},
	},
	{
		Func: fn("generateUUIDv4", 0, 0, generateUUIDv4), Group: encodingGroup,
		Doc:      "Gives a new random UUID in small letters.",
		Examples: []Example{{"length(generateUUIDv4())", "36"}},
	},
	{
		Func: fn("randomFloat", 0, 0, randomFloat), Group: encodingGroup,
		Doc:      "Gives a random number from 0 up to below 1.",
		Examples: []Example{{"randomFloat() < 1", "true"}},
	},
}

// try gives a value instead of an error, except where a limit was hit.
func try(f vm.HostFunc, instead vm.Value) vm.HostFunc {
	return func(c *vm.Call) (vm.Value, error) {
		v, err := f(c)
		if re, ok := err.(*vm.RuntimeError); ok && re.Limit != vm.LimitNone {
			return vm.Null, err
		}
		if err != nil {
			return instead, nil
		}
		return v, nil
	}
}

func base64Encode(c *vm.Call) (vm.Value, error) {
	if !c.Arg(0).IsString() {
		return vm.Null, wrongType("base64Encode", "a string", c.Arg(0))
	}
	s := vm.CleanText(c.Arg(0).Text())
	if err := work(c, len(s)*2); err != nil {
		return vm.Null, err
	}
	return vm.String(base64.StdEncoding.EncodeToString([]byte(s))), nil
}

func base64Decode(c *vm.Call) (vm.Value, error) {
	if !c.Arg(0).IsString() {
		return vm.Null, wrongType("base64Decode", "a string", c.Arg(0))
	}
	s := c.Arg(0).Text()
	if err := work(c, len(s)); err != nil {
		return vm.Null, err
	}
	out := make([]byte, 0, len(s)*3/4)
	bits, n := uint32(0), 0
	for i := 0; i < len(s) && s[i] != '='; i++ {
		d := base64Digit(s[i])
		if d < 0 {
			continue
		}
		bits, n = bits<<6|uint32(d), n+6
		if n >= 8 {
			n -= 8
			out = append(out, byte(bits>>n))
		}
	}
	return vm.String(vm.TextOf(out)), nil
}

func base64Digit(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 26
	case c >= '0' && c <= '9':
		return int(c-'0') + 52
	case c == '+' || c == '-':
		return 62
	case c == '/' || c == '_':
		return 63
	}
	return -1
}

const upperHex = "0123456789ABCDEF"

func unescaped(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-_.!~*'()", c) >= 0
}

func encodeURLComponent(c *vm.Call) (vm.Value, error) {
	s := vm.JSText(c.Arg(0))
	if !utf8.ValidString(s) {
		return vm.Null, vm.Errorf("URI malformed")
	}
	if err := work(c, len(s)*3); err != nil {
		return vm.Null, err
	}
	b := make([]byte, 0, len(s)+len(s)/4)
	for i := 0; i < len(s); i++ {
		if unescaped(s[i]) {
			b = append(b, s[i])
		} else {
			b = append(b, '%', upperHex[s[i]>>4], upperHex[s[i]&15])
		}
	}
	return vm.String(string(b)), nil
}

// decodeURLComponent passes on what is not escaped, halves of characters too.
func decodeURLComponent(c *vm.Call) (vm.Value, error) {
	s := vm.JSText(c.Arg(0))
	if err := work(c, len(s)); err != nil {
		return vm.Null, err
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '%' {
			b = append(b, s[i])
			i++
			continue
		}
		start := len(b)
		for ; i < len(s) && s[i] == '%'; i += 3 {
			if i+2 >= len(s) {
				return vm.Null, vm.Errorf("URI malformed")
			}
			hi, lo := strings.IndexByte(upperHex, upperByte(s[i+1])), strings.IndexByte(upperHex, upperByte(s[i+2]))
			if hi < 0 || lo < 0 {
				return vm.Null, vm.Errorf("URI malformed")
			}
			b = append(b, byte(hi<<4|lo))
		}
		if !utf8.Valid(b[start:]) {
			return vm.Null, vm.Errorf("URI malformed")
		}
	}
	return vm.String(string(b)), nil
}

func upperByte(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

func generateUUIDv4(*vm.Call) (vm.Value, error) {
	var b [16]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return vm.String(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])), nil
}

func randomFloat(*vm.Call) (vm.Value, error) {
	var b [8]byte
	rand.Read(b[:])
	return vm.Number(float64(binary.BigEndian.Uint64(b[:])>>11) / (1 << 53)), nil
}
