package capture_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"hogpen/handlers/capture"
)

func TestScanAgreesWithEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, s := range jsonTexts {
		if have, want := capture.Scan([]byte(s)) == nil, json.Valid([]byte(s)); have != want {
			t.Errorf("%.60q is valid = %t, want %t", s, have, want)
		}
	}
}

var jsonTexts = []string{
	`{}`, `[]`, `""`, `0`, `-0`, `-`, `01`, `1.`, `1.5`, `.5`, `1e5`, `1E+5`, `1e-`, `1e5.5`, `true`, `tru`, `truex`, `null`, `nul`, `false`, ` 1 `, `1 2`,
	``, ` `, `{`, `[`, `"`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `[1,]`, `[,1]`, `[1 2]`, `{"a":1 "b":2}`, `{a:1}`, `{'a':1}`, `{"a":1,"a":2}`,
	`"\n"`, `"\x"`, `"\u12"`, `"\u12g4"`, `"\u1234"`, `"\ud800"`, "\"\n\"", "\"\x00\"", "\"\x7f\"", `"\`, `"\"`, `"\\"`, `"\/"`, `"é😀"`,
	`[[[[[[]]]]]]`, strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001),
	`{"a":{"b":[1,2,{"c":null}]}}`, "\ufeff{}", "{}\x00", `[1,2`, `{"a":[1,{"b":"c`,
}

func FuzzScan(f *testing.F) {
	for _, s := range jsonTexts {
		if len(s) < 100 { // the deep ones slow the fuzzer down
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		if have, want := capture.Scan([]byte(s)) == nil, json.Valid([]byte(s)); have != want {
			t.Fatalf("%q is valid = %t, want %t", s, have, want)
		}
	})
}

func zip(s string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.Bytes()
}

// plusses is a text whose base64 holds plus signs and slashes.
const plusses = `{"event":"a??>>~~","distinct_id":"u"}`

func TestPayload(t *testing.T) {
	t.Parallel()
	const text = `{"event":"é"}`
	const form = "application/x-www-form-urlencoded"
	b64 := base64.StdEncoding.EncodeToString
	spaced := strings.ReplaceAll(b64([]byte(plusses)), "+", " ")
	if !strings.Contains(spaced, " ") {
		t.Fatal("the sample has no plus sign")
	}
	twice := b64([]byte(b64([]byte(text + "  "))))
	for _, tt := range []struct {
		name, body, contentType, encoding, compression string
		legacy                                         bool
		want                                           string
	}{
		{name: "plain", body: text, want: text},
		{name: "base64 without a hint", body: b64([]byte(text)), want: text},
		{name: "base64 with one", body: b64([]byte(text)), compression: "base64", want: text},
		{name: "gzip without a hint", body: string(zip(text)), contentType: "text/plain", want: text},
		{name: "gzip by query", body: string(zip(text)), compression: "GZIP-JS", want: text},
		{name: "gzip by header", body: string(zip(text)), encoding: "gzip", want: text},
		{name: "gzip in base64", body: b64(zip(text)), want: text},
		{name: "an unknown hint", body: text, compression: "zstd", want: text},
		{name: "form", body: "data=" + url.QueryEscape(text), contentType: form, want: text},
		{name: "form with base64", body: "data=" + url.QueryEscape(b64([]byte(plusses))), contentType: form, want: plusses},
		{name: "form with spaces for plus signs", body: "compression=base64&data=" + spaced, contentType: form, want: plusses},
		{name: "form with a hint inside", body: "compression=lz64&data=" + url.QueryEscape(lz64(text)), contentType: form, want: text},
		{name: "lz64", body: lz64(text), compression: "lz64", want: text},
		{name: "base64 twice on a legacy path", body: twice, legacy: true, want: text + "  "},
		{name: "base64 twice elsewhere", body: twice, want: b64([]byte(text + "  "))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			have, err := capture.Payload([]byte(tt.body), tt.contentType, tt.encoding, tt.compression, tt.legacy, 1<<20)
			if err != nil || have != tt.want {
				t.Errorf("payload = %q, %v, want %q", have, err, tt.want)
			}
		})
	}
}

