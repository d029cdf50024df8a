package main

import (
	"github.com/dop251/goja"
)

var gojaSources = map[string]string{
	"fib":  `(function () { function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) } return fib(25) })`,
	"loop": `(function () { let s = 0; for (let i = 0; i < 1000000; i++) { s = s + i * 2 % 7 } return s })`,
	"mandelbrot": `(function () { let total = 0
for (let py = 0; py < 20; py++) for (let px = 0; px < 30; px++) {
	const x0 = px / 30 * 3.5 - 2.5, y0 = py / 20 * 2 - 1; let x = 0, y = 0, i = 0
	while (x * x + y * y <= 4 && i < 50) { const t = x * x - y * y + x0; y = 2 * x * y + y0; x = t; i++ }
	total += i
} return total })`,
	"strings": `(function () { let s = ''; for (let i = 0; i < 2000; i++) { s += String(i) + ',' } return s.length })`,
	"dict": `(function () { const d = {}, a = ['a','b','c','d','e','f','g','h','i','j']; for (let i = 0; i < 10; i++) d[a[i]] = 0
for (let i = 0; i < 20000; i++) { const k = a[i % 10]; d[k] = d[k] + i } return d.c })`,
	"filter": `(function () { return event.event === '$pageview' && event.properties.$browser === 'Chrome' && event.person.properties.email.toLowerCase().includes('@example.com') })`,
	"transform": `(function () { const denied = ['$ip', '$session_id', '$device_id'], properties = {}
for (const k in event.properties) if (!denied.includes(k)) properties[k] = event.properties[k]
properties.email_hash = sha256Hex(event.person.properties.email); properties.$processed = true
return { event: event.event, distinct_id: event.distinct_id, timestamp: event.timestamp, properties } })`,
}

func gojaPeer(workload string, event map[string]any) ([]peer, error) {
	src, ok := gojaSources[workload]
	if !ok {
		return nil, nil
	}
	vm := goja.New()
	if err := vm.Set("sha256Hex", hashHex); err != nil {
		return nil, err
	}
	// A value of the engine's own, as its users make one that is read often.
	if err := vm.Set("event", own(vm, event)); err != nil {
		return nil, err
	}
	v, err := vm.RunString(src)
	if err != nil {
		return nil, err
	}
	f, _ := goja.AssertFunction(v)
	return []peer{{"goja", func() (any, error) {
		r, err := f(goja.Undefined())
		if err != nil {
			return nil, err
		}
		return r.Export(), nil
	}}}, nil
}

func own(vm *goja.Runtime, v any) goja.Value {
	switch v := v.(type) {
	case map[string]any:
		o := vm.NewObject()
		for k, e := range v {
			_ = o.Set(k, own(vm, e))
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = own(vm, e)
		}
		return vm.NewArray(list...)
	}
	return vm.ToValue(v)
}
