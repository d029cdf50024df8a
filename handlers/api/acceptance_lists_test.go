package api_test

import (
	"fmt"
	"net/url"
	"strings"
)

const emailFilter = `32,"%@posthog.com%",32,"email",32,"properties",32,"person",1,3,2,"toString",1,20`

// filtered is a function with these filters.
func filtered(filters string) string { return `{"hog":"return 1","filters":` + filters + `}` }

// acceptFilters are rows 37 to 43.
func acceptFilters() map[int]criterion {
	return map[int]criterion{
		37: {test: func(h *house) {
			for _, f := range []string{`{}`, `{"events":[{"id":null,"type":"events"}]}`} {
				h.has(h.made(filtered(f)), "filters/bytecode", `["_H",1,29]`)
			}
		}},
		38: {test: func(h *house) {
			id := h.action(`{"name":"Signed up","steps":[{"event":"signup"},{"event":"register"}]}`)
			f := h.made(filtered(`{"events":[{"id":"e","type":"events"}],"actions":[{"id":"` + id + `","type":"actions"}],"filter_test_accounts":true}`))
			h.has(f, "filters/bytecode", `["_H",1,`+emailFilter+`,32,"e",32,"event",1,1,11,32,"signup",32,"event",1,1,11,32,"register",32,"event",1,1,11,4,2,4,2,3,2]`)
		}},
		39: {test: func(h *house) {
			f := h.made(filtered(`{"events":[{"id":"e","type":"events","properties":[{"key":"plan","value":"pro","operator":"exact","type":"person"}]},{"id":"f","type":"events"}],"filter_test_accounts":true}`))
			h.has(f, "filters/bytecode", `["_H",1,`+emailFilter+`,32,"e",32,"event",1,1,11,32,"pro",32,"plan",32,"properties",32,"person",1,3,11,3,2,32,"f",32,"event",1,1,11,4,2,3,2]`)
			f = h.made(filtered(`{"properties":[{"key":"$browser","value":"fox","operator":"icontains","type":"event"}]}`))
			h.has(f, "filters/bytecode", `["_H",1,32,"%fox%",32,"$browser",32,"properties",1,2,2,"toString",1,18]`)
			id := h.action(`{"name":"Seen","steps":[{"event":"$pageview","url":"/a","url_matching":"contains"}]}`)
			f = h.made(filtered(`{"actions":[{"id":"` + id + `","type":"actions"}]}`))
			h.has(f, "filters/bytecode", `["_H",1,32,"$pageview",32,"event",1,1,11,32,"%/a%",32,"$current_url",32,"properties",1,2,17,3,2]`)
			all := h.made(filtered(`{"events":[{"id":"e","type":"events"}],"actions":[{"id":` + id + `,"type":"actions"}],"properties":[{"key":"plan","value":"pro","type":"person"}],"filter_test_accounts":true}`))
			h.has(all, "filters/bytecode", `["_H",1,`+emailFilter+`,32,"pro",32,"plan",32,"properties",32,"person",1,3,11,32,"e",32,"event",1,1,11,`+
				`32,"$pageview",32,"event",1,1,11,32,"%/a%",32,"$current_url",32,"properties",1,2,17,3,2,4,2,3,3]`)
		}},
		40: {test: func(h *house) {
			// What stands beside the id is not looked at; the stored steps are.
			id := h.action(`{"name":"Stored","steps":[{"event":"stored"}]}`)
			f := h.made(filtered(`{"actions":[{"id":"` + id + `","name":"Other","type":"actions","steps":[{"event":"sent"}]}]}`))
			h.has(f, "filters/bytecode", `["_H",1,32,"stored",32,"event",1,1,11]`)
			for wrong, message := range map[string]string{`"999"`: "Action matching query does not exist.", `"x"`: "invalid literal for int() with base 10: 'x'"} {
				f := h.made(filtered(`{"actions":[{"id":` + wrong + `,"type":"actions"}]}`))
				h.has(f, "filters/bytecode", `null`)
				h.has(f, "filters/bytecode_error", `"`+message+`"`)
				h.invalid(h.call("PATCH", "hog_functions/"+f["id"].(string), `{"enabled":true}`), "invalid_input", "Invalid filter configuration: "+message, "filters__non_field_errors")
			}
		}},
		41: {test: func(h *house) {
			f := h.made(filtered(`{"properties":[{"key":"distinct_id in (select 1)","type":"hogql"}]}`))
			h.has(f, "filters/bytecode", `null`)
			h.has(f, "filters/bytecode_error", `"Select queries are not allowed in filters"`)
			h.invalid(h.call("PATCH", "hog_functions/"+f["id"].(string), `{"enabled":true}`), "invalid_input",
				"Invalid filter configuration: Select queries are not allowed in filters", "filters__non_field_errors")
		}},
		42: {test: func(h *house) {
			for _, empty := range []string{`null`, `{}`} {
				f := h.made(filtered(`{"events":[{"id":"e","type":"events"}],"filter_test_accounts":true}`))
				h.has(h.changed(f["id"], `{"filters":`+empty+`}`), "filters", `{"source":"events","bytecode":["_H",1,29]}`)
			}
		}},
		43: {test: func(h *house) {
			f := h.made(`{"hog":"return 1","masking":{"ttl":600,"threshold":5,"hash":"{event.distinct_id}"}}`)
			h.has(f, "masking", `{"ttl":600,"threshold":5,"hash":"{event.distinct_id}","bytecode":["_H",1,32,"distinct_id",32,"event",1,2]}`)
		}},
	}
}