func TestBadPayload(t *testing.T) {
	t.Parallel()
	const form = "application/x-www-form-urlencoded"
	for _, tt := range []struct{ name, body, contentType, compression, want string }{
		{"nothing", "", "", "", "request missing data payload"},
		{"no form", `{"event":"x"}`, form, "", "failed to decode request: expected form data in POST request payload"},
		{"a broken form", "data=%zz", form, "", "failed to decode request: invalid urlencoded form data"},
		{"a form without data", "ip=1", form, "", "request missing data payload"},
		{"no gzip", "plain!", "", "gzip", "failed to decode request: invalid GZIP data"},
		{"half a gzip", string(zip(strings.Repeat("x", 100))[:20]), "", "", "failed to decode request: invalid GZIP data"},
		{"bad UTF-8", "{\"a\":\"\xff\"}", "", "", "failed to decode request: invalid UTF8 in request payload"},
		{"bad LZ64", "AAAA", "", "lz64", "failed to decode request: invalid LZ64 data"},
		{"a gzip bomb", string(zip(strings.Repeat("x", 2001))), "", "", "maximum event size exceeded: Event or batch exceeded 2000 during unzipping"},
		{"an LZ64 bomb", lz64(strings.Repeat("x", 2001)), "", "lz64", "maximum event size exceeded: Event or batch exceeded 2000 during unzipping"},
		{"too much as it is", strings.Repeat("!", 2001), "", "", "maximum event size exceeded: Uncompressed payload size limit 2000 exceeded: 2001"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			have, err := capture.Payload([]byte(tt.body), tt.contentType, "", tt.compression, false, 2000)
			if err == nil || err.Error() != tt.want {
				t.Errorf("payload = %q, %v, want %q", have, err, tt.want)
			}
		})
	}
}

func FuzzPayload(f *testing.F) {
	f.Add([]byte("data=abc"), "application/x-www-form-urlencoded", "base64")
	f.Add(zip(`{"event":"x"}`), "text/plain", "")
	f.Add([]byte(lz64(`{"event":"x"}`)), "", "lz64")
	f.Add([]byte("BYUwNmD2A0AEDukBOYAmQ=="), "", "lz64")
	f.Fuzz(func(t *testing.T, body []byte, contentType, compression string) {
		const limit = 1 << 16
		text, err := capture.Payload(body, contentType, "", compression, true, limit)
		if err == nil && len(text) > limit {
			t.Fatalf("%d bytes came out, the limit is %d", len(text), limit)
		}
	})
}

var lzKnown = map[string]string{
	"Q===":                     "",
	"BIUwNmD2A0AEDukBOYAmQ===": "Hello, world",
	"IY18ZZA=":                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	"N4IgpgbmB2AuIC4QEvC8G4AD2QBoQBMCWAzrPtAMawD6+uiIAriAL5A=": "{\"event\":\"é😀\",\"distinct_id\":\"u\"}",
	"gCAEMEbpHVs/dEOU1yg=": "Ā" + strings.Repeat("ab", 40),
}

func TestLZ64KnownTexts(t *testing.T) {
	t.Parallel()
	// Made with the lz-string package, version 1.5.0.
	for packed, want := range lzKnown {
		if have, err := capture.LZ64([]byte(packed), 1<<20); err != nil || have != want {
			t.Errorf("%s = %q, %v, want %q", packed, have, err, want)
		}
	}
}

func FuzzLZ64RoundTrip(f *testing.F) {
	f.Add("")
	f.Add("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	f.Add("hello, wörld 😀 \u0100\u0101")
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		have, err := capture.LZ64([]byte(lz64(s)), 1<<22)
		if err != nil || have != s {
			t.Fatalf("%q came back as %q, %v", s, have, err)
		}
	})
}

