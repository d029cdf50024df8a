package cdp_test

import (
	"testing"
	"time"

	"hogpen/cdp"
)

func TestRelativeTime(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 31, 12, 30, 0, 0, berlin) // a Tuesday, two days after the clocks changed
	for text, want := range map[string]string{
		"-24h": "2026-03-30T12:30:00+02:00", "-7d": "2026-03-24T12:30:00+01:00", "-4w": "2026-03-03T12:30:00+01:00",
		"-1m": "2026-02-28T12:30:00+01:00", "-1y": "2025-03-31T12:30:00+02:00", "-1q": "2025-12-31T12:30:00+01:00", "-5M": "2026-03-31T12:25:00+02:00",
		"-0dStart": "2026-03-31T00:00:00+02:00", "dStart": "2026-03-31T00:00:00+02:00", "-1dEnd": "2026-03-30T23:59:59.999999+02:00",
		"mStart": "2026-03-01T00:00:00+01:00", "wStart": "2026-03-30T00:00:00+02:00", "-1yStart": "2025-01-01T00:00:00+01:00", "-1hStart": "2026-03-31T11:00:00+02:00",
		"d": "", "-7": "", "": "", "2026-01-01": "", "-7x": "", "-9999999999d": "",
	} {
		have, ok := cdp.RelativeTime(text, now, berlin)
		if got := have.Format(time.RFC3339Nano); ok != (want != "") || ok && got != want {
			t.Errorf("RelativeTime(%q) = %s %v, want %s", text, got, ok, want)
		}
	}
}
