package capture_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"hogpen/handlers/capture"
)

// page is an event as posthog-js sends it.
const page = `{"uuid":"0195a1f0-7d7e-7000-8000-000000000001","event":"$pageview","properties":{"$os":"Linux","$os_version":"6.1","$browser":"Chrome","$device_type":"Desktop",` +
	`"$timezone":"Europe/Berlin","$current_url":"https://shop.example.com/cart?utm_source=news","$host":"shop.example.com","$pathname":"/cart","$raw_user_agent":"Mozilla/5.0 (X11; Linux x86_64)",` +
	`"$browser_version":140,"$browser_language":"en-GB","$screen_height":1080,"$screen_width":1920,"$viewport_height":900,"$viewport_width":1600,"$lib":"web","$lib_version":"1.449.0",` +
	`"$insert_id":"abcdefghijklmnop","$time":1772366400.123,"distinct_id":"0195a1f0-7d7e-7000-8000-00000000000a","$device_id":"0195a1f0-7d7e-7000-8000-00000000000a","title":"Cart – Shop",` +
	`"$session_id":"0195a1f0-7d7e-7000-8000-00000000000b","$window_id":"0195a1f0-7d7e-7000-8000-00000000000c","token":"phc_x"},"timestamp":"2026-03-01T11:00:00.000Z"}`

func batch(n int) []byte {
	return []byte(`{"api_key":"phc_x","sent_at":"2026-03-01T11:30:00.000Z","batch":[` + strings.TrimSuffix(strings.Repeat(page+",", n), ",") + `]}`)
}

// Measured with 100 events of 1.1 KB: reading and building all of them.
func BenchmarkEvents(b *testing.B) {
	payload := batch(100)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		events, _, err := capture.Events(payload, time.Time{})
		if err != nil || len(events) != 100 {
			b.Fatal(len(events), err)
		}
	}
}

// The same payload by encoding/json, into a struct with raw properties.
func BenchmarkEncodingJSON(b *testing.B) {
	payload := batch(100)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		var v struct {
			Batch []struct {
				Event, UUID, Timestamp string
				Properties             json.RawMessage
			}
		}
		if err := json.Unmarshal(payload, &v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPayloadGzip(b *testing.B) {
	for _, n := range []int{1, 100} {
		body := zip(string(batch(n)))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := capture.Payload(body, "text/plain", "", "", true, 1<<24); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
