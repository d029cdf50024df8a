package main

import (
	lua "github.com/yuin/gopher-lua"
)

var luaSources = map[string]string{
	"fib":  `local function fib(n) if n < 2 then return n end return fib(n-1) + fib(n-2) end return fib(25)`,
	"loop": `local s = 0 for i = 0, 999999 do s = s + i * 2 % 7 end return s`,
	"mandelbrot": `local total = 0
for py = 0, 19 do for px = 0, 29 do
	local x0, y0, x, y, i = px / 30 * 3.5 - 2.5, py / 20 * 2 - 1, 0, 0, 0
	while x*x + y*y <= 4 and i < 50 do local t = x*x - y*y + x0; y = 2*x*y + y0; x = t; i = i + 1 end
	total = total + i
end end
return total`,
	"strings": `local s = '' for i = 0, 1999 do s = s .. tostring(i) .. ',' end return #s`,
	"dict": `local d, a = {}, {'a','b','c','d','e','f','g','h','i','j'} for i = 1, 10 do d[a[i]] = 0 end
for i = 0, 19999 do local k = a[i % 10 + 1]; d[k] = d[k] + i end return d.c`,
	"filter": `return event.event == '$pageview' and event.properties['$browser'] == 'Chrome' and string.find(string.lower(event.person.properties.email), '@example.com', 1, true) ~= nil`,
	"transform": `local denied = {['$ip'] = true, ['$session_id'] = true, ['$device_id'] = true}
local props = {}
for k, v in pairs(event.properties) do if not denied[k] then props[k] = v end end
props.email_hash = sha256Hex(event.person.properties.email); props['$processed'] = true
return {event = event.event, distinct_id = event.distinct_id, timestamp = event.timestamp, properties = props}`,
}

func luaPeer(workload string, event map[string]any) ([]peer, error) {
	src, ok := luaSources[workload]
	if !ok {
		return nil, nil
	}
	l := lua.NewState()
	l.SetGlobal("event", toLua(l, event))
	l.SetGlobal("sha256Hex", l.NewFunction(func(l *lua.LState) int {
		l.Push(lua.LString(hashHex(l.CheckString(1))))
		return 1
	}))
	f, err := l.LoadString(src)
	if err != nil {
		return nil, err
	}
	return []peer{{"gopher-lua", func() (any, error) {
		l.Push(f)
		if err := l.PCall(0, 1, nil); err != nil {
			return nil, err
		}
		v := l.Get(-1)
		l.Pop(1)
		return fromLua(v), nil
	}}}, nil
}

func toLua(l *lua.LState, v any) lua.LValue {
	switch v := v.(type) {
	case string:
		return lua.LString(v)
	case float64:
		return lua.LNumber(v)
	case bool:
		return lua.LBool(v)
	case map[string]any:
		t := l.NewTable()
		for k, e := range v {
			t.RawSetString(k, toLua(l, e))
		}
		return t
	case []any:
		t := l.NewTable()
		for _, e := range v {
			t.Append(toLua(l, e))
		}
		return t
	}
	return lua.LNil
}

func fromLua(v lua.LValue) any {
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return float64(v)
	case lua.LBool:
		return bool(v)
	case *lua.LTable:
		if n := v.Len(); n > 0 {
			list := make([]any, n)
			for i := range list {
				list[i] = fromLua(v.RawGetInt(i + 1))
			}
			return list
		}
		m := map[string]any{}
		v.ForEach(func(k, e lua.LValue) { m[k.String()] = fromLua(e) })
		return m
	}
	return nil
}
