package main

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

var starlarkSources = map[string]string{
	"fib": `
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
def run():
    return fib(25)`,
	"loop": `
def run():
    s = 0
    for i in range(1000000):
        s = s + i * 2 % 7
    return s`,
	"mandelbrot": `
def run():
    total = 0
    for py in range(20):
        for px in range(30):
            x0, y0, x, y, i = px / 30 * 3.5 - 2.5, py / 20 * 2 - 1, 0.0, 0.0, 0
            while x * x + y * y <= 4 and i < 50:
                t = x * x - y * y + x0
                y = 2 * x * y + y0
                x = t
                i = i + 1
            total = total + i
    return total`,
	"strings": `
def run():
    s = ''
    for i in range(2000):
        s = s + str(i) + ','
    return len(s)`,
	"dict": `
def run():
    d, a = {}, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']
    for k in a:
        d[k] = 0
    for i in range(20000):
        k = a[i % 10]
        d[k] = d[k] + i
    return d['c']`,
	"filter": `
def run():
    return event['event'] == '$pageview' and event['properties']['$browser'] == 'Chrome' and '@example.com' in event['person']['properties']['email'].lower()`,
	"transform": `
def run():
    denied, props = ['$ip', '$session_id', '$device_id'], {}
    for k, v in event['properties'].items():
        if k not in denied:
            props[k] = v
    props['email_hash'] = sha256Hex(event['person']['properties']['email'])
    props['$processed'] = True
    return {'event': event['event'], 'distinct_id': event['distinct_id'], 'timestamp': event['timestamp'], 'properties': props}`,
}

func starlarkPeer(workload string, event map[string]any) ([]peer, error) {
	src, ok := starlarkSources[workload]
	if !ok {
		return nil, nil
	}
	given := starlark.StringDict{
		"event": toStarlark(event),
		"sha256Hex": starlark.NewBuiltin("sha256Hex", func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
			s, _ := starlark.AsString(args[0])
			return starlark.String(hashHex(s)), nil
		}),
	}
	given.Freeze()
	thread := &starlark.Thread{}
	globals, err := starlark.ExecFileOptions(&syntax.FileOptions{While: true, Recursion: true}, thread, workload, src, given)
	if err != nil {
		return nil, err
	}
	return []peer{{"starlark", func() (any, error) {
		v, err := starlark.Call(thread, globals["run"], nil, nil)
		if err != nil {
			return nil, err
		}
		return fromStarlark(v)
	}}}, nil
}

func toStarlark(v any) starlark.Value {
	switch v := v.(type) {
	case string:
		return starlark.String(v)
	case float64:
		if v == float64(int(v)) {
			return starlark.MakeInt(int(v))
		}
		return starlark.Float(v)
	case bool:
		return starlark.Bool(v)
	case map[string]any:
		d := starlark.NewDict(len(v))
		for k, e := range v {
			_ = d.SetKey(starlark.String(k), toStarlark(e))
		}
		return d
	case []any:
		list := make([]starlark.Value, len(v))
		for i, e := range v {
			list[i] = toStarlark(e)
		}
		return starlark.NewList(list)
	}
	return starlark.None
}

func fromStarlark(v starlark.Value) (any, error) {
	switch v := v.(type) {
	case starlark.String:
		return string(v), nil
	case starlark.Bool:
		return bool(v), nil
	case starlark.Int:
		n, _ := v.Int64()
		return float64(n), nil
	case starlark.Float:
		return float64(v), nil
	case starlark.NoneType:
		return nil, nil
	case *starlark.List:
		list := make([]any, v.Len())
		for i := range list {
			e, err := fromStarlark(v.Index(i))
			if err != nil {
				return nil, err
			}
			list[i] = e
		}
		return list, nil
	case *starlark.Dict:
		m := make(map[string]any, v.Len())
		for _, item := range v.Items() {
			k, _ := starlark.AsString(item[0])
			e, err := fromStarlark(item[1])
			if err != nil {
				return nil, err
			}
			m[k] = e
		}
		return m, nil
	}
	return nil, fmt.Errorf("cannot convert %s", v.Type())
}
