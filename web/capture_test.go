package web_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"hogpen/cdp"
)

func zip(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

const accepted = `{"status":"Ok"}`

// The names are the rows of the runtime specification, 15.1.
func TestCaptureAcceptance(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	token := h.owner.Project.Token
	single := `{"api_key":"` + token + `","event":"signed up","distinct_id":"u1","properties":{"plan":"pro"}}`
	// stored asks for the plain success and gives the events.
	stored := func(t *testing.T, a answer, n int) []cdp.Event {
		t.Helper()
		events := h.taken()
		if a.status != 200 || a.body != accepted || a.header.Get("Content-Type") != "application/json" || len(events) != n {
			t.Fatalf("%d %q %v, %d events, want %d", a.status, a.body, a.header, len(events), n)
		}
		return events
	}
	refused := func(t *testing.T, a answer, status int, body string) {
		t.Helper()
		if n := len(h.taken()); a.status != status || a.body != body || n != 0 {
			t.Fatalf("%d %q, %d events, want %d %q", a.status, a.body, n, status, body)
		}
	}
	t.Run("1 a single event", func(t *testing.T) {
		for _, path := range []string{"/capture/", "/capture", "/e/", "/i/v0/e/", "/i/v0/e", "/batch", "/track/", "/engage/"} {
			e := stored(t, c.do("POST", path, single, "Content-Type", "application/json"), 1)[0]
			if e.Name != "signed up" || e.DistinctID != "u1" || e.Project != h.owner.Project.ID || len(e.UUID) != 36 || !e.Timestamp.Equal(noon) || !e.ReceivedAt.Equal(noon) {
				t.Errorf("%s: %+v", path, e)
			}
		}
	})
	t.Run("2 gzip without a hint", func(t *testing.T) {
		stored(t, c.do("POST", "/capture/", zip(single), "Content-Type", "text/plain"), 1)
	})
	t.Run("3 an array with the clock in the query", func(t *testing.T) {
		body := `[{"event":"a","timestamp":"2026-03-01T11:00:00Z","properties":{"token":"` + token + `","distinct_id":"u"}},` +
			`{"event":"b","properties":{"token":"` + token + `","distinct_id":"u"}}]`
		sent := fmt.Sprint(noon.Add(-30 * time.Minute).UnixMilli())
		e := stored(t, c.do("POST", "/e/?compression=gzip-js&_="+sent, zip(body)), 2)
		if want := noon.Add(-30 * time.Minute); !e[0].Timestamp.Equal(want) || !e[1].Timestamp.Equal(noon) {
			t.Errorf("timestamps %v %v, want %v", e[0].Timestamp, e[1].Timestamp, want)
		}
		if !strings.Contains(string(e[0].Properties), `"$sent_at":"2026-03-01T11:30:00.000Z"`) {
			t.Errorf("properties %s", e[0].Properties)
		}
	})
	t.Run("4 a form with spaces for plus signs", func(t *testing.T) {
		b64 := base64.StdEncoding.EncodeToString([]byte(strings.Replace(single, "pro", "a>>??~~é", 1)))
		if !strings.Contains(b64, "+") {
			t.Fatal("the sample has no plus sign")
		}
		stored(t, c.do("POST", "/e/?compression=base64", "data="+b64, "Content-Type", "application/x-www-form-urlencoded"), 1)
	})
	t.Run("6 GET with data", func(t *testing.T) {
		b64 := base64.StdEncoding.EncodeToString([]byte(single))
		stored(t, c.do("GET", "/e/?data="+url.QueryEscape(b64), ""), 1)
		stored(t, c.do("GET", "/e/?data="+url.QueryEscape(single), ""), 1)
	})
	t.Run("7 sentAt is no clock", func(t *testing.T) {
		body := `{"api_key":"` + token + `","batch":[{"event":"a","distinct_id":"u","timestamp":"2026-03-01T11:00:00Z"}],"sentAt":"2026-03-01T11:30:00Z"}`
		if e := stored(t, c.do("POST", "/batch/", body), 1)[0]; !e.Timestamp.Equal(noon.Add(-time.Hour)) {
			t.Errorf("timestamp %v", e.Timestamp)
		}
	})
	t.Run("8 one bad event", func(t *testing.T) {
		body := `{"api_key":"` + token + `","batch":[{"event":"a","distinct_id":"u"},{"event":"b"}]}`
		refused(t, c.do("POST", "/batch/", body), 400, "event submitted without a distinct_id")
	})
	t.Run("9 two tokens", func(t *testing.T) {
		body := `[{"event":"a","distinct_id":"u","token":"` + token + `"},{"event":"b","distinct_id":"u","token":"phc_other"}]`
		refused(t, c.do("POST", "/e/", body), 401, "batch submitted with inconsistent api_key values")
	})
	t.Run("10 tokens", func(t *testing.T) {
		for tok, reason := range map[string]string{"phx_a": "personal_api_key", "phc_nobody": "unknown", "": "empty"} {
			refused(t, c.do("POST", "/e/", strings.Replace(single, token, tok, 1)), 401, "API key is not valid: "+reason)
		}
	})
	t.Run("11 distinct IDs", func(t *testing.T) {
		e := stored(t, c.do("POST", "/e/", strings.Replace(single, `"u1"`, `{"b":1,"a":2}`, 1)), 1)[0]
		if e.DistinctID != `{"a":2,"b":1}` {
			t.Errorf("distinct ID %q", e.DistinctID)
		}
	})
	t.Run("13 $set", func(t *testing.T) {
		body := `{"api_key":"` + token + `","event":"a","distinct_id":"u","$set":{"x":1},"properties":{"$set":{"x":2}}}`
		e := stored(t, c.do("POST", "/e/", body), 1)[0]
		var p struct {
			Set map[string]int `json:"$set"`
		}
		if err := json.Unmarshal(e.Properties, &p); err != nil || p.Set["x"] != 1 {
			t.Errorf("properties %s, %v", e.Properties, err)
		}
	})
	t.Run("14 beacon", func(t *testing.T) {
		if a := c.do("POST", "/e/?beacon=1", single); a.status != 204 || a.body != "" || len(h.taken()) != 1 {
			t.Errorf("%d %q", a.status, a.body)
		}
	})
	t.Run("15 a UUID of its own", func(t *testing.T) {
		body := strings.Replace(single, "{", `{"uuid":"0195A1F0-7D7E-7000-8000-000000000001",`, 1)
		if e := stored(t, c.do("POST", "/e/", body), 1)[0]; e.UUID != "0195a1f0-7d7e-7000-8000-000000000001" {
			t.Errorf("uuid %q", e.UUID)
		}
	})
	t.Run("16 CORS", func(t *testing.T) {
		a := c.do("OPTIONS", "/e/", "", "Origin", "https://shop.example.com", "Access-Control-Request-Headers", "x-a, x-b")
		stored(t, a, 0)
		for k, want := range map[string]string{"Origin": "https://shop.example.com", "Credentials": "true", "Methods": "GET, POST, OPTIONS", "Headers": "x-a, x-b"} {
			if have := a.header.Get("Access-Control-Allow-" + k); have != want {
				t.Errorf("Access-Control-Allow-%s = %q, want %q", k, have, want)
			}
		}
		if a := c.do("POST", "/e/", "", "Origin", "https://shop.example.com"); a.status != 400 || a.header.Get("Access-Control-Allow-Origin") == "" {
			t.Errorf("a refusal: %d %v", a.status, a.header)
		}
	})
	t.Run("faults", func(t *testing.T) {
		refused(t, c.do("POST", "/e/", ""), 400, "request missing data payload")
		refused(t, c.do("POST", "/e/", "[]"), 400, "request holds no event")
		refused(t, c.do("POST", "/e/", zip(single)[:30]), 400, "failed to decode request: invalid GZIP data")
		refused(t, c.do("POST", "/e/", `{"event":`), 400, "failed to parse request: EOF while parsing a value at line 1 column 10")
		refused(t, c.do("POST", "/batch/", zip(strings.Repeat(" ", 21<<20))), 413, "maximum event size exceeded: Event or batch exceeded 20971520 during unzipping")
		if a := c.do("PUT", "/e/", single); a.status != 405 {
			t.Errorf("PUT: %d", a.status)
		}
	})
	t.Run("recordings are thrown away", func(t *testing.T) {
		stored(t, c.do("POST", "/s/", "whatever"), 0)
	})
	t.Run("an engage without a name", func(t *testing.T) {
		body := `{"token":"` + token + `","distinct_id":"u","$set":{"a":1}}`
		if e := stored(t, c.do("POST", "/engage/", body), 1)[0]; e.Name != "$identify" {
			t.Errorf("name %q", e.Name)
		}
		refused(t, c.do("POST", "/e/", body), 400, "failed to hydrate events from request: non-engage request missing event name attribute")
	})
}

func TestCaptureWhenTheHouseFails(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	body := `{"api_key":"` + h.owner.Project.Token + `","event":"a","distinct_id":"u"}`
	for _, tt := range []struct {
		err    error
		status int
		body   string
	}{
		{errors.New("disk full"), 503, "transient error, please retry"},
		{cdp.Errorf(cdp.Unavailable, "", "the queue is full"), 503, "transient error, please retry"},
		{cdp.Errorf(cdp.TooMany, "", "slower"), 429, "rate limited"},
	} {
		h.mu.Lock()
		h.fail = tt.err
		h.mu.Unlock()
		if a := c.do("POST", "/e/", body); a.status != tt.status || a.body != tt.body || a.header.Get("Retry-After") != "1" {
			t.Errorf("%v: %d %q %v", tt.err, a.status, a.body, a.header)
		}
	}
	if !strings.Contains(h.logged(), "disk full") {
		t.Error("the cause is not in the log")
	}
	h.mu.Lock()
	h.fail = nil
	h.mu.Unlock()
	// The database is away before the token was ever seen.
	h2 := start(t)
	h2.store.Fail = errors.New("locked")
	if a := h2.client(t).do("POST", "/e/", strings.Replace(body, h.owner.Project.Token, h2.owner.Project.Token, 1)); a.status != 503 {
		t.Errorf("a locked database: %d %s", a.status, a.body)
	}
}

func TestCalmReplies(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	token := h.owner.Project.Token
	for _, tt := range []struct{ method, path, member, want string }{
		{"POST", "/flags/?v=2", "flags", "{}"},
		{"POST", "/flags/?v=2", "quotaLimited", "[]"},
		{"POST", "/decide/?v=3", "featureFlags", "{}"},
		{"POST", "/decide/?v=4", "analytics", `{"endpoint":"/i/v0/e/"}`},
		{"GET", "/array/" + token + "/config", "hasFeatureFlags", "false"},
		{"GET", "/array/" + token + "/config", "token", `"` + token + `"`},
		{"GET", "/array/" + token + "/config", "siteApps", "[]"},
		{"GET", "/api/surveys/?token=" + token, "surveys", "[]"},
		{"GET", "/api/early_access_features/?token=" + token, "earlyAccessFeatures", "[]"},
		{"GET", "/api/web_experiments/?token=" + token, "experiments", "[]"},
		{"GET", "/api/feature_flag/local_evaluation/?token=" + token, "cohorts", "{}"},
	} {
		a := c.do(tt.method, tt.path, "{}", "Origin", "https://shop.example.com")
		var m map[string]json.RawMessage
		if err := json.Unmarshal([]byte(a.body), &m); err != nil || a.status != 200 {
			t.Fatalf("%s: %d %s %v", tt.path, a.status, a.body, err)
		}
		var have bytes.Buffer
		if err := json.Compact(&have, m[tt.member]); err != nil || have.String() != tt.want {
			t.Errorf("%s: %s = %s, %v, want %s", tt.path, tt.member, have.String(), err, tt.want)
		}
		if a.header.Get("Access-Control-Allow-Origin") != "https://shop.example.com" {
			t.Errorf("%s: no CORS", tt.path)
		}
	}
	a := c.do("GET", "/array/"+token+"/config.js", "")
	if a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), "application/javascript") || !strings.Contains(a.body, `window._POSTHOG_REMOTE_CONFIG["`+token+`"]`) {
		t.Errorf("config.js: %d %s", a.status, a.body)
	}
	if b := c.do("GET", "/array/"+token+"/config.js", "", "If-None-Match", a.header.Get("ETag")); b.status != 304 || b.header.Get("Cache-Control") != "public, max-age=60" {
		t.Errorf("config.js again: %d %v", b.status, b.header)
	}
	for _, path := range []string{"/array/phc_nobody/config", "/array/phc_nobody/config.js", "/array/x%00/config"} {
		if a := c.do("GET", path, ""); a.status != 404 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}
