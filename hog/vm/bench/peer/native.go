package main

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// goPeer is Go itself: typed, and for programs on events over Go's maps.
func goPeer(workload string, event map[string]any) ([]peer, error) {
	switch workload {
	case "filter":
		return []peer{{"Go maps", func() (any, error) { return filter(event), nil }}}, nil
	case "transform":
		return []peer{{"Go maps", func() (any, error) { return transform(event), nil }}}, nil
	}
	if f := native[workload]; f != nil {
		list := []peer{{"Go", func() (any, error) { return f(), nil }}}
		if f := doubles[workload]; f != nil {
			list = append(list, peer{"Go, doubles", func() (any, error) { return f(), nil }})
		}
		return list, nil
	}
	return nil, nil
}

var native = map[string]func() float64{
	"fib": func() float64 { return fib(25) },
	"loop": func() float64 {
		s := 0
		for i := range 1000000 {
			s += i * 2 % 7
		}
		return float64(s)
	},
	"mandelbrot": mandelbrot,
	"strings": func() float64 {
		var s strings.Builder
		for i := range 2000 {
			s.WriteString(strconv.Itoa(i))
			s.WriteByte(',')
		}
		return float64(s.Len())
	},
	"dict": func() float64 {
		d, a := map[string]float64{}, []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
		for i := range 20000 {
			k := a[i%10]
			d[k] = d[k] + float64(i)
		}
		return d["c"]
	},
}

// doubles are the loops in the only numbers that Hog has.
var doubles = map[string]func() float64{
	"loop": func() float64 {
		s := 0.0
		for i := 0.0; i < 1e6; i++ {
			s += math.Mod(i*2, 7)
		}
		return s
	},
	"dict": func() float64 {
		d, a := map[string]float64{}, []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
		for i := 0.0; i < 20000; i++ {
			k := a[int(math.Mod(i, 10))]
			d[k] = d[k] + i
		}
		return d["c"]
	},
}

func fib(n float64) float64 {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func mandelbrot() float64 {
	total := 0.0
	for py := range 20 {
		for px := range 30 {
			x0, y0 := float64(px)/30*3.5-2.5, float64(py)/20*2-1
			x, y, i := 0.0, 0.0, 0.0
			for x*x+y*y <= 4 && i < 50 {
				x, y = x*x-y*y+x0, 2*x*y+y0
				i++
			}
			total += i
		}
	}
	return total
}

func filter(event map[string]any) bool {
	if event["event"] != "$pageview" || event["properties"].(map[string]any)["$browser"] != "Chrome" {
		return false
	}
	email, _ := event["person"].(map[string]any)["properties"].(map[string]any)["email"].(string)
	return strings.Contains(strings.ToLower(email), "@example.com")
}

func transform(event map[string]any) map[string]any {
	denied := []string{"$ip", "$session_id", "$device_id"}
	props := map[string]any{}
	for k, v := range event["properties"].(map[string]any) {
		if !slices.Contains(denied, k) {
			props[k] = v
		}
	}
	email, _ := event["person"].(map[string]any)["properties"].(map[string]any)["email"].(string)
	props["email_hash"], props["$processed"] = hashHex(email), true
	return map[string]any{"event": event["event"], "distinct_id": event["distinct_id"], "timestamp": event["timestamp"], "properties": props}
}
