package main

import (
	"fmt"

	"github.com/d5/tengo/v2"
)

var tengoSources = map[string]string{
	"fib":  `fib := func(n) { if n < 2 { return n }; return fib(n-1) + fib(n-2) }; out = fib(25)`,
	"loop": `s := 0; for i := 0; i < 1000000; i++ { s += i * 2 % 7 }; out = s`,
	"mandelbrot": `total := 0
for py := 0; py < 20; py++ { for px := 0; px < 30; px++ {
	x0 := px / 30.0 * 3.5 - 2.5; y0 := py / 20.0 * 2.0 - 1.0; x := 0.0; y := 0.0; i := 0
	for x*x + y*y <= 4.0 && i < 50 { t := x*x - y*y + x0; y = 2.0*x*y + y0; x = t; i++ }
	total += i
} }
out = total`,
	"strings": `s := ""; for i := 0; i < 2000; i++ { s += string(i) + "," }; out = len(s)`,
	"dict": `d := {}; a := ["a","b","c","d","e","f","g","h","i","j"]; for i := 0; i < 10; i++ { d[a[i]] = 0 }
for i := 0; i < 20000; i++ { k := a[i%10]; d[k] = d[k] + i }; out = d.c`,
	"transform": `denied := ["$ip", "$session_id", "$device_id"]; props := {}
has := func(list, x) { for v in list { if v == x { return true } }; return false }
for k, v in event.properties { if !has(denied, k) { props[k] = v } }
props.email_hash = sha256Hex(event.person.properties.email); props["$processed"] = true
out = {event: event.event, distinct_id: event.distinct_id, timestamp: event.timestamp, properties: props}`,
}

func tengoPeer(workload string, event map[string]any) ([]peer, error) {
	src, ok := tengoSources[workload]
	if !ok {
		return nil, nil
	}
	s := tengo.NewScript([]byte(src))
	hash := &tengo.UserFunction{Name: "sha256Hex", Value: func(args ...tengo.Object) (tengo.Object, error) {
		text, ok := tengo.ToString(args[0])
		if !ok {
			return nil, fmt.Errorf("no text")
		}
		return &tengo.String{Value: hashHex(text)}, nil
	}}
	for name, v := range map[string]any{"event": event, "out": nil, "sha256Hex": hash} {
		if err := s.Add(name, v); err != nil {
			return nil, err
		}
	}
	c, err := s.Compile()
	if err != nil {
		return nil, err
	}
	return []peer{{"tengo", func() (any, error) {
		if err := c.Run(); err != nil {
			return nil, err
		}
		return c.Get("out").Value(), nil
	}}}, nil
}