// lz64 is LZString's compressToBase64, written for these tests.
func lz64(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	var out []byte
	val, pos := 0, 0
	bit := func(b int) {
		val = val<<1 | b
		if pos++; pos == 6 {
			out = append(out, alphabet[val])
			val, pos = 0, 0
		}
	}
	put := func(v, n int) {
		for i := range n {
			bit(v >> i & 1)
		}
	}
	dict, fresh := map[string]int{}, map[string]bool{}
	size, grow, width := 3, 2, 2
	less := func() {
		if grow--; grow == 0 {
			grow = 1 << width
			width++
		}
	}
	emit := func(w string) {
		if fresh[w] {
			u := utf16.Encode([]rune(w))
			unit := int(u[0])
			if w[0] == 0xff { // a unit that is no character, see below
				unit = int(w[1])<<8 | int(w[2])
			}
			if unit < 256 {
				put(0, width)
				put(unit, 8)
			} else {
				put(1, width)
				put(unit, 16)
			}
			less()
			delete(fresh, w)
		} else {
			put(dict[w], width)
		}
		less()
	}
	w := ""
	for _, unit := range utf16.Encode([]rune(s)) {
		c := string(rune(unit))
		if utf16.IsSurrogate(rune(unit)) {
			c = string([]byte{0xff, byte(unit >> 8), byte(unit)})
		}
		if _, ok := dict[c]; !ok {
			dict[c] = size
			size++
			fresh[c] = true
		}
		if _, ok := dict[w+c]; ok {
			w += c
			continue
		}
		emit(w)
		dict[w+c] = size
		size++
		w = c
	}
	if w != "" {
		emit(w)
	}
	put(2, width)
	for {
		val <<= 1
		if pos++; pos == 6 {
			out = append(out, alphabet[val])
			break
		}
	}
	for len(out)%4 != 0 {
		out = append(out, '=')
	}
	return string(out)
}

// one reads a payload of one event.
func one(t *testing.T, payload string) (props map[string]any, id, name string) {
	t.Helper()
	events, _, err := capture.Events([]byte(payload), time.Time{})
	if err != nil || len(events) != 1 {
		t.Fatalf("%s: %d events, %v", payload, len(events), err)
	}
	if err := json.Unmarshal(events[0].Properties, &props); err != nil {
		t.Fatalf("properties %s: %v", events[0].Properties, err)
	}
	return props, events[0].DistinctID, events[0].Name
}

