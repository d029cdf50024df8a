package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"hogpen/cdp"
)

// furnished is a server with a few of everything that lists show; fn is a
// function with logs, counts and two revisions.
func furnished(t *testing.T) (h *house, fn string) {
	t.Helper()
	h = setup(t)
	fn = h.create(`{"hog":"return 1","name":"first","filters":{"events":[{"id":"a","type":"events"}]}}`)
	h.changed(fn, `{"name":"second"}`)
	h.create(`{"type":"transformation","hog":"return event","name":"third","enabled":true}`)
	for _, name := range []string{"first", "second"} {
		h.action(`{"name":"` + name + `"}`)
		h.cohort(`{"name":"` + name + `"}`)
	}
	setupElsewhere(h)
	now := time.Now().UTC()
	var b cdp.Batch
	for i, level := range []cdp.Level{cdp.LevelInfo, cdp.LevelError} {
		b.Logs = append(b.Logs, cdp.LogEntry{Project: h.project.ID, Function: cdp.FunctionID(fn), Invocation: cdp.InvocationID(fmt.Sprint("run ", i)),
			Time: now.Add(time.Duration(i) * time.Second), Level: level, Message: "said " + string(level)})
	}
	for _, name := range []cdp.Outcome{cdp.OutcomeSucceeded, cdp.OutcomeFailed} {
		b.Metrics = append(b.Metrics, cdp.Metric{Project: h.project.ID, Function: cdp.FunctionID(fn), Name: name, Kind: name.Kind(), Time: now, Count: 3})
	}
	h.must(h.store.Record(t.Context(), b))
	seen := cdp.Seen{Project: h.project.ID, Pairs: []cdp.EventPropertyPair{{Event: "first", Property: "price"}}}
	for i, name := range []string{"first", "second"} {
		seen.Events = append(seen.Events, cdp.EventDefinition{Name: name, CreatedAt: now, LastSeenAt: now.Add(time.Duration(i) * time.Minute)})
	}
	for name, kind := range map[string]string{"price": "Numeric", "$browser": "String", "$feature/beta": "String", "second": "String"} {
		seen.Properties = append(seen.Properties, cdp.PropertyDefinition{Kind: "event", Name: name, Type: kind, GroupIndex: -1, CreatedAt: now})
	}
	h.must(h.store.RecordSeen(t.Context(), []cdp.Seen{seen}))
	deadLetters(h)
	return h, fn
}

// telling are values that must change an answer, by parameter or by list and
// parameter: those of parameters that take any text, or overlook a bad one.
var telling = map[string]string{
	"limit": "1", "offset": "1", "search": "first", "type": "transformation", "types": "transformation", "template_id": "template-slack",
	"level": "error", "instance_id": "run 1", "name": "failed", "kind": "failure", "scope": "Action", "scopes": "Cohort", "item_id": "1",
	"page": "2", "page_size": "1", "user": "018f0000-0000-7000-8000-00000000dead", "ordering": "last_seen_at", "is_numerical": "true",
	"is_feature_flag": "true", "properties": "price,second", "excluded_properties": `["price"]`, "event_names": "first",
	"filter_by_event_names": "true&event_names=first", "exclude_core_properties": "true", "full": "true", "enabled": "true",
	"hog_functions search": "third", "logs search": "error", "property_definitions search": "pri", "function_id": "f2", "error_kind": "timeout", "replayed": "true", "dead_letters kind": "inputs_failed", "dead_letters search": "elsewhere",
	"export kind": "inputs_failed", "export search": "elsewhere", "icons query": "discord", "icon id": "template-discord",
}

// untold are parameters whose effect these lists cannot show.
var untold = map[string]string{
	"organizations limit": "there is one organization; offset shows that the list is cut",
}

