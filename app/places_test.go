package app_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hogpen/app"
	"hogpen/app/apptest"
	"hogpen/engine/geoip/geoiptest"
)

// TestGeoIP: with a database a new project has the transformation, and an
// event from 127.0.0.1 gets the place of 89.160.20.129 (15.2, 12).
func TestGeoIP(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "places.mmdb")
	geoiptest.Write(t, file, geoiptest.Places{"89.160.20.0/24": geoiptest.London})
	h := apptest.New(t, func(c *app.Config) { c.GeoIPDatabase = file })
	status, body := h.API(t, "GET", "/api/projects/@current/hog_functions/?type=transformation", nil)
	var list struct {
		Results []struct {
			ID, Name       string
			Enabled        bool
			ExecutionOrder int `json:"execution_order"`
		}
	}
	if err := json.Unmarshal(body, &list); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s %v", status, body, err)
	}
	if len(list.Results) != 1 || list.Results[0].Name != "GeoIP" || !list.Results[0].Enabled || list.Results[0].ExecutionOrder != 1 {
		t.Fatalf("a new project has %s", body)
	}
	status, body = h.API(t, "POST", "/api/projects/@current/hog_functions/"+list.Results[0].ID+"/invocations/", map[string]any{
		"configuration": map[string]any{}, "globals": map[string]any{"event": map[string]any{
			"uuid": "0195a1f0-7d7e-7000-8000-000000000001", "event": "$pageview", "distinct_id": "u1", "timestamp": "2026-03-01T10:00:00Z",
			"properties": map[string]any{"$ip": "127.0.0.1"},
		}},
	})
	if status != http.StatusOK || !strings.Contains(string(body), `"$geoip_city_name":"London"`) && !strings.Contains(string(body), `"$geoip_city_name": "London"`) {
		t.Errorf("the event becomes %d %s", status, body)
	}
}

// TestBadGeoIPDatabase: a file that cannot be used stops the start with a
// sentence that names the flag and the file.
func TestBadGeoIPDatabase(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "places.mmdb")
	if err := os.WriteFile(file, []byte("not a database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{file: "is not a whole file of the MaxMind DB format", file + ".none": "there is no such file"} {
		cfg := app.DefaultConfig()
		cfg.Data, cfg.Addr, cfg.GeoIPDatabase = t.TempDir(), "127.0.0.1:0", name
		_, err := app.New(t.Context(), cfg)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "--geoip-database: GeoIP database "+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