func TestShapes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, payload, token string
		events               int
	}{
		{"single", `{"api_key": "phc_x", "event": "signed up", "distinct_id": "u1", "properties": {"plan": "pro"}}`, "phc_x", 1},
		{"array", `[{"event": "a", "properties": {"token": "phc_x", "distinct_id": "u1"}},{"event":"b","$token":"phc_x","$distinct_id":1}]`, "phc_x", 2},
		{"batch", `{"api_key": "phc_x", "batch": [{"event": "a", "distinct_id": "u1", "properties": {}}], "historical_migration": false}`, "phc_x", 1},
		{"batch, token of an event", `{"batch": [{"event": "a", "distinct_id": "u1", "token": " phc_x "}]}`, "phc_x", 1},
		{"batch token wins", `{"token":"phc_x","batch": [{"event": "a", "distinct_id": "u1", "token":"phc_y"}]}`, "phc_x", 1},
		{"escaped names", `{"api\u005fkey": "phc_x", "\u0065vent": "a", "distinct_id": "u1"}`, "phc_x", 1},
		{"performance events go", `{"api_key":"phc_x","batch":[{"event":"$performance_event","distinct_id":"u"},{"event":"a","distinct_id":"u"}]}`, "phc_x", 1},
		{"and leave nothing", `{"api_key":"phc_x","event":"$performance_event","distinct_id":"u"}`, "phc_x", 0},
	} {
		events, token, err := capture.Events([]byte(tt.payload), time.Time{})
		if err != nil || len(events) != tt.events || token != tt.token {
			t.Errorf("%s: %d events, token %q, %v", tt.name, len(events), token, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	event := func(members string) string { return `{"token":"phc_x","event":"a","distinct_id":"u"` + members + `}` }
	for _, tt := range []struct{ payload, want string }{
		{`{"token":"phc_x","event":"","distinct_id":"u"}`, "event submitted with an empty event name"},
		{`{"token":"phc_x","event":"a"}`, "event submitted without a distinct_id"},
		{`{"token":"phc_x","event":"a","distinct_id":null}`, "event submitted without a distinct_id"},
		{`{"token":"phc_x","event":"a","distinct_id":" \t\u00a0"}`, "event submitted without a distinct_id"},
		{`{"token":"phc_x","event":"a","distinct_id":"","properties":{"distinct_id":"u"}}`, "event submitted without a distinct_id"},
		{`{"event":"a","distinct_id":"u"}`, "event submitted without an api_key"},
		{`{"token":"","event":"a","distinct_id":"u"}`, "API key is not valid: empty"},
		{`{"token":"` + strings.Repeat("x", 65) + `","event":"a","distinct_id":"u"}`, "API key is not valid: too_long"},
		{`{"token":"phc_é","event":"a","distinct_id":"u"}`, "API key is not valid: not_ascii"},
		{`{"token":"phx_secret","event":"a","distinct_id":"u"}`, "API key is not valid: personal_api_key"},
		{`{"token":"phc\u0000","event":"a","distinct_id":"u"}`, "API key is not valid: null_byte"},
		{`[{"token":"phc_x","event":"a","distinct_id":"u"},{"token":"phc_y","event":"a","distinct_id":"u"}]`, "batch submitted with inconsistent api_key values"},
		{event(`,"properties":{"$cookieless_mode":"yes"}`), "event submitted with invalid cookieless mode"},
		{event(`,"uuid":"nope"`), "failed to parse request: UUID"},
		{event(`,"properties":[]`), "failed to parse request: invalid type: expected a map"},
		{event(`,"$set":1`), "failed to parse request: invalid type: expected a map"},
		{`{"token":1,"event":"a","distinct_id":"u"}`, "failed to parse request: invalid type: expected a string"},
		{`[]`, "request holds no event"},
		{`{"token":"phc_x","batch":[]}`, "request holds no event"},
		{`{"token":"phc_x","batch":[{"distinct_id":"u"}]}`, "failed to parse request: missing field `event`"},
		{`{"token":"phc_x"}`, "failed to hydrate events from request: non-engage request missing event name attribute"},
		{`{"token":"phc_x","batch":{}}`, "failed to hydrate events from request: non-engage request missing event name attribute"},
		{`{"token":"phc_x",`, "failed to parse request: EOF while parsing a value at line 1 column 18"},
		{"{\n \"a\": tru}", "failed to parse request: expected ident at line 2 column 7"},
		{`{"event":"a"} x`, "failed to parse request: trailing characters"},
		{`"text"`, "failed to parse request: invalid type"},
		{`[1]`, "failed to parse request: expected an object"},
	} {
		_, _, err := capture.Events([]byte(tt.payload), time.Time{})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s\n gives %v\nwant %s", tt.payload, err, tt.want)
		}
	}
}

func TestDistinctID(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ value, want string }{
		{`"u1"`, "u1"}, {`" u1 "`, " u1 "}, {`123`, "123"}, {`1.50`, "1.50"}, {`true`, "true"},
		{`{"b":1,"a":2}`, `{"a":2,"b":1}`}, {`[1, "<é>"]`, `[1,"<é>"]`}, {`"a\u0000b"`, "a\uFFFDb"},
		{`"` + strings.Repeat("é", 201) + `"`, strings.Repeat("é", 200)},
	} {
		_, id, _ := one(t, `{"token":"t","event":"a","distinct_id":`+tt.value+`}`)
		if id != tt.want {
			t.Errorf("distinct_id %s = %q, want %q", tt.value, id, tt.want)
		}
	}
	if _, id, _ := one(t, `{"token":"t","event":"a","distinct_id":null,"properties":{"distinct_id":"p"}}`); id != "p" {
		t.Errorf("from properties = %q, want p", id)
	}
	if _, _, name := one(t, `{"token":"t","event":"`+strings.Repeat("é", 201)+`","distinct_id":"u"}`); name != strings.Repeat("é", 200) {
		t.Errorf("name has %d bytes", len(name))
	}
}

