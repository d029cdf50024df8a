package capture

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/andybalholm/brotli"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"hogpen/cdp"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// Capture V1 (runtime specification 1.9): one route, one form of body, headers
// for what the older routes guess, and an answer for each event. Its events go
// the way of all others: each one that is accepted is written as the older
// routes take it, and read by them.

// v1Fault is an answer to a request as a whole.
type v1Fault struct {
	status    int
	tag, text string
}

func (f *v1Fault) Error() string { return f.text }

func v1Refuse(status int, tag, format string, args ...any) error {
	return &v1Fault{status, tag, fmt.Sprintf(format, args...)}
}

// v1Batch is a request's body.
type v1Batch struct {
	Historical      bool      `json:"historical_migration"`
	CaptureInternal bool      `json:"capture_internal"`
	Batch           []v1Event `json:"batch"`
}

// v1Event is one event; what is wrong in it harms no other one.
type v1Event struct {
	Event      json.RawMessage `json:"event"`
	UUID       json.RawMessage `json:"uuid"`
	DistinctID json.RawMessage `json:"distinct_id"`
	Timestamp  json.RawMessage `json:"timestamp"`
	SessionID  json.RawMessage `json:"session_id"`
	WindowID   json.RawMessage `json:"window_id"`
	Options    json.RawMessage `json:"options"`
	Properties json.RawMessage `json:"properties"`
}

// v1Result is what became of an event.
type v1Result struct {
	Result  string  `json:"result"` // ok, warning, drop
	Details *string `json:"details"`
}

// v1Head is what a request's headers say.
type v1Head struct {
	token        string
	lib, version string
	sentAt       time.Time
}

// Events is POST /i/v1/analytics/events.
func (h *Handler) Events(c *fiber.Ctx) error {
	if c.Method() != fiber.MethodPost {
		return fiber.ErrMethodNotAllowed
	}
	results, err := h.events(c)
	var fault *v1Fault
	switch {
	case err == nil:
		return respond.JSON(c, fiber.StatusOK, fiber.Map{"results": results})
	case errors.As(err, &fault):
		h.log.Debug("capture refused", "request", session.RequestID(c), "status", fault.status, "reason", fault.text)
	default:
		refused := h.failed(c, err)
		fault = &v1Fault{refused.status, "service_unavailable", refused.text}
		if refused.status == fiber.StatusTooManyRequests {
			fault.tag = "rate_limited"
		}
	}
	if fault.status == fiber.StatusTooManyRequests || fault.status >= 500 {
		c.Set(fiber.HeaderRetryAfter, "1")
	}
	return respond.JSON(c, fault.status, fiber.Map{
		"error": fault.tag, "error_description": fault.text, "error_uri": session.From(c).BaseURL + "/api/docs",
	})
}

func (h *Handler) events(c *fiber.Ctx) (map[string]v1Result, error) {
	head, err := v1HeadOf(c)
	if err != nil {
		return nil, err
	}
	project, err := h.tokens.find(c.UserContext(), head.token)
	if cdp.HasCode(err, cdp.NotFound) {
		return nil, v1Refuse(fiber.StatusUnauthorized, "invalid_token", "The project token is not known.")
	}
	if err != nil {
		return nil, fmt.Errorf("project of the token: %w", err)
	}
	body, err := v1Body(c, h.c.MaxBody)
	if err != nil {
		return nil, err
	}
	batch, ids, err := readV1(body)
	if err != nil {
		return nil, err
	}
	results := make(map[string]v1Result, len(ids))
	b := builder{
		project: project, now: h.c.Now().UTC(), sentAt: head.sentAt, ip: session.From(c).IP, newUUID: h.c.NewUUID, historical: batch.Historical,
	}
	var out []cdp.Event
	for i := range batch.Batch {
		e, r := b.v1(&batch.Batch[i], ids[i], head, batch.CaptureInternal)
		results[ids[i]] = r
		out = append(out, e...)
	}
	if len(out) > 0 {
		err = h.c.Capturer.Capture(c.UserContext(), out)
	}
	return results, err
}

