package app_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"hogpen/app/apptest"
)

const (
	uuid1 = "0195a1f0-7d7e-7000-8000-000000000001"
	uuid2 = "0195a1f0-7d7e-7000-8000-000000000002"
	uuid3 = "0195a1f0-7d7e-7000-8000-000000000003"
)

type v1Answer struct {
	Status  int
	Error   string
	Results map[string]struct {
		Result  string
		Details *string
	}
}

// v1 posts a body as SDKs do; headers are pairs, and one with an empty value
// is left out.
func v1(t *testing.T, h *apptest.House, body []byte, headers ...string) (a v1Answer) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", h.URL+"/i/v1/analytics/events/", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	all := append([]string{
		"Authorization", "Bearer " + h.Info.ProjectToken, "PostHog-Sdk-Info", "posthog-node/5.0.0", "PostHog-Attempt", "1",
		"PostHog-Request-Id", uuid1, "PostHog-Request-Timestamp", "2026-03-01T10:00:00Z", "Content-Type", "application/json",
	}, headers...)
	for i := 0; i < len(all); i += 2 {
		req.Header.Set(all[i], all[i+1])
		if all[i+1] == "" {
			req.Header.Del(all[i])
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatalf("%d %s: %v", res.StatusCode, raw, err)
	}
	a.Status = res.StatusCode
	return a
}

func one(members string) string {
	return `{"batch": [{"event": "a", "uuid": "` + uuid1 + `", "distinct_id": "u1", "timestamp": "2026-03-01T10:00:00Z"` + members + `}]}`
}

// TestCaptureV1 is runtime specification 1.9, and rows 17 and 18 of 15.1.
func TestCaptureV1(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	h.CreateFunction(t, map[string]any{
		"type": "destination", "name": "Out", "enabled": true, "filters": map[string]any{"source": "events"},
		"hog": "fetch('" + h.Sink.URL + "/in', {'body': {'uuid': event.uuid, 'event': event.event, 'properties': event.properties}})",
	})
	a := v1(t, h, []byte(`{"created_at": "2026-03-01T10:00:00.000Z", "batch": [
		{"event": "signed up", "uuid": "`+uuid1+`", "distinct_id": "u1", "timestamp": "2026-03-01T09:59:59.123456Z", "session_id": "s", "window_id": "w",
		 "options": {"cookieless_mode": "0", "process_person_profile": 1, "product_tour_id": "tour"}, "properties": {"plan": "pro"}},
		{"event": "", "uuid": "`+uuid2+`", "distinct_id": "u1", "timestamp": "2026-03-01T10:00:00Z"},
		{"event": "b", "uuid": "`+uuid3+`", "distinct_id": "Anonymous", "timestamp": "2026-03-01T10:00:00Z", "properties": {}}]}`))
	if a.Status != 200 || len(a.Results) != 3 || a.Results[uuid1].Result != "ok" || a.Results[uuid1].Details != nil {
		t.Fatalf("%+v", a)
	}
	if r := a.Results[uuid2]; r.Result != "drop" || r.Details == nil || *r.Details != "missing_event_name" {
		t.Errorf("the bad event: %+v", r)
	}
	if r := a.Results[uuid3]; r.Result != "warning" || r.Details == nil || *r.Details != "person_processing_disabled" {
		t.Errorf("nobody's event: %+v", r)
	}
	arrived := ""
	for _, r := range h.Sink.Wait(t, 2) {
		arrived += r.Body
	}
	for _, want := range []string{uuid1, uuid3, `"plan":"pro"`, `"$session_id":"s"`, `"$window_id":"w"`, `"$lib":"posthog-node"`, `"$lib_version":"5.0.0"`,
		`"$product_tour_id":"tour"`, `"$process_person_profile":false`, `"$cookieless_mode":false`} {
		if !strings.Contains(arrived, want) {
			t.Errorf("%s is not in %s", want, arrived)
		}
	}
	// Normalising deletes the flag wherever it is not false (1.10).
	if strings.Contains(arrived, `"$process_person_profile":true`) {
		t.Errorf("the flag is still in %s", arrived)
	}
	for _, tt := range []struct{ members, details string }{
		{`, "event": 5`, "missing_event_name"},
		{`, "event": "` + strings.Repeat("é", 201) + `"`, "event_name_too_long"},
		{`, "distinct_id": " "`, "missing_distinct_id"},
		{`, "distinct_id": "` + strings.Repeat("x", 201) + `"`, "distinct_id_too_large"},
		{`, "timestamp": "yesterday"`, "invalid_event_timestamp"},
		{`, "properties": [1]`, "malformed_event_properties"},
		{`, "options": {"cookieless_mode": "perhaps"}`, "invalid_options"},
	} {
		if r := v1(t, h, []byte(one(tt.members))).Results[uuid1]; r.Result != "drop" || r.Details == nil || *r.Details != tt.details {
			t.Errorf("%s: %+v", tt.details, r)
		}
	}
}