func TestProperties(t *testing.T) {
	t.Parallel()
	sent := time.Date(2026, 3, 1, 11, 30, 0, 5e6, time.UTC)
	for _, tt := range []struct {
		name, members string
		sent          time.Time
		want          string
	}{
		{"none", ``, time.Time{}, `{"$ip":"203.0.113.9"}`},
		{"null", `,"properties":null`, time.Time{}, `{"$ip":"203.0.113.9"}`},
		{"empty", `,"properties":{ }`, time.Time{}, `{"$ip":"203.0.113.9"}`},
		{"bytes are kept", `,"properties":{"a": 1.0, "b":"\u00e9"}`, time.Time{}, `{"a": 1.0, "b":"\u00e9","$ip":"203.0.113.9"}`},
		{"an address of its own", `,"properties":{"$ip":"10.0.0.1"}`, time.Time{}, `{"$ip":"10.0.0.1"}`},
		{"internal", `,"properties":{"capture_internal":true}`, time.Time{}, `{"capture_internal":true,"$ip":"127.0.0.1"}`},
		{"sent_at", `,"properties":{"a":1}`, sent, `{"a":1,"$ip":"203.0.113.9","$sent_at":"2026-03-01T11:30:00.005Z"}`},
		{"sent_at replaced", `,"properties":{"$sent_at":"x","a":1}`, sent, `{"a":1,"$ip":"203.0.113.9","$sent_at":"2026-03-01T11:30:00.005Z"}`},
		{"$set alone", `,"$set":{"x":1}`, time.Time{}, `{"$set":{"x":1},"$ip":"203.0.113.9"}`},
		{"$set twice", `,"$set":{"x":1},"properties":{"$set":{"x":2,"y":3},"z":0}`, time.Time{}, `{"z":0,"$set":{"y":3,"x":1},"$ip":"203.0.113.9"}`},
		{"$set_once twice", `,"$set_once":{"x":1},"properties":{"$set_once":{"x":2}}`, time.Time{}, `{"$set_once":{"x":1},"$ip":"203.0.113.9"}`},
		{"$set that is none", `,"$set":{"x":1},"properties":{"$set":"oops"}`, time.Time{}, `{"$set":{"x":1},"$ip":"203.0.113.9"}`},
		{"$unset outside is lost", `,"$unset":["a"]`, time.Time{}, `{"$ip":"203.0.113.9"}`},
		{"$set null", `,"$set":null,"properties":{"$set":{"x":2}}`, time.Time{}, `{"$set":{"x":2},"$ip":"203.0.113.9"}`},
	} {
		events, _, err := capture.Events([]byte(`{"token":"t","event":"a","distinct_id":"u"`+tt.members+`}`), tt.sent)
		if err != nil || string(events[0].Properties) != tt.want {
			t.Errorf("%s: %s, %v\nwant %s", tt.name, events[0].Properties, err, tt.want)
		}
	}
}

func TestTimestamps(t *testing.T) {
	t.Parallel()
	at := func(clock string) time.Time {
		v, err := time.Parse("15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		return time.Date(2026, 3, 1, v.Hour(), v.Minute(), 0, 0, time.UTC)
	}
	iso := func(clock string) string { return at(clock).Format(time.RFC3339) }
	for _, tt := range []struct{ timestamp, sent, more, want string }{
		{iso("11:00"), "11:30", "", "11:30"},
		{iso("11:00"), "", "", "11:00"},
		{iso("11:00"), "11:30", `,"offset":60000`, "11:59"},
		{"yesterday-ish", "11:30", "", "12:00"},
		{"2026-03-03T12:00:00Z", "", "", "12:00"},
		{iso("11:00"), "11:30", `,"properties":{"$ignore_sent_at":true}`, "11:00"},
		{"", "11:30", "", "12:00"},
		{"2026-03-01T14:00:00+03", "", "", "11:00"},
		{"2026-03-01T14:00:00.000+0300", "", "", "11:00"},
		{"2026-03-01 11:00:00", "", "", "11:00"},
		{"2026-03-01 11:00:00.000000 UTC", "", "", "11:00"},
		{"2026-03-01 14:00:00 +0300", "", "", "11:00"},
		{"2026/03/01 11:00:00", "", "", "11:00"},
		{"2026-03-01", "", "", "00:00"},
		{"Sun, 01 Mar 2026 11:00:00 GMT", "", "", "11:00"},
		{"Sun, 1 Mar 2026 14:00:00 +0300", "", "", "11:00"},
		{fmt.Sprint(at("11:00").Unix()), "", "", "11:00"},
		{fmt.Sprint(at("11:00").UnixMilli()), "", "", "11:00"},
	} {
		var sent time.Time
		if tt.sent != "" {
			sent = at(tt.sent)
		}
		payload := `{"token":"t","event":"a","distinct_id":"u","timestamp":"` + tt.timestamp + `"` + tt.more + `}`
		events, _, err := capture.Events([]byte(payload), sent)
		if err != nil || !events[0].Timestamp.Equal(at(tt.want)) {
			t.Errorf("%s sent %s: %v, %v, want %s", payload, tt.sent, events[0].Timestamp, err, tt.want)
		}
	}
	events, _, err := capture.Events([]byte(`{"token":"t","event":"a","distinct_id":"u","timestamp":-99999999999999}`), time.Time{})
	if err != nil || events[0].Timestamp.Year() < -2000 {
		t.Errorf("%v, %v", events, err)
	}
	events, _, err = capture.Events([]byte(`{"token":"t","event":"a","distinct_id":"u","timestamp":-999999999999999}`), time.Time{})
	if err != nil || !events[0].Timestamp.Equal(time.Unix(0, 0)) {
		t.Errorf("before our era: %v, %v, want 1970", events[0].Timestamp, err)
	}
}

func TestBatchSentAt(t *testing.T) {
	t.Parallel()
	query := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		member string
		want   int // minutes after 11:00
	}{
		{`"sent_at":"2026-03-01T11:30:00Z"`, 30}, // wins over the query
		{`"sentAt":"2026-03-01T11:30:00Z"`, 120}, // is ignored
		{`"sent_at":"nonsense"`, 120},
	} {
		payload := `{"token":"t","batch":[{"event":"a","distinct_id":"u","timestamp":"2026-03-01T11:00:00Z"}],` + tt.member + `}`
		events, _, err := capture.Events([]byte(payload), query)
		want := time.Date(2026, 3, 1, 11, tt.want, 0, 0, time.UTC)
		if tt.want == 120 { // skew of two hours
			want = time.Date(2026, 3, 1, 13, 0, 0, 0, time.UTC)
		}
		if err != nil || !events[0].Timestamp.Equal(want) {
			t.Errorf("%s: %v, %v, want %v", tt.member, events[0].Timestamp, err, want)
		}
	}
}

