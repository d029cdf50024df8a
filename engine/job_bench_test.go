package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"hogpen/cdp"
	"hogpen/engine"
	"hogpen/engine/people"
)

// nobody is a store of people that knows none.
type nobody struct{}

func (nobody) PersonOf(_ context.Context, p cdp.ProjectID, _ string, computed cdp.PersonID) (cdp.Person, bool, error) {
	return cdp.Person{Project: p, ID: computed}, false, nil
}
func (nobody) GroupTypes(context.Context, cdp.ProjectID) ([]cdp.GroupType, error) { return nil, nil }
func (nobody) Group(context.Context, cdp.ProjectID, int, string) (cdp.Group, bool, error) {
	return cdp.Group{}, false, nil
}
func (nobody) KeepPeople(context.Context, *cdp.PeopleBlock) error { return nil }

// BenchmarkJob is the job of app/bench/pipeline within the engine: a
// transformation that copies all properties, renames one and hashes another; one
// destination, which one event in ten passes; persons, who learn nothing new.
func BenchmarkJob(b *testing.B) {
	h := &house{shelf: &shelf{functions: map[cdp.FunctionID]*cdp.Function{}}, url: "https://hooks.example.com/x"}
	t := &testing.T{}
	h.t = t
	h.put(h.function("t", cdp.Transformation, `let properties := {}
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
return out`))
	h.put(h.function("hook", cdp.Destination, "let r := fetch(inputs.url, {'body': {'event': event.event, 'properties': event.properties}}); if (r.status >= 400) { throw Error('no') }"), func(f *cdp.Function) {
		f.Filters.Bytecode = condition(t, "event = 'bench' and properties.keep = true")
	})
	persons, err := people.New(people.Config{Store: nobody{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	e, sent := begun(b, h, func(c *engine.Config) { c.People = persons })
	var kept, other [1000]json.RawMessage
	for i := range kept {
		for keep, to := range map[bool]*json.RawMessage{true: &kept[i], false: &other[i]} {
			*to = fmt.Appendf(nil, jobProperties, fmt.Sprintf("person-%d@example.com", i), i, keep, i%100)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	batch := make([]cdp.Event, 0, 100)
	for i := range b.N {
		props := other[i%1000]
		if i%10 == 0 {
			props = kept[i%1000]
		}
		batch = append(batch, cdp.Event{
			Project: 1, UUID: fmt.Sprintf("0195a1f0-7d7e-7000-8000-%012d", i), Name: "bench", DistinctID: fmt.Sprint("u", i%1000),
			Timestamp: time.Now(), ReceivedAt: time.Now(), Properties: props,
		})
		if len(batch) == cap(batch) || i == b.N-1 {
			if err := e.Capture(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	if want := int64(b.N+9) / 10; sent.Load() != want {
		b.Fatalf("%d requests, want %d", sent.Load(), want)
	}
}

const jobProperties = `{"email":%q,"old_name":"value-%d","keep":%t,"bucket":%d,"$os":"Mac OS X","$os_version":"10.15.7","$browser":"Chrome",` +
	`"$device_type":"Desktop","$current_url":"https://shop.example.com/products/shoes/running?utm_source=newsletter&utm_medium=email&utm_campaign=spring",` +
	`"$host":"shop.example.com","$pathname":"/products/shoes/running","$browser_version":126,"$browser_language":"en-GB",` +
	`"$screen_height":1080,"$screen_width":1920,"$viewport_height":948,"$viewport_width":1903,"$lib":"web","$lib_version":"1.150.0",` +
	`"$raw_user_agent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",` +
	`"$referrer":"https://news.example.com/letters/2026/spring","$referring_domain":"news.example.com","$session_id":"01970000-1111-7000-8000-0000000000aa",` +
	`"$window_id":"01970000-2222-7000-8000-0000000000bb","$pageview_id":"01970000-3333-7000-8000-0000000000cc","title":"Running shoes for long and for short distances, and how to choose between them",` +
	`"price":129.95,"categories":["shoes","running","men"],"cart":{"items":3,"total":301.5,"currency":"EUR","coupon":null}}`
