package executor_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

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
