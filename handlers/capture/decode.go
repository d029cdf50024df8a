package capture

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/url"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
)

// request is what decoding reads of an HTTP request. Nothing of it is kept.
type request struct {
	body        []byte
	contentType string
	encoding    string // header Content-Encoding
	data        string // query data
	compression string // query compression
	legacy      bool
	limit       int
}

// payload is the JSON text of a request. It may lie in a pooled buffer, so
// release gives it back once nothing of text is needed.
type payload struct {
	text   []byte
	pooled *bytes.Buffer
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// keepBuffer is the size up to which a buffer goes back to the pool; one
// giant request must not hold its memory for ever.
const keepBuffer = 1 << 20

func (p *payload) release() {
	if p.pooled != nil && p.pooled.Cap() <= keepBuffer {
		p.pooled.Reset()
		buffers.Put(p.pooled)
	}
	p.pooled, p.text = nil, nil
}

// payload decodes in the order of the runtime specification, 1.3; the numbers
// are its steps.
func (r *request) payload() (payload, error) {
	data := r.body // 1
	if r.data != "" {
		data = []byte(r.data)
		if likeBase64(data, true) {
			data = bytes.ReplaceAll(data, []byte(" "), []byte("+"))
		}
	}
	if len(data) == 0 {
		return payload{}, refuse(400, "request missing data payload")
	}
	if len(data) > r.limit {
		return payload{}, tooLarge("Uncompressed payload size limit %d exceeded: %d", r.limit, len(data))
	}
	hint := r.compression
	// LZ64 is written in base64's letters, and must not be taken for it.
	if likeBase64(data, false) && !likeForm(data) && packing(hint, r.encoding) != asLZ64 { // 2
		data = unbase64(data)
	}
	if r.contentType == "application/x-www-form-urlencoded" { // 3
		var err error
		if data, hint, err = readForm(data, hint, r.encoding); err != nil {
			return payload{}, err
		}
	}
	p, err := r.unpack(data, packing(hint, r.encoding)) // 4, 5
	if err != nil {
		return payload{}, err
	}
	if r.legacy && likeBase64(p.text, false) { // 6
		if t := unbase64(p.text); utf8.Valid(t) {
			p.text = t
		}
	}
	return p, nil
}

// readForm gives a form's data, and its hint where the query has none.
func readForm(body []byte, hint, header string) ([]byte, string, error) {
	if !likeForm(body) {
		return nil, "", undecodable("expected form data in POST request payload")
	}
	v, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, "", undecodable("invalid urlencoded form data")
	}
	data := []byte(v.Get("data"))
	if len(data) == 0 {
		return nil, "", refuse(400, "request missing data payload")
	}
	if hint == "" {
		hint = v.Get("compression")
	}
	// A plus sign in a form is a space, unless it was written as %2B, which
	// many SDKs forgot.
	if likeBase64(data, true) {
		data = bytes.ReplaceAll(data, []byte(" "), []byte("+"))
		if packing(hint, header) != asLZ64 {
			data = unbase64(data)
		}
	}
	return data, hint, nil
}

// head is how much of a payload is looked at to guess what it is.
const head = 128

// likeForm tells whether one of the known fields stands at the beginning or
// after an ampersand.
func likeForm(b []byte) bool {
	b = b[:min(len(b), head)]
	for part := range bytes.SplitSeq(b, []byte("&")) {
		for _, name := range []string{"data=", "_=", "ip=", "compression="} {
			if bytes.HasPrefix(part, []byte(name)) {
				return true
			}
		}
	}
	return false
}

// likeBase64 tells whether b could be base64, with spaces if these are taken
// for plus signs.
func likeBase64(b []byte, spaces bool) bool {
	if len(b) == 0 || len(b)%4 != 0 {
		return false
	}
	for _, c := range b[:min(len(b), head)] {
		switch {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/', c == '=':
		case c == ' ' && spaces:
		default:
			return false
		}
	}
	return true
}

// unbase64 decodes b, or gives it back when it is no base64 after all.
func unbase64(b []byte) []byte {
	out := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	n, err := base64.StdEncoding.Decode(out, b)
	if err != nil {
		return b
	}
	return out[:n]
}

// packed is how a payload is packed.
type packed int

const (
	unknown packed = iota
	asGzip
	asLZ64
	asBase64
)

// packing reads the hints: the query's and the form's in any case, the
// header's as it is.
func packing(hint, header string) packed {
	if hint == "" {
		hint = header
	} else {
		hint = strings.ToLower(hint)
	}
	switch hint {
	case "gzip", "gzip-js":
		return asGzip
	case "lz64", "lz-string":
		return asLZ64
	case "base64", "b64":
		return asBase64
	}
	return unknown
}

// unpack undoes the packing. gzip is known by its first bytes, too: today's
// posthog-js sends it without any hint.
func (r *request) unpack(data []byte, how packed) (payload, error) {
	var p payload
	var err error
	switch {
	case how == asGzip, bytes.HasPrefix(data, []byte{0x1f, 0x8b, 0x08}):
		p, err = ungzip(data, r.limit)
	case how == asLZ64:
		p.text, err = unlz64(data, r.limit)
	case how == asBase64:
		p.text = unbase64(data)
	default:
		p.text = data
	}
	if err != nil {
		p.release()
		return payload{}, err
	}
	if !utf8.Valid(p.text) {
		p.release()
		return payload{}, undecodable("invalid UTF8 in request payload")
	}
	return p, nil
}

var gunzippers = sync.Pool{New: func() any { return new(gzip.Reader) }}

// ungzip unpacks no more than the limit, whatever the stream claims.
func ungzip(data []byte, limit int) (payload, error) {
	z := gunzippers.Get().(*gzip.Reader)
	defer gunzippers.Put(z)
	if err := z.Reset(bytes.NewReader(data)); err != nil {
		return payload{}, undecodable("invalid GZIP data")
	}
	buf := buffers.Get().(*bytes.Buffer)
	p := payload{pooled: buf}
	n, err := io.Copy(buf, io.LimitReader(z, int64(limit)+1))
	if err != nil {
		p.release()
		return payload{}, undecodable("invalid GZIP data")
	}
	if n > int64(limit) {
		p.release()
		return payload{}, tooLarge("Event or batch exceeded %d during unzipping", limit)
	}
	p.text = buf.Bytes()
	return p, nil
}
