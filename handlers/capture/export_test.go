package capture

import (
	"time"

	"hogpen/cdp"
)

// What the tests see of the inside.

// Scan validates one JSON text as the scanner does.
func Scan(b []byte) error {
	s := scanner{b: b}
	if _, err := s.skip(); err != nil {
		return err
	}
	return s.end()
}

// Payload decodes a request's payload.
func Payload(body []byte, contentType, encoding, compression string, legacy bool, limit int) (string, error) {
	r := request{body: body, contentType: contentType, encoding: encoding, compression: compression, legacy: legacy, limit: limit}
	p, err := r.payload()
	if err != nil {
		return "", err
	}
	defer p.release()
	return string(p.text), nil
}

// LZ64 undoes LZString's compressToBase64.
func LZ64(b []byte, limit int) (string, error) {
	out, err := unlz64(b, limit)
	return string(out), err
}

// Now is the clock of Events.
var Now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Events reads a JSON payload and makes its events.
func Events(b []byte, sentAt time.Time) ([]cdp.Event, string, error) {
	r, err := readPayload(b, false)
	if err != nil {
		return nil, "", err
	}
	if r.sentAt.IsZero() {
		r.sentAt = sentAt
	}
	token, err := r.tokenOf()
	if err != nil {
		return nil, "", err
	}
	w := builder{project: cdp.Project{ID: 7}, now: Now, sentAt: r.sentAt, ip: "203.0.113.9", newUUID: func() string { return "new" }}
	e, err := w.events(r.events)
	return e, token, err
}

// EventsV1 reads a body of Capture V1 and tells each UUID's result.
func EventsV1(body []byte, now time.Time) (events []cdp.Event, results map[string]string, err error) {
	batch, ids, err := readV1(body)
	if err != nil {
		return nil, nil, err
	}
	b := builder{now: now, sentAt: now, ip: "203.0.113.9", newUUID: func() string { return "made" }, historical: batch.Historical}
	results = map[string]string{}
	for i := range batch.Batch {
		made, r := b.v1(&batch.Batch[i], ids[i], v1Head{lib: "lib", version: "1"}, batch.CaptureInternal)
		results[ids[i]] = r.Result
		events = append(events, made...)
	}
	return events, results, nil
}