func v1HeadOf(c *fiber.Ctx) (v1Head, error) {
	var h v1Head
	auth := c.Get(fiber.HeaderAuthorization)
	if auth == "" {
		return h, v1Refuse(fiber.StatusUnauthorized, "missing_authorization", "The header Authorization is missing.")
	}
	scheme, token, _ := strings.Cut(auth, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return h, v1Refuse(fiber.StatusBadRequest, "invalid_header_value", "The header Authorization must be Bearer and the project's token.")
	}
	var err error
	if h.token, err = checkToken(token); err != nil {
		return h, v1Refuse(fiber.StatusUnauthorized, "invalid_token", "%s", err)
	}
	for _, name := range []string{"PostHog-Sdk-Info", "PostHog-Attempt", "PostHog-Request-Id", "PostHog-Request-Timestamp", "User-Agent"} {
		if c.Get(name) == "" {
			return h, v1Refuse(fiber.StatusBadRequest, "missing_required_header", "The header %s is missing.", name)
		}
	}
	bad := func(name string) error {
		return v1Refuse(fiber.StatusBadRequest, "invalid_header_value", "The header %s cannot be read.", name)
	}
	info := c.Get("PostHog-Sdk-Info")
	at := strings.LastIndexByte(info, '/')
	if at <= 0 || at == len(info)-1 {
		return h, bad("PostHog-Sdk-Info")
	}
	h.lib, h.version = info[:at], info[at+1:]
	if n, err := strconv.Atoi(c.Get("PostHog-Attempt")); err != nil || n < 1 {
		return h, bad("PostHog-Attempt")
	}
	if _, err := uuid.Parse(c.Get("PostHog-Request-Id")); err != nil {
		return h, bad("PostHog-Request-Id")
	}
	if h.sentAt, err = time.Parse(time.RFC3339Nano, c.Get("PostHog-Request-Timestamp")); err != nil {
		return h, bad("PostHog-Request-Timestamp")
	}
	if kind, _, _ := mime.ParseMediaType(c.Get(fiber.HeaderContentType)); kind != fiber.MIMEApplicationJSON {
		return h, v1Refuse(fiber.StatusUnsupportedMediaType, "unsupported_content_type", "The content type must be application/json.")
	}
	return h, nil
}

// v1Body unpacks a body; what it unpacks to is bounded.
func v1Body(c *fiber.Ctx, limit int) ([]byte, error) {
	raw := c.Request().Body()
	if len(raw) == 0 {
		return nil, v1Refuse(fiber.StatusBadRequest, "empty_body", "The body is empty.")
	}
	var r io.Reader
	var err error
	switch coding := strings.ToLower(c.Get(fiber.HeaderContentEncoding)); coding {
	case "", "identity":
		r = bytes.NewReader(raw)
	case "gzip":
		r, err = gzip.NewReader(bytes.NewReader(raw))
	case "zstd":
		var d *zstd.Decoder
		if d, err = zstd.NewReader(bytes.NewReader(raw), zstd.WithDecoderMaxMemory(uint64(limit)+1<<20), zstd.WithDecoderConcurrency(1)); err == nil {
			defer d.Close()
			r = d
		}
	case "br":
		r = brotli.NewReader(bytes.NewReader(raw))
	case "deflate":
		if r, err = zlib.NewReader(bytes.NewReader(raw)); err != nil {
			r, err = flate.NewReader(bytes.NewReader(raw)), nil
		}
	default:
		return nil, v1Refuse(fiber.StatusUnsupportedMediaType, "unsupported_content_encoding", "The content encoding %q is not known.", coding)
	}
	var text []byte
	if err == nil {
		text, err = io.ReadAll(io.LimitReader(r, int64(limit)+1))
	}
	switch {
	case len(text) > limit:
		return nil, v1Refuse(fiber.StatusRequestEntityTooLarge, "payload_too_large", "The body is larger than %d bytes.", limit)
	case err != nil:
		return nil, v1Refuse(fiber.StatusBadRequest, "invalid_body", "The body cannot be unpacked.")
	}
	return text, nil
}

// readV1 reads a batch and the UUIDs of its events, which must be there, each
// once.
func readV1(body []byte) (v1Batch, []string, error) {
	var b v1Batch
	if !utf8.Valid(body) {
		return b, nil, v1Refuse(fiber.StatusBadRequest, "invalid_body", "The body is not UTF-8.")
	}
	if err := json.Unmarshal(body, &b); err != nil {
		tag := "invalid_body"
		if json.Valid(body) {
			tag = "invalid_batch"
		}
		return b, nil, v1Refuse(fiber.StatusBadRequest, tag, "The body cannot be read: %s.", err)
	}
	if len(b.Batch) == 0 {
		return b, nil, v1Refuse(fiber.StatusBadRequest, "empty_batch", "The batch holds no event.")
	}
	ids, seen := make([]string, len(b.Batch)), map[string]bool{}
	for i := range b.Batch {
		given, ok := v1Text(b.Batch[i].UUID)
		if !ok || given == "" {
			return b, nil, v1Refuse(fiber.StatusBadRequest, "missing_event_uuid", "Event %d has no UUID.", i+1)
		}
		id, err := uuid.Parse(given)
		if err != nil {
			return b, nil, v1Refuse(fiber.StatusBadRequest, "invalid_event_uuid", "The UUID of event %d cannot be read.", i+1)
		}
		if seen[id.String()] {
			return b, nil, v1Refuse(fiber.StatusBadRequest, "duplicate_event_uuid", "The UUID %s is there twice.", id)
		}
		ids[i], seen[id.String()] = id.String(), true
	}
	return b, ids, nil
}

