package stl

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"

	"hogpen/hog/vm"
)

const cryptoGroup = "Hashes"

var cryptoFuncs = []*Func{
	{
		Func: fn("md5Hex", 1, 1, hashHex("md5Hex", digestMD5)), Group: cryptoGroup, Args: "text",
		Doc: "Gives the MD5 of a text in hexadecimal digits.", Null: "Gives null.",
		Examples: []Example{{"md5Hex('a')", "'0cc175b9c0f1b6a831c399e269772661'"}, {"md5Hex(null)", "null"}},
	},
	{
		Func: fn("sha1Hex", 1, 1, hashHex("sha1Hex", digestSHA1)), Group: cryptoGroup, Args: "text",
		Doc: "Gives the SHA-1 of a text in hexadecimal digits.", Null: "Gives null.",
		Examples: []Example{{"sha1Hex('a')", "'86f7e437faa5a7fce15d1ddcb9eaeaea377667b8'"}},
	},
	{
		Func: fn("sha256Hex", 1, 1, hashHex("sha256Hex", digestSHA256)), Group: cryptoGroup, Args: "text",
		Doc: "Gives the SHA-256 of a text in hexadecimal digits.", Null: "Gives null.",
		Examples: []Example{{"sha256Hex('a')", "'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb'"}},
	},
	{
		Func: fn("md5", 1, 2, hashIn("md5", digestMD5)), Group: cryptoGroup, Args: "text, encoding?",
		Doc: "Gives the MD5 of a text as hex (unless told otherwise), base64, base64url or binary.", Null: "Gives null.",
		Examples: []Example{{"md5('a', 'base64')", "'DMF1ucDxtqgxw5niaXcmYQ=='"}},
	},
	{
		Func: fn("sha1", 1, 2, hashIn("sha1", digestSHA1)), Group: cryptoGroup, Args: "text, encoding?",
		Doc: "Gives the SHA-1 of a text; see md5.", Null: "Gives null.",
		Examples: []Example{{"sha1('a', 'base64url')", "'hvfkN_qlp_zhXR3cuerq6jd2Z7g'"}},
	},
	{
		Func: fn("sha256", 1, 2, hashIn("sha256", digestSHA256)), Group: cryptoGroup, Args: "text, encoding?",
		Doc: "Gives the SHA-256 of a text; see md5.", Null: "Gives null.",
		Examples: []Example{{"length(sha256('a', 'binary'))", "32"}},
	},
	{
		Func: fn("sha256HmacChain", 1, 2, hmacChain("sha256HmacChain", sha256.New)), Group: cryptoGroup, Args: "array, encoding?",
		Doc:      "Gives the HMAC of the second element under the first as key, of the third under that, and so on.",
		Examples: []Example{{"sha256HmacChain(['a', 'b'], 'base64')", "'CN4ymTHilWg3dqqaQ1Kb0LJ1KG3zFgMAxJuk6EGDMBM='"}},
	},
	{
		Func: fn("sha256HmacChainHex", 1, 1, hmacChain("sha256HmacChainHex", sha256.New)), Group: cryptoGroup, Args: "array",
		Doc:      "sha256HmacChain in hexadecimal digits.",
		Examples: []Example{{"sha256HmacChainHex(['a', 'b', 'c'])", "'afb366b1e7d0ffd4e7c273ecd31eb15ce01301c2c39155f3a8ddd8190ef26edc'"}},
	},
	{
		Func: fn("sha1HmacChain", 1, 2, hmacChain("sha1HmacChain", sha1.New)), Group: cryptoGroup, Args: "array, encoding?",
		Doc:      "sha256HmacChain with SHA-1.",
		Examples: []Example{{"length(sha1HmacChain(['a', 'b']))", "40"}},
	},
	{
		Func: fn("sha1HmacChainHex", 1, 1, hmacChain("sha1HmacChainHex", sha1.New)), Group: cryptoGroup, Args: "array",
		Doc:      "sha1HmacChain in hexadecimal digits.",
		Examples: []Example{{"length(sha1HmacChainHex(['a', 'b']))", "40"}},
	},
}

// digest is a hash function.
type digest uint8

const (
	digestMD5 digest = iota
	digestSHA1
	digestSHA256
)

// append puts the hash of a text behind dst. A switch instead of a function
// value lets both buffers stay on the stack.
func (d digest) append(dst []byte, text string) []byte {
	switch d {
	case digestMD5:
		b := md5.Sum([]byte(text))
		return append(dst, b[:]...)
	case digestSHA1:
		b := sha1.Sum([]byte(text))
		return append(dst, b[:]...)
	}
	b := sha256.Sum256([]byte(text))
	return append(dst, b[:]...)
}

// hashed gives the text that a hash function is called with.
func hashed(c *vm.Call, name string) (string, error) {
	v := c.Arg(0)
	if !v.IsString() {
		return "", wrongType(name, "a string", v)
	}
	s := vm.CleanText(v.Text())
	if len(s) > 512 {
		if err := c.Spend(len(s) / 4); err != nil {
			return "", err
		}
	}
	return s, nil
}

func hashHex(name string, d digest) vm.HostFunc {
	return func(c *vm.Call) (vm.Value, error) {
		if c.Arg(0).IsNull() {
			return vm.Null, nil
		}
		s, err := hashed(c, name)
		if err != nil {
			return vm.Null, err
		}
		var b [sha256.Size]byte
		return hexText(d.append(b[:0], s)), nil
	}
}

func hexText(b []byte) vm.Value {
	var buf [2 * sha256.Size]byte
	return vm.String(string(hex.AppendEncode(buf[:0], b)))
}

func hashIn(name string, d digest) vm.HostFunc {
	return func(c *vm.Call) (vm.Value, error) {
		if c.Arg(0).IsNull() {
			return vm.Null, nil
		}
		s, err := hashed(c, name)
		if err != nil {
			return vm.Null, err
		}
		return encodeDigest(d.append(nil, s), c.Arg(1))
	}
}

func encodeDigest(b []byte, encoding vm.Value) (vm.Value, error) {
	if encoding.IsNull() {
		return hexText(b), nil
	}
	switch encoding.Text() {
	case "hex":
		return hexText(b), nil
	case "base64":
		return vm.String(base64.StdEncoding.EncodeToString(b)), nil
	case "base64url":
		return vm.String(base64.RawURLEncoding.EncodeToString(b)), nil
	case "binary":
		runes := make([]rune, len(b))
		for i, x := range b {
			runes[i] = rune(x)
		}
		return vm.String(string(runes)), nil
	}
	return vm.Null, vm.LibraryErrorf("Unsupported encoding: %s", vm.JSText(encoding))
}

func hmacChain(name string, make func() hash.Hash) vm.HostFunc {
	return func(c *vm.Call) (vm.Value, error) {
		v := c.Arg(0)
		if !v.IsList() {
			return vm.Null, wrongType(name, "an array", v)
		}
		if v.Len() < 2 {
			return vm.Null, vm.LibraryErrorf("Data array must contain at least two elements.")
		}
		key := []byte(vm.CleanText(vm.JSText(v.At(0))))
		for _, e := range v.Elems()[1:] {
			text := vm.CleanText(vm.JSText(e))
			if err := c.Spend(1 + len(text)/4); err != nil {
				return vm.Null, err
			}
			h := hmac.New(make, key)
			h.Write([]byte(text))
			key = h.Sum(nil)
		}
		return encodeDigest(key, c.Arg(1))
	}
}