// Every documented parameter is read by the running server: a value of another
// kind than the document says is refused by the parameter's name, or a good
// one changes the answer. Words that the document lists are taken.
func TestDocumentedParametersAreRead(t *testing.T) {
	t.Parallel()
	h, fn := furnished(t)
	refused, changed := 0, 0
	urls := strings.NewReplacer("{organization_id}", "@current", "/api/projects/{project_id}/", h.base, "hog_functions/{id}/", "hog_functions/"+fn+"/")
	for path, methods := range h.contract.document["paths"].(map[string]any) {
		parameters, _ := at(methods, "get/parameters").([]any)
		words := strings.Split(strings.Trim(path, "/"), "/")
		list := words[len(words)-1]
		if strings.HasPrefix(path, "/api/environments/{project_id}") {
			continue
		}
		for _, p := range parameters {
			if at(p, "in") != "query" {
				continue
			}
			name := at(p, "name").(string)
			ask := func(value string) reply { return h.call("GET", urls.Replace(path)+"?"+name+"="+value, "") }
			if r := ask("no%20such%20value"); r.status == http.StatusBadRequest {
				var e struct{ Type, Attr string }
				if h.read(r, http.StatusBadRequest, &e); e.Type != "validation_error" || e.Attr != name {
					t.Errorf("%s of %s is refused with %s", name, path, r.body)
				}
				refused++
				for _, word := range choices(p) {
					if r := ask(url.QueryEscape(word)); r.status != http.StatusOK {
						t.Errorf("%s=%s of %s is answered with %s", name, word, path, r.body)
					}
				}
				continue
			}
			if len(choices(p)) > 0 {
				t.Errorf("%s of %s is taken for what the document does not list", name, path)
			}
			value, ok := telling[list+" "+name]
			if !ok {
				value, ok = telling[name]
			}
			if !ok && untold[list+" "+name] == "" {
				t.Errorf("nothing is known of %s of %s", name, path)
				continue
			}
			with, without := ask(strings.NewReplacer(" ", "%20", `"`, "%22").Replace(value)), h.call("GET", urls.Replace(path), "")
			if with.status != http.StatusOK || string(with.body) == string(without.body) && untold[list+" "+name] == "" {
				t.Errorf("%s=%s of %s changes nothing: %d %.300s", name, value, path, with.status, with.body)
			}
			changed++
		}
	}
	t.Logf("%d are refused when they are bad, %d change the answer", refused, changed)
	if refused < 15 || changed < 30 {
		t.Errorf("only %d and %d", refused, changed)
	}
}

// choices are the words that the document lists for a parameter.
func choices(p any) []string {
	var out []string
	words, _ := at(p, "schema/enum").([]any)
	for _, w := range words {
		out = append(out, w.(string))
	}
	return out
}

// The log is read on behind a cursor, also through entries of one moment.
func TestActivityCursor(t *testing.T) {
	t.Parallel()
	h := setup(t).fork(t)
	var orders []string
	for i := range 5 {
		orders = append(orders, fmt.Sprintf("%q:%d", h.create(`{"type":"transformation","hog":"return event"}`), 20-i))
	}
	h.object200("PATCH", "hog_functions/rearrange/", `{"orders":{`+strings.Join(orders, ",")+`}}`) // five entries at once
	var all []string
	for _, e := range h.object(200, "GET", "activity_log/?page=1", "")["results"].([]any) {
		all = append(all, at(e, "id").(string))
	}
	var walked []string
	next := h.base + "activity_log/?limit=3"
	for pages := 0; next != ""; pages++ {
		if pages > len(all) {
			t.Fatal("no end")
		}
		page := h.object(200, "GET", next, "")
		if _, counted := page["count"]; counted || page["previous"] != nil {
			t.Errorf("the envelope is %v", page)
		}
		for _, e := range page["results"].([]any) {
			walked = append(walked, at(e, "id").(string))
		}
		link, _ := page["next"].(string)
		if next = strings.TrimPrefix(link, h.url); pages == 0 {
			h.create(`{"hog":"return 1"}`) // what is new does not move the cursor
		}
	}
	if strings.Join(walked, " ") != strings.Join(all, " ") || len(all) != 10 {
		t.Errorf("walked\n%v\nof\n%v", walked, all)
	}
	for _, bad := range []string{"x", "eA", "MSs", "MSstMQ"} {
		h.invalid(h.call("GET", "activity_log/?cursor="+bad, ""), "invalid_input", "Invalid cursor", "cursor")
	}
}

// object200 is a call whose answer must be 200, whatever its shape.
func (h *house) object200(method, path, body string) {
	h.Helper()
	if r := h.call(method, path, body); r.status != http.StatusOK {
		h.Fatalf("%d %s", r.status, r.body)
	}
}