// TestCaptureV1Refusals are requests of which nothing is taken.
func TestCaptureV1Refusals(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	good := one("")
	for _, tt := range []struct {
		body   string
		header []string
		status int
		tag    string
	}{
		{`{"batch": [{"event": "a", "uuid": "` + uuid1 + `"}, {"event": "b", "uuid": "` + strings.ToUpper(uuid1) + `"}]}`, nil, 400, "duplicate_event_uuid"},
		{`{"batch": [{"event": "a"}]}`, nil, 400, "missing_event_uuid"},
		{`{"batch": [{"uuid": "1"}]}`, nil, 400, "invalid_event_uuid"},
		{`{"batch": []}`, nil, 400, "empty_batch"},
		{`{"batch": 5}`, nil, 400, "invalid_batch"},
		{`{`, nil, 400, "invalid_body"},
		{"", nil, 400, "empty_body"},
		{good, []string{"Authorization", ""}, 401, "missing_authorization"},
		{good, []string{"Authorization", "Basic abc"}, 400, "invalid_header_value"},
		{good, []string{"Authorization", "Bearer phc_unknown"}, 401, "invalid_token"},
		{good, []string{"PostHog-Attempt", ""}, 400, "missing_required_header"},
		{good, []string{"PostHog-Attempt", "0"}, 400, "invalid_header_value"},
		{good, []string{"PostHog-Sdk-Info", "node"}, 400, "invalid_header_value"},
		{good, []string{"Content-Type", "text/plain"}, 415, "unsupported_content_type"},
		{good, []string{"Content-Encoding", "lz4"}, 415, "unsupported_content_encoding"},
		{good, []string{"Content-Encoding", "gzip"}, 400, "invalid_body"},
	} {
		if a := v1(t, h, []byte(tt.body), tt.header...); a.Status != tt.status || a.Error != tt.tag {
			t.Errorf("%.60s %v: %d %s, want %d %s", tt.body, tt.header, a.Status, a.Error, tt.status, tt.tag)
		}
	}
}

// pack packs a text as a content coding does.
func pack(t *testing.T, text string, open func(w io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := open(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestCaptureV1Codings: each coding is undone; "deflate" is zlib, and what many
// send by that name, bare. A body that unpacks beyond the limit is refused, as
// is one that is none or is cut short.
func TestCaptureV1Codings(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	codings := map[string]func(w io.Writer) (io.WriteCloser, error){
		"gzip":         func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
		"zstd":         func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
		"br":           func(w io.Writer) (io.WriteCloser, error) { return brotli.NewWriter(w), nil },
		"deflate":      func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil },
		"deflate bare": func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) },
	}
	bomb := one(`, "properties": {"x": "` + strings.Repeat("a", 21<<20) + `"}`)
	for name, open := range codings {
		coding, _, _ := strings.Cut(name, " ")
		good := pack(t, one(""), open)
		if a := v1(t, h, good, "Content-Encoding", coding); a.Status != 200 || a.Results[uuid1].Result != "ok" {
			t.Errorf("%s: %+v", name, a)
		}
		if a := v1(t, h, good[:len(good)/2], "Content-Encoding", coding); a.Status != 400 || a.Error != "invalid_body" {
			t.Errorf("%s, cut short: %+v", name, a)
		}
		if a := v1(t, h, []byte("no such thing"), "Content-Encoding", coding); a.Status != 400 || a.Error != "invalid_body" {
			t.Errorf("%s, something else: %+v", name, a)
		}
		if a := v1(t, h, pack(t, bomb, open), "Content-Encoding", coding); a.Status != 413 {
			t.Errorf("%s, a bomb: %+v", name, a)
		}
	}
}

// TestHistoricalMigration: such events are stored, and reach no destination.
func TestHistoricalMigration(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	h.CreateFunction(t, map[string]any{
		"type": "destination", "name": "Out", "enabled": true, "filters": map[string]any{"source": "events"},
		"hog": "fetch('" + h.Sink.URL + "/' || event.event)",
	})
	body := `{"api_key": "` + h.Info.ProjectToken + `", "historical_migration": true, "batch": [{"event": "old", "distinct_id": "u1", "uuid": "` + uuid1 + `"}]}`
	res, err := http.Post(h.URL+"/batch/", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if a := v1(t, h, []byte(`{"historical_migration": true, "batch": [{"event": "old", "uuid": "`+uuid2+`", "distinct_id": "u1", "timestamp": "2026-03-01T10:00:00Z"}]}`)); a.Status != 200 {
		t.Errorf("%+v", a)
	}
	// The same person's: it comes after the others.
	h.Capture(t, "new", "u1", nil)
	if got := h.Sink.Wait(t, 1); len(got) != 1 || got[0].Path != "/new" {
		t.Errorf("requests %+v", got)
	}
	for _, id := range []string{uuid1, uuid2} {
		apptest.Eventually(t, func() error {
			status, raw := h.API(t, "GET", h.Project("events/%s/trace/", id), nil)
			if status != http.StatusOK {
				return io.ErrUnexpectedEOF
			}
			if !strings.Contains(string(raw), "old") {
				t.Errorf("trace %s", raw)
			}
			return nil
		})
	}
}
