package app_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// packed is gzip.
func packed(a *acceptance, raw []byte) []byte {
	a.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(raw); err != nil {
		a.Fatal(err)
	}
	if err := z.Close(); err != nil {
		a.Fatal(err)
	}
	return b.Bytes()
}

// lz64 writes ASCII text in LZ-string's form for base64, without ever using a
// phrase: a letter that is new comes as itself, any other by its number.
func lz64(text string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
	var out []byte
	group, filled := 0, 0
	put := func(v, bits int) { // lowest bit first
		for range bits {
			group = group<<1 | v&1
			v >>= 1
			if filled++; filled == 6 {
				out = append(out, alphabet[group])
				group, filled = 0, 0
			}
		}
	}
	// What the reader counts: its numbers so far, how wide a number is, and how
	// many it may give before they grow wider.
	size, width, left := 3, 2, 2
	grow := func() {
		if left--; left == 0 {
			left = 1 << width
			width++
		}
	}
	known := map[byte]int{}
	for i := range len(text) {
		c := text[i]
		if n, ok := known[c]; ok {
			put(n, width)
		} else {
			put(0, width)
			put(int(c), 8)
			known[c] = size
			size++
			grow()
		}
		if i > 0 {
			size++ // the phrase of the one before and this one
		}
		grow()
	}
	put(2, width)
	put(0, 6-filled)
	return string(out)
}

// shifted checks that a timestamp was moved by the skew of a request.
func (a *acceptance) shifted(got, timestamp, sent, before time.Time) {
	a.Helper()
	least, most := timestamp.Add(before.Sub(sent)), timestamp.Add(time.Since(sent))
	if got.Before(least.Add(-time.Second)) || got.After(most.Add(time.Second)) {
		a.Errorf("timestamp is %s, want between %s and %s", got, least, most)
	}
}

// refused checks an answer of capture that is an error.
func (a *acceptance) refused(r answer, status int, text string) {
	a.Helper()
	if r.status != status || !strings.Contains(r.body, text) {
		a.Errorf("answer is %d %s, want %d %s", r.status, r.body, status, text)
	}
}