// v1Text reads a string; ok is false for all else.
func v1Text(raw json.RawMessage) (text string, ok bool) {
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
		return "", false
	}
	return text, true
}

// v1 makes one event, or says why it is dropped.
func (b *builder) v1(e *v1Event, id string, head v1Head, internal bool) ([]cdp.Event, v1Result) {
	drop := func(tag string) ([]cdp.Event, v1Result) { return nil, v1Result{"drop", &tag} }
	called, _ := v1Text(e.Event)
	who, _ := v1Text(e.DistinctID)
	at, _ := v1Text(e.Timestamp)
	switch _, err := time.Parse(time.RFC3339Nano, at); {
	case called == "":
		return drop("missing_event_name")
	case utf8.RuneCountInString(called) > maxName:
		return drop("event_name_too_long")
	case called == "$performance_event":
		return drop("performance_event")
	case blank(who):
		return drop("missing_distinct_id")
	case utf8.RuneCountInString(who) > maxDistinctID:
		return drop("distinct_id_too_large")
	case err != nil:
		return drop("invalid_event_timestamp")
	}
	props := map[string]json.RawMessage{}
	if len(e.Properties) > 0 && (json.Unmarshal(e.Properties, &props) != nil || props == nil) {
		return drop("malformed_event_properties")
	}
	if !v1Options(e.Options, props) {
		return drop("invalid_options")
	}
	result := v1Result{Result: "ok"}
	if nobody(who) {
		props["$process_person_profile"] = json.RawMessage("false")
		tag := "person_processing_disabled"
		result = v1Result{"warning", &tag}
	}
	v1Extra(e, props, head, internal)
	made, err := b.old(called, who, id, at, props)
	if err != nil {
		return drop("malformed_event_properties")
	}
	return made, result
}

// v1Extra puts back what SDKs of this route move out of the properties.
func v1Extra(e *v1Event, props map[string]json.RawMessage, head v1Head, internal bool) {
	for key, v := range map[string]json.RawMessage{"$session_id": e.SessionID, "$window_id": e.WindowID} {
		if _, ok := v1Text(v); ok {
			props[key] = v
		}
	}
	props["$lib"], props["$lib_version"] = quoted(head.lib), quoted(head.version)
	if internal {
		props["capture_internal"] = json.RawMessage("true")
	}
}

func quoted(s string) json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil {
		return json.RawMessage(`""`)
	}
	return b
}

// old writes an event as the older routes take it, and reads it as they do.
func (b *builder) old(name, who, id, at string, props map[string]json.RawMessage) ([]cdp.Event, error) {
	text, err := json.Marshal(map[string]any{"event": name, "distinct_id": who, "uuid": id, "timestamp": at, "properties": props})
	if err != nil {
		return nil, err
	}
	r, err := readPayload(text, false)
	if err != nil {
		return nil, err
	}
	return b.events(r.events)
}

// v1Options reads an event's options into its properties; false when they
// cannot be read.
func v1Options(raw json.RawMessage, props map[string]json.RawMessage) bool {
	var options map[string]json.RawMessage
	if len(raw) == 0 {
		return true
	}
	if json.Unmarshal(raw, &options) != nil {
		return false
	}
	for name, key := range map[string]string{
		"cookieless_mode": "$cookieless_mode", "disable_skew_correction": "$ignore_sent_at", "process_person_profile": "$process_person_profile",
	} {
		v, ok := options[name]
		if !ok || string(v) == "null" {
			continue
		}
		yes, ok := v1Bool(v)
		if !ok {
			return false
		}
		props[key] = json.RawMessage(strconv.FormatBool(yes))
	}
	if v, ok := options["product_tour_id"]; ok && string(v) != "null" {
		if _, isText := v1Text(v); !isText {
			return false
		}
		props["$product_tour_id"] = v
	}
	return true
}

func v1Bool(raw json.RawMessage) (yes, ok bool) {
	switch text := string(raw); text {
	case "true", `"true"`, `"1"`:
		return true, true
	case "false", `"false"`, `"0"`:
		return false, true
	default:
		n, err := strconv.ParseFloat(text, 64)
		return n != 0, err == nil
	}
}

// nobody tells distinct IDs that programs send when they know nobody, in any
// case. Many people would become one person.
func nobody(id string) bool {
	switch strings.ToLower(strings.TrimSpace(id)) {
	case "0", "00000000-0000-0000-0000-000000000000", "[object object]", "anonymous", "anonymous-user", "backend", "distinct_id",
		"distinctid", "email", "false", "guest", "id", "nan", "none", "not_authenticated", "null", "system", "true", "undefined", "user":
		return true
	}
	return false
}
