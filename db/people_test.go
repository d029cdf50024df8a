package db_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"hogpen/cdp"
	"hogpen/db/dbtest"
)

// TestPeopleBlock: a block that is written twice is written once; merges move
// distinct IDs along, also those of an earlier block.
func TestPeopleBlock(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	ctx := t.Context()
	person := func(id, first, props string) cdp.Person {
		return cdp.Person{Project: 1, ID: cdp.PersonID(id), DistinctID: first, Properties: json.RawMessage(props), CreatedAt: dbtest.Now, UpdatedAt: dbtest.Now}
	}
	first := &cdp.PeopleBlock{
		Persons:     []cdp.Person{person("A", "a", `{"n":1}`), person("B", "b", `{}`)},
		DistinctIDs: []cdp.DistinctID{{Project: 1, DistinctID: "a2", Person: "A"}, {Project: 2, DistinctID: "a2", Person: "Z"}},
		GroupTypes:  []cdp.GroupType{{Project: 1, Index: 0, Name: "company"}},
		Groups:      []cdp.Group{{Project: 1, Index: 0, Key: "acme", Properties: json.RawMessage(`{"x":1}`), CreatedAt: dbtest.Now, UpdatedAt: dbtest.Now}},
	}
	second := &cdp.PeopleBlock{
		DistinctIDs: []cdp.DistinctID{{Project: 1, DistinctID: "a", Person: "C"}},
		Merges:      []cdp.Merge{{Project: 1, From: "A", To: "B"}, {Project: 1, From: "B", To: "C"}},
		Persons:     []cdp.Person{person("C", "c", `{"n":1,"c":true}`)},
	}
	for range 2 {
		for _, b := range []*cdp.PeopleBlock{first, second, second, {}} {
			if err := s.KeepPeople(ctx, b); err != nil {
				t.Fatal(err)
			}
		}
		for _, tt := range []struct {
			project       cdp.ProjectID
			distinct      string
			computed, who cdp.PersonID
			found         bool
			props         string
		}{
			{1, "a", "A", "C", true, `{"n":1,"c":true}`}, {1, "a2", "x", "C", true, `{"n":1,"c":true}`}, {1, "c", "C", "C", true, `{"n":1,"c":true}`},
			{1, "nobody", "N", "N", false, `{}`}, {2, "a2", "y", "Z", false, `{}`}, {2, "c", "C", "C", false, `{}`},
		} {
			p, found, err := s.PersonOf(ctx, tt.project, tt.distinct, tt.computed)
			if err != nil || p.ID != tt.who || found != tt.found || string(p.Properties) != tt.props {
				t.Errorf("%s of %d is %s %v %s, %v, want %s %v %s", tt.distinct, tt.project, p.ID, found, p.Properties, err, tt.who, tt.found, tt.props)
			}
		}
	}
	if all, err := s.DistinctIDs(ctx, 1, "C"); err != nil || !reflect.DeepEqual(all, []string{"a", "a2", "c"}) {
		t.Errorf("distinct IDs %v, %v", all, err)
	}
	g, found, err := s.Group(ctx, 1, 0, "acme")
	if err != nil || !found || string(g.Properties) != `{"x":1}` || !g.CreatedAt.Equal(dbtest.Now) {
		t.Errorf("group %+v, %v, %v", g, found, err)
	}
	if _, found, err := s.Group(ctx, 1, 1, "acme"); err != nil || found {
		t.Errorf("a group of another type: %v, %v", found, err)
	}
	if types, err := s.GroupTypes(ctx, 1); err != nil || len(types) != 1 || types[0].Name != "company" {
		t.Errorf("types %v, %v", types, err)
	}
	if err := s.Integrity(ctx); err != nil {
		t.Error(err)
	}
}

// TestPeopleBlockIsOne: a block with a row that cannot be written leaves nothing.
func TestPeopleBlockIsOne(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	b := &cdp.PeopleBlock{GroupTypes: []cdp.GroupType{{Project: 1, Index: 9, Name: "ninth"}}}
	for i := range 5 {
		b.Persons = append(b.Persons, cdp.Person{Project: 1, ID: cdp.PersonID(fmt.Sprint(i)), Properties: json.RawMessage("{}")})
	}
	if err := s.KeepPeople(t.Context(), b); err == nil {
		t.Fatal("a type beyond the last was stored")
	}
	if _, found, err := s.PersonOf(t.Context(), 1, "x", "0"); err != nil || found {
		t.Errorf("a person of a refused block is there: %v", err)
	}
}
