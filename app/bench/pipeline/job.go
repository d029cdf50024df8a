package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"sync/atomic"
)

// The programs of the job.
const (
	transformation = `let properties := {}
for (let key, value in event.properties) {
  if (key = 'old_name') {
    properties.new_name := value
  } else if (key = 'email') {
    properties.email := sha256Hex(value)
  } else {
    properties[key] := value
  }
}
let out := event
out.properties := properties
return out`
	eventName = "bench"
	onePasses = 10 // of so many events
)

// numbered gives every event of this process a number of its own, which its
// UUID and its properties tell.
var numbered atomic.Int64

// take reserves n numbers and gives the first.
func take(n int) int { return int(numbered.Add(int64(n))) - n }

func uuidOf(n int) string { return fmt.Sprintf("01970000-0000-7000-8000-%012x", n) }

// numberOf reads an event's number from a delivered body, -1 when there is none.
func numberOf(body []byte) int {
	const mark = `01970000-0000-7000-8000-`
	i := bytes.Index(body, []byte(mark))
	if i < 0 || len(body) < i+len(mark)+12 {
		return -1
	}
	n, err := strconv.ParseInt(string(body[i+len(mark):i+len(mark)+12]), 16, 64)
	if err != nil {
		return -1
	}
	return int(n)
}

func email(n int) string { return fmt.Sprintf("person-%d@example.com", n) }

func hashed(n int) string {
	sum := sha256.Sum256([]byte(email(n)))
	return hex.EncodeToString(sum[:])
}

// appendEvent writes one event of about 1.5 KB with 29 properties, as a
// browser sends it.
func appendEvent(b []byte, token string, n int) []byte {
	b = append(b, '{')
	if token != "" {
		b = fmt.Appendf(b, `"api_key":%q,`, token)
	}
	return fmt.Appendf(b, `"event":%q,"distinct_id":"person-%d","uuid":%q,"timestamp":"2026-01-02T03:04:05.678Z","properties":{`+
		`"email":%q,"old_name":"value-%d","keep":%t,"bucket":%d,"$os":"Mac OS X","$os_version":"10.15.7","$browser":"Chrome",`+
		`"$device_type":"Desktop","$current_url":"https://shop.example.com/products/shoes/running?utm_source=newsletter&utm_medium=email&utm_campaign=spring",`+
		`"$host":"shop.example.com","$pathname":"/products/shoes/running","$browser_version":126,"$browser_language":"en-GB",`+
		`"$screen_height":1080,"$screen_width":1920,"$viewport_height":948,"$viewport_width":1903,"$lib":"web","$lib_version":"1.150.0",`+
		`"$raw_user_agent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",`+
		`"$referrer":"https://news.example.com/letters/2026/spring","$referring_domain":"news.example.com","$session_id":"01970000-1111-7000-8000-0000000000aa",`+
		`"$window_id":"01970000-2222-7000-8000-0000000000bb","$pageview_id":"01970000-3333-7000-8000-0000000000cc","title":"Running shoes for long and for short distances, and how to choose between them",`+
		`"price":129.95,"categories":["shoes","running","men"],"cart":{"items":3,"total":301.5,"currency":"EUR","coupon":null}}}`,
		eventName, n%1000, uuidOf(n), email(n), n, n%onePasses == 0, n%100)
}

// bodies makes the requests of a round: numbers from first on, size events a
// request.
func bodies(token string, first, n, size int) [][]byte {
	out := make([][]byte, 0, (n+size-1)/size)
	for at := first; at < first+n; at += size {
		if size == 1 {
			out = append(out, appendEvent(nil, token, at))
			continue
		}
		b := fmt.Appendf(nil, `{"api_key":%q,"batch":[`, token)
		for i := at; i < min(at+size, first+n); i++ {
			if i > at {
				b = append(b, ',')
			}
			b = appendEvent(b, "", i)
		}
		out = append(out, append(b, `]}`...))
	}
	return out
}

// fault tells what is wrong with a delivered body, "" when nothing is. Its
// marks are looked for in each; one in fifty is read as a whole.
func fault(n int, body []byte) string {
	switch {
	case !bytes.Contains(body, []byte(hashed(n))):
		return "the e-mail address is not hashed"
	case !bytes.Contains(body, fmt.Appendf(nil, `"new_name":"value-%d"`, n)):
		return "the property is not renamed"
	case bytes.Contains(body, []byte(`"old_name":`)):
		return "the property is there under its old name"
	case n%(50*onePasses) != 0:
		return ""
	}
	var have struct {
		Properties map[string]any `json:"properties"`
	}
	if err := json.Unmarshal(body, &have); err != nil {
		return err.Error()
	}
	var sent struct {
		Properties map[string]any `json:"properties"`
	}
	if err := json.Unmarshal(appendEvent(nil, "", n), &sent); err != nil {
		return err.Error()
	}
	for k, v := range sent.Properties {
		if k != "email" && k != "old_name" && fmt.Sprint(v) != fmt.Sprint(have.Properties[k]) {
			return fmt.Sprintf("property %s is %v", k, have.Properties[k])
		}
	}
	return ""
}