// acceptList are rows 44 to 54.
func acceptList() map[int]criterion {
	const listed = `{"name":%q,"hog":"return 1","filters":%s}`
	return map[int]criterion{
		44: {test: func(h *house) {
			h.made(fmt.Sprintf(listed, "yes", `{"filter_test_accounts":true,"events":[{"id":"1","type":"events"},{"id":"2","type":"events"}]}`))
			h.made(fmt.Sprintf(listed, "no", `{"filter_test_accounts":false}`))
			h.made(fmt.Sprintf(listed, "none", `{"actions":[{"id":"7","type":"actions"},{"id":"8","type":"actions"}]}`))
			for query, want := range map[string]string{`{"filter_test_accounts":true}`: "yes", `{"filter_test_accounts":false}`: "no",
				`{"actions":[{"id":"7"}]}`: "none", `{"actions":[{"id":"8"}]}`: "none", `{"actions":[{"id":"9"}]}`: "",
				`{"events":[{"id":"1"}]}`: "yes", `{"events":[{"id":"2"}]}`: "yes", `{"events":[{"id":"3"}]}`: "", `{"events":[{"id":1}]}`: ""} {
				if have := h.names("filters=" + url.QueryEscape(query)); have != want {
					h.Errorf("%s gives %q, want %q", query, have, want)
				}
			}
		}},
		45: {test: func(h *house) {
			for _, id := range []string{"a", "b", "c"} {
				h.made(fmt.Sprintf(listed, id, `{"events":[{"id":"`+id+`","type":"events"}]}`))
			}
			for query, want := range map[string]string{`[{"events":[{"id":"a"}]}]`: "a", `[{"events":[{"id":"a"}]},{"events":[{"id":"b"}]}]`: "b,a"} {
				if have := h.names("filter_groups=" + url.QueryEscape(query)); have != want {
					h.Errorf("%s gives %q, want %q", query, have, want)
				}
			}
		}},
		46: {covered: "TestList"},
		47: {covered: "TestList"},
		48: {test: func(h *house) {
			for i, order := range []string{"null", "2", "1", "2"} {
				h.made(fmt.Sprintf(`{"name":"%d","hog":"return 1","execution_order":%s}`, i, order))
			}
			if have := h.names(""); have != "2,3,1,0" {
				h.Errorf("order %s", have)
			}
		}},
		49: {test: func(h *house) {
			for i := range 150 {
				h.made(fmt.Sprintf(`{"name":"%d","hog":"return 1"}`, i))
			}
			for query, want := range map[string]int{"": 100, "limit=50": 50, "limit=300": 150, "limit=50&offset=100": 50} {
				page := h.object(200, "GET", "hog_functions/?"+query, "")
				if n := len(page["results"].([]any)); n != want || page["count"] != 150.0 {
					h.Errorf("?%s gives %d of %v", query, n, page["count"])
				}
			}
		}},
		50: {test: func(h *house) {
			for _, name := range []string{"Slack notification", "Marketing webhook", "Slack"} {
				h.made(fmt.Sprintf(`{"name":%q,"hog":"return 1"}`, name))
			}
			for query, want := range map[string]string{"slack": "Slack,Slack notification", "Marke": "Marketing webhook", "MARKETING": "Marketing webhook", "zzz": ""} {
				if have := h.names("search=" + query); have != want {
					h.Errorf("%s finds %q, want %q", query, have, want)
				}
			}
			if have := h.names("search=slcak"); !strings.Contains(have, "Slack notification") || strings.Contains(have, "Marketing") {
				h.Errorf("slcak finds %q", have)
			}
		}},
		51: {test: func(h *house) {
			h.made(`{"name":"B","description":"about needle","hog":"return 1"}`)
			h.made(`{"description":"needle","hog":"return 1"}`)
			h.made(`{"name":"needle","hog":"return 1"}`)
			if have := h.names("search=needle"); !strings.HasPrefix(have, "needle,") || strings.Count(have, ",") != 2 {
				h.Errorf("finds %q", have)
			}
		}},
		52: {test: func(h *house) {
			h.made(`{"name":"A","hog":"return 1"}`)
			for _, text := range []string{"", "   ", "\x00"} {
				if have := h.names("search=" + url.QueryEscape(text)); have != "A" {
					h.Errorf("%q finds %q", text, have)
				}
			}
			for _, text := range []string{"%_'\"\\", "'; DROP TABLE functions; --", "a\x00b", "*()[]^$"} {
				h.names("search=" + url.QueryEscape(text))
			}
		}},
		53: {covered: "TestList"},
		54: {test: func(h *house) {
			h.made(`{"name":"Mail ada@example.com about 018f0000-0000-7000-8000-00000000dead","hog":"return 1"}`)
			match := func(query, want string) {
				h.Helper()
				h.has(h.object(200, "GET", "hog_functions/?"+query, ""), "results/0/search_match_type", want)
			}
			match("search=da%40example.c", `"exact"`)
			match("search=7000-8000", `"exact"`)
			match("search=exmaple&full=true", `"similar"`)
			match("", `null`)
		}},
	}
}
