package bytecode_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"hogpen/hog/bytecode"
)

func TestEncodeElements(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		elem bytecode.Elem
		want string
	}{
		{bytecode.IntElem(-7), `-7`},
		{bytecode.FloatElem(2), `2.0`},
		{bytecode.FloatElem(0.00001), `1e-05`},
		{bytecode.FloatElem(0.0001), `0.0001`},
		{bytecode.FloatElem(1e15), `1000000000000000.0`},
		{bytecode.FloatElem(1e16), `1e+16`},
		{bytecode.FloatElem(1.5e300), `1.5e+300`},
		{bytecode.FloatElem(0.30000000000000004), `0.30000000000000004`},
		{bytecode.FloatElem(math.Copysign(0, -1)), `-0.0`},
		{bytecode.FloatElem(math.Inf(1)), `Infinity`},
		{bytecode.FloatElem(math.Inf(-1)), `-Infinity`},
		{bytecode.FloatElem(math.NaN()), `NaN`},
		{bytecode.StringElem("a\"\\\n\x01é😀"), `"a\"\\\n\u0001é😀"`},
		{bytecode.StringElem("\xff"), `"` + "\ufffd" + `"`},
		{bytecode.BoolElem(true), `true`},
		{bytecode.BoolElem(false), `false`},
		{bytecode.Elem{Kind: bytecode.KindNull}, `null`},
		{bytecode.Elem{Kind: bytecode.KindBigInt, Str: "9223372036854775808"}, `9223372036854775808`},
	} {
		if have := tt.elem.String(); have != tt.want {
			t.Errorf("have %s, want %s", have, tt.want)
		}
	}
}

func TestDecodeRoundTrip(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`["_H",1]`,
		`["_h",32,"a",33,1]`,
		`["_H",1,33,9223372036854775808,34,2.0,34,1e-05,32,"é\"",33,true,null,39,-5]`,
		`["_H",1,34,Infinity,34,-Infinity,34,NaN]`,
	} {
		p, err := bytecode.Decode([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if have := p.String(); have != text {
			t.Errorf("have %s, want %s", have, text)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                         "bytecode is a JSON array",
		`{}`:                       "bytecode is a JSON array",
		`[]`:                       "must start with '_H'",
		`[1]`:                      "must start with '_H'",
		`["x"]`:                    "must start with '_H'",
		`["_H"]`:                   "the header lacks its version",
		`["_H",1.0]`:               "the header lacks its version",
		`["_H",-1]`:                "the header lacks its version",
		`["_H",1,[2]]`:             "nothing nested",
		`["_H",1,{}]`:              "nothing nested",
		`["_H",1`:                  "expected , or ]",
		`["_H",1,`:                 "never closed",
		`["_H",1,]`:                "expected a number",
		`["_H" 1]`:                 "expected , or ]",
		`["_H",1] x`:               "something follows",
		`["_H",1,"a`:               "never closed",
		`["_H",1,"\q"]`:            "malformed string",
		`["_H",1,"a` + "\n" + `"]`: "malformed string",
		`["_H",1,01]`:              "malformed number",
		`["_H",1,1e]`:              "malformed number",
		`["_H",1,--1]`:             "malformed number",
		`["_H",1,nul]`:             "expected a number",
		`["_H",1,` + strings.Repeat("9", 5000) + `]`: "digits is longer",
	} {
		_, err := bytecode.Decode([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: have %v, want an error with %q", text, err, want)
		}
	}
}

func TestDecodeIsBounded(t *testing.T) {
	t.Parallel()
	many := `["_H",1` + strings.Repeat(",1", bytecode.MaxElements) + `]`
	if _, err := bytecode.Decode([]byte(many)); err == nil || !strings.Contains(err.Error(), "elements") {
		t.Errorf("too many elements: %v", err)
	}
	if _, err := bytecode.Decode(make([]byte, bytecode.MaxBytes+1)); err == nil || !strings.Contains(err.Error(), "allowed") {
		t.Errorf("too many bytes: %v", err)
	}
}

func TestMarshalJSON(t *testing.T) {
	t.Parallel()
	p := &bytecode.Program{Version: 1, Code: []bytecode.Elem{bytecode.IntElem(34), bytecode.FloatElem(2)}}
	data, err := json.Marshal(p)
	if err != nil || string(data) != `["_H",1,34,2.0]` {
		t.Errorf("%s, %v", data, err)
	}
	var q bytecode.Program
	if err := json.Unmarshal(data, &q); err != nil || q.Code[1].Kind != bytecode.KindFloat {
		t.Errorf("%+v, %v", q, err)
	}
	p.Code[1] = bytecode.FloatElem(math.Inf(1))
	if _, err := json.Marshal(p); err == nil {
		t.Error("infinity has no JSON form, and was written")
	}
}

func TestDisassemble(t *testing.T) {
	t.Parallel()
	p, err := bytecode.Decode([]byte(`["_H",1,32,"c",1,1,40,4,33,1,39,2,33,2,52,"f",1,1,3,55,0,38,53,1,true,0,50,4,null,99,"x",2,"cut"]`))
	if err != nil {
		t.Fatal(err)
	}
	const want = `0000  STRING "c"
0002  GET_GLOBAL 1
0004  JUMP_IF_FALSE 4 -> 0010
0006  INTEGER 1
0008  JUMP 2 -> 0012
0010  INTEGER 2
0012  CALLABLE "f" 1 1 3
0017      GET_UPVALUE 0
0019      RETURN
0020  CLOSURE 1 true 0
0024  TRY 4 -> 0029
0026  data null
0027  data 99
0028  data "x"
0029  data 2
0030  data "cut"
`
	if have := bytecode.Disassemble(p); have != want {
		t.Errorf("have\n%s\nwant\n%s", have, want)
	}
}

func TestOpNames(t *testing.T) {
	t.Parallel()
	if have := bytecode.JumpIfStackNotNull.String(); have != "JUMP_IF_STACK_NOT_NULL" {
		t.Error(have)
	}
	if have := bytecode.Op(99).String(); have != "99" {
		t.Error(have)
	}
	known := 0
	for op := range 256 {
		if bytecode.Op(op).Known() {
			known++
		}
	}
	if known != 57 {
		t.Errorf("%d operations are known, want 57", known)
	}
}

// FuzzDecodeBytecode: whatever is accepted is written again as it was read,
// and can be listed.
func FuzzDecodeBytecode(f *testing.F) {
	f.Add([]byte(`["_H",1,33,1,33,2,6]`))
	f.Add([]byte(`["_h",32,"a\u0041é",34,1e-05,null,true,53,9999999]`))
	f.Add([]byte(`["_H", 1, 52, "f", 0, 0, 4611686018427387904]`))
	f.Add([]byte(`["_H",1,33,123456789012345678901234567890,34,-Infinity]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := bytecode.Decode(data)
		if err != nil {
			return
		}
		bytecode.Disassemble(p)
		text := p.String()
		q, err := bytecode.Decode([]byte(text))
		if err != nil {
			t.Fatalf("%q is written as %q: %v", data, text, err)
		}
		if again := q.String(); again != text {
			t.Fatalf("%q is written as %q and then as %q", data, text, again)
		}
	})
}