// FuzzEvents compares with encoding/json: what it takes for an object with
// the wanted members must be read, and what it refuses must be refused.
func FuzzEvents(f *testing.F) {
	f.Add(`{"token":"t","event":"a","distinct_id":"u","properties":{"a":[1,{"b":null}],"$set":{"x":1}},"$set":{"x":2}}`)
	f.Add(`[{"token":"t","event":"a","distinct_id":"u","timestamp":"2026-03-01","uuid":""}]`)
	f.Add(`{"token":"t","batch":[{"event":"a","distinct_id":{"b":1,"a":2},"offset":1e3}],"sent_at":"2026-03-01T11:30:00Z"}`)
	f.Add(`{"token":"t","event":"a","distinct_id":"\ud800","properties":{"\u0024ip":1}}`)
	f.Fuzz(func(t *testing.T, payload string) {
		payload = strings.ToValidUTF8(payload, "?")
		events, _, err := capture.Events([]byte(payload), capture.Now)
		if err != nil {
			return
		}
		var v any
		if err := json.Unmarshal([]byte(payload), &v); err != nil {
			t.Fatalf("%q was read, but %v", payload, err)
		}
		for _, e := range events {
			var have map[string]any
			if err := json.Unmarshal(e.Properties, &have); err != nil {
				t.Fatalf("properties %s of %q: %v", e.Properties, payload, err)
			}
			if have["$sent_at"] == nil || have["$ip"] == nil && !strings.Contains(payload, "ip") {
				t.Fatalf("properties %s lack what clean-up adds", e.Properties)
			}
			if e.DistinctID == "" || e.Name == "" {
				t.Fatalf("event %+v", e)
			}
		}
		if m, ok := v.(map[string]any); ok && len(events) == 1 && m["batch"] == nil && m["$set"] == nil && m["$set_once"] == nil {
			sameProperties(t, m, events[0].Properties)
		}
	})
}

// sameProperties asks that a single event's properties came through.
func sameProperties(t *testing.T, payload map[string]any, out []byte) {
	t.Helper()
	want, _ := payload["properties"].(map[string]any)
	var have map[string]any
	if err := json.Unmarshal(out, &have); err != nil {
		t.Fatal(err)
	}
	for k, v := range want {
		if k != "$sent_at" && !reflect.DeepEqual(have[k], v) {
			t.Fatalf("property %q = %v, want %v", k, have[k], v)
		}
	}
}