// acceptIngestion is table 15.1.
func acceptIngestion() map[int]criterion {
	return map[int]criterion{
		1: {test: func(a *acceptance) {
			a.echo()
			a.ok("POST", "/capture/", a.event(`"properties":{"plan":"pro"}`), "Content-Type", "application/json")
			if e := a.events(1)[0]; e.Event != a.name || e.DistinctID != "u1" || e.Properties["plan"] != "pro" {
				a.Errorf("event is %+v", e)
			}
		}},
		2: {test: func(a *acceptance) {
			a.echo()
			a.ok("POST", "/capture/", packed(a, a.event()), "Content-Type", "text/plain")
			a.events(1)
		}},
		3: {test: func(a *acceptance) {
			a.echo()
			now := time.Now()
			at, sent := now.Add(-20*time.Minute), now.Add(-10*time.Minute)
			one := string(a.event(`"timestamp":"` + at.UTC().Format(time.RFC3339Nano) + `"`))
			a.ok("POST", fmt.Sprint("/e/?compression=gzip-js&_=", sent.UnixMilli()), packed(a, []byte("["+one+","+one+"]")))
			for _, e := range a.events(2) {
				a.shifted(e.Timestamp, at, sent, now)
			}
		}},
		4: {test: func(a *acceptance) {
			a.echo()
			text, raw := "", ""
			for !strings.Contains(raw, "+") {
				text += "~>"
				raw = base64.StdEncoding.EncodeToString(a.event(fmt.Sprintf(`"properties":{"text":%q}`, text)))
			}
			a.ok("POST", "/e/?compression=base64", []byte("data="+strings.ReplaceAll(raw, "+", " ")), "Content-Type", "application/x-www-form-urlencoded")
			if e := a.events(1)[0]; e.Properties["text"] != text {
				a.Errorf("event is %+v", e)
			}
		}},
		5: {test: func(a *acceptance) {
			a.echo()
			a.ok("POST", "/e/?compression=lz64", []byte(lz64(string(a.event(`"properties":{"text":"again and again and again"}`)))))
			if e := a.events(1)[0]; e.Properties["text"] != "again and again and again" {
				a.Errorf("event is %+v", e)
			}
		}},
		6: {test: func(a *acceptance) {
			a.echo()
			a.ok("GET", "/e/?data="+url.QueryEscape(base64.StdEncoding.EncodeToString(a.event())), nil)
			a.events(1)
		}},
		7: {test: func(a *acceptance) {
			a.echo()
			at := time.Now().Add(-20 * time.Minute)
			a.ok("POST", "/batch/", []byte(fmt.Sprintf(`{"api_key":%q,"batch":[%s],"sentAt":%q}`, a.house.Info.ProjectToken,
				a.event(`"timestamp":"`+at.UTC().Format(time.RFC3339Nano)+`"`), at.Add(-time.Hour).UTC().Format(time.RFC3339Nano))))
			if e := a.events(1)[0]; e.Timestamp.Sub(at).Abs() > time.Millisecond {
				a.Errorf("timestamp is %s, want %s", e.Timestamp, at)
			}
		}},
		8: {test: func(a *acceptance) {
			a.echo()
			a.refused(a.send("POST", "/batch/", []byte(fmt.Sprintf(`{"api_key":%q,"batch":[%s,{"event":%q}]}`, a.house.Info.ProjectToken, a.event(), a.name))),
				400, "event submitted without a distinct_id")
			a.capture(`{"good":true}`)
			if e := a.events(1)[0]; e.Properties["good"] != true {
				a.Errorf("the refused batch left %+v", e)
			}
		}},
		9: {test: func(a *acceptance) {
			a.refused(a.send("POST", "/e/", []byte(`[`+string(a.event())+`,{"api_key":"phc_other","event":"a","distinct_id":"u"}]`)),
				401, "batch submitted with inconsistent api_key values")
		}},
		10: {test: func(a *acceptance) {
			a.refused(a.send("POST", "/capture/", []byte(fmt.Sprintf(`{"api_key":%q,"event":"a","distinct_id":"u"}`, a.house.Info.PersonalAPIKey))),
				401, "API key is not valid: personal_api_key")
		}},
		11: {test: func(a *acceptance) {
			a.echo()
			want := map[string]string{`123`: "123", `{"b":1,"a":2}`: `{"a":2,"b":1}`, `"` + strings.Repeat("é", 201) + `"`: strings.Repeat("é", 200)}
			for given := range want {
				a.ok("POST", "/capture/", a.event(`"distinct_id":`+given))
			}
			got := map[string]bool{}
			for _, e := range a.events(3) {
				got[e.DistinctID] = true
			}
			for given, id := range want {
				if !got[id] {
					a.Errorf("distinct_id %s did not become %s (%d characters): %v", given, id, utf8.RuneCountInString(id), got)
				}
			}
		}},
		12: {at: []string{"handlers/capture TestTimestamps", "handlers/capture TestBatchSentAt"}},
		13: {test: func(a *acceptance) {
			a.function("destination", `fetch('`+a.url()+`', {'body': person.properties})`, nil)
			a.ok("POST", "/capture/", a.event(`"distinct_id":"u13"`, `"$set":{"plan":"top"}`, `"properties":{"$set":{"plan":"inner","more":1}}`))
			var got map[string]any
			if err := json.Unmarshal([]byte(a.requests(1)[0].Body), &got); err != nil || got["plan"] != "top" || got["more"] != float64(1) {
				a.Errorf("the person has %v, %v", got, err)
			}
		}},
		14: {test: func(a *acceptance) {
			a.echo()
			if r := a.send("POST", "/e/?beacon=1", a.event()); r.status != 204 || r.body != "" {
				a.Errorf("answer is %d %s", r.status, r.body)
			}
			a.events(1)
		}},
		15: {test: func(a *acceptance) {
			id := a.echo()
			for range 2 {
				a.ok("POST", "/capture/", a.event(`"uuid":"0195a1f0-7d7e-7000-8000-00000000aaaa"`))
			}
			a.capture(`{"last":true}`)
			a.totals(id, "triggered 2, succeeded 2, fetch 2")
			if e := a.events(2); e[0].UUID == e[1].UUID {
				a.Errorf("%s came twice", e[0].UUID)
			}
		}},
		16: {test: func(a *acceptance) {
			r := a.send("OPTIONS", "/e/", nil, "Origin", "https://shop.example.com", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-custom")
			if r.status != 200 || r.header.Get("Access-Control-Allow-Origin") != "https://shop.example.com" || !strings.Contains(r.header.Get("Access-Control-Allow-Methods"), "POST") {
				a.Errorf("answer is %d %v", r.status, r.header)
			}
		}},
		17: {at: []string{"app TestCaptureV1: missing_event_name"}},
		18: {at: []string{"app TestCaptureV1: duplicate_event_uuid"}},
		19: {at: []string{"cmd/hogpen TestPostHogJS", "cmd/hogpen TestSiteFunctionsInAPage"}},
	}
}
