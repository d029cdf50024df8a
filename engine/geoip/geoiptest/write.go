// Package geoiptest writes small files of the MaxMind DB format for tests: a
// search tree of 24-bit records over IPv6, the data behind it, the metadata at
// the end. https://maxmind.github.io/MaxMind-DB/ tells the format.
package geoiptest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"os"
	"slices"
	"testing"
)

// Places are records by network, each as JSON.
type Places map[string]string

// London is the record that real files give for 89.160.20.129's neighbours in
// shape: all that templates read, and a name in a second language.
const London = `{
	"city": {"geoname_id": 2643743, "names": {"de": "London", "en": "London"}},
	"continent": {"code": "EU", "names": {"en": "Europe"}},
	"country": {"iso_code": "GB", "names": {"en": "United Kingdom", "pt-BR": "Reino Unido"}, "is_in_european_union": false},
	"location": {"accuracy_radius": 10, "latitude": 51.5142, "longitude": -0.0931, "time_zone": "Europe/London"},
	"postal": {"code": "EC2V"},
	"subdivisions": [{"iso_code": "ENG", "names": {"en": "England"}}, {"iso_code": "LND", "names": {"en": "City of London"}}]
}`

// Write writes a file with the places.
func Write(t testing.TB, path string, places Places) {
	t.Helper()
	if err := os.WriteFile(path, Bytes(t, places), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Bytes is the content of such a file.
func Bytes(t testing.TB, places Places) []byte {
	t.Helper()
	w := &tree{nodes: [][2]int{{empty, empty}}}
	var data []byte
	for _, network := range slices.Sorted(maps.Keys(places)) {
		prefix, err := netip.ParsePrefix(network)
		if err != nil {
			t.Fatal(err)
		}
		var record any
		if err := json.Unmarshal([]byte(places[network]), &record); err != nil {
			t.Fatalf("%s: %v", network, err)
		}
		w.insert(prefix, len(data))
		data = encode(data, record)
	}
	out := w.bytes()
	out = append(out, make([]byte, 16)...)
	out = append(append(out, data...), "\xab\xcd\xefMaxMind.com"...)
	return encode(out, map[string]any{
		"binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0), "build_epoch": uint64(1_760_000_000),
		"database_type": "Test-City", "description": map[string]any{"en": "made by a test"}, "ip_version": uint16(6),
		"languages": []any{"en"}, "node_count": uint32(len(w.nodes)), "record_size": uint16(24),
	})
}

// empty and below are records without a node: nothing, and data at -2-record.
const empty = -1

type tree struct{ nodes [][2]int }

// insert leads a network to data; IPv4 lies at ::/96.
func (w *tree) insert(p netip.Prefix, at int) {
	addr, bits := p.Addr().As16(), p.Bits()
	if p.Addr().Is4() {
		v4 := p.Addr().As4()
		addr = [16]byte{}
		copy(addr[12:], v4[:])
		bits += 96
	}
	node := 0
	for i := range bits {
		side := int(addr[i/8]>>(7-i%8)) & 1
		if i == bits-1 {
			w.nodes[node][side] = -2 - at
			return
		}
		if w.nodes[node][side] < 0 {
			w.nodes = append(w.nodes, [2]int{empty, empty})
			w.nodes[node][side] = len(w.nodes) - 1
		}
		node = w.nodes[node][side]
	}
}

func (w *tree) bytes() []byte {
	var out []byte
	for _, n := range w.nodes {
		for _, r := range n {
			switch {
			case r == empty:
				r = len(w.nodes)
			case r < empty:
				r = len(w.nodes) + 16 + (-2 - r)
			}
			out = append(out, byte(r>>16), byte(r>>8), byte(r))
		}
	}
	return out
}

// The types of the format's data.
const (
	typeString = 2
	typeDouble = 3
	typeUint16 = 5
	typeUint32 = 6
	typeMap    = 7
	typeUint64 = 9
	typeArray  = 11
	typeBool   = 14
)

func encode(b []byte, x any) []byte {
	switch x := x.(type) {
	case string:
		return append(control(b, typeString, len(x)), x...)
	case float64:
		if x == math.Trunc(x) && x >= 0 {
			return encode(b, uint32(x))
		}
		return binary.BigEndian.AppendUint64(control(b, typeDouble, 8), math.Float64bits(x))
	case bool:
		n := 0
		if x {
			n = 1
		}
		return control(b, typeBool, n)
	case uint16:
		return binary.BigEndian.AppendUint16(control(b, typeUint16, 2), x)
	case uint32:
		return binary.BigEndian.AppendUint32(control(b, typeUint32, 4), x)
	case uint64:
		return binary.BigEndian.AppendUint64(control(b, typeUint64, 8), x)
	case map[string]any:
		b = control(b, typeMap, len(x))
		for _, k := range slices.Sorted(maps.Keys(x)) {
			b = encode(encode(b, k), x[k])
		}
		return b
	case []any:
		b = control(b, typeArray, len(x))
		for _, item := range x {
			b = encode(b, item)
		}
		return b
	}
	panic(fmt.Sprintf("geoiptest: %T has no place in the format", x))
}

// control writes the byte or two that say type and size.
func control(b []byte, kind, size int) []byte {
	if kind > 7 {
		b = append(b, byte(size&31), byte(kind-7))
		return b
	}
	if size < 29 {
		return append(b, byte(kind<<5|size))
	}
	return append(b, byte(kind<<5|29), byte(size-29))
}
