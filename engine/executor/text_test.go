package executor_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"hogpen/engine/executor"
)

func TestTwoDigits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		f    float64
		want string
	}{
		{0, "0"}, {math.NaN(), "0"}, {math.Inf(1), "0"}, {1, "1"}, {1.04, "1"}, {1.26, "1.3"}, {9.96, "10"}, {99.6, "100"},
		{12.3, "12"}, {1234, "1200"}, {0.0123, "0.012"}, {0.0996, "0.1"}, {0.5, "0.5"},
	} {
		if have := executor.TwoDigits(tt.f); have != tt.want {
			t.Errorf("%v = %s, want %s", tt.f, have, tt.want)
		}
	}
	for range 10_000 { // as the library rounds and writes
		f := math.Exp(rand.Float64()*40 - 15)
		rounded, err := strconv.ParseFloat(strconv.FormatFloat(f, 'e', 1, 64), 64)
		if want := strconv.FormatFloat(rounded, 'f', -1, 64); err != nil || executor.TwoDigits(f) != want {
			t.Fatalf("%v = %s, want %s", f, executor.TwoDigits(f), want)
		}
	}
}

func TestISO(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{
		{}, time.Unix(0, 0), time.Date(2026, 1, 2, 3, 4, 5, 678_999_999, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC),
		time.Date(1999, 10, 20, 10, 20, 30, 40e6, time.FixedZone("", -3600)), time.Date(12, 11, 10, 9, 8, 7, 6e6, time.UTC),
		time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		if have, want := executor.ISO(at), at.UTC().Format("2006-01-02T15:04:05.000Z"); have != want {
			t.Errorf("%v is %s, want %s", at, have, want)
		}
	}
}
