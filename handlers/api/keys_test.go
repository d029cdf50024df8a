package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"hogpen/account"
	"hogpen/app/apptest"
	"hogpen/cdp"
)

// browser asks the API with a session.
type browser struct {
	*testing.T
	client    *http.Client
	url, csrf string
}

func (b *browser) ask(want int, method, path, body string, into any) []byte {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, b.url+"/api/personal_api_keys/"+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-CSRFToken", b.csrf)
	res, err := b.client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		b.Fatal(err)
	}
	if res.StatusCode != want {
		b.Fatalf("%s %s: %d, want %d: %s", method, path, res.StatusCode, want, out)
	}
	if into != nil {
		if err := json.Unmarshal(out, into); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
	return out
}

// works tells whether a key opens the API.
func works(b *browser, key string) bool {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), "GET", b.url+"/api/users/@me/?personal_api_key="+key, nil)
	if err != nil {
		b.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func TestKeysInASession(t *testing.T) {
	t.Parallel()
	house := apptest.New(t)
	b := &browser{T: t, client: house.SignIn(t), url: house.URL}
	b.csrf = apptest.CSRF(t, b.client, house.URL+"/account/keys")

	type key struct {
		ID, Label   string
		Value       *string
		Scopes      []string
		ScopedTeams []int `json:"scoped_teams"`
	}
	var made, rolled, shown, changed key
	b.ask(http.StatusCreated, "POST", "", `{"label":" deploy ","scopes":["user:read"]}`, &made)
	if made.Label != "deploy" || made.Value == nil || !works(b, *made.Value) {
		t.Fatalf("made: %+v", made)
	}
	var all []key
	if out := b.ask(http.StatusOK, "GET", "", "", &all); all[0].ID != made.ID || bytes.Contains(out, []byte(*made.Value)) {
		t.Errorf("list: %s", out)
	}
	b.ask(http.StatusOK, "GET", made.ID+"/", "", &shown)
	if shown.Value != nil {
		t.Errorf("a stored key shows its value")
	}
	b.ask(http.StatusOK, "PATCH", made.ID+"/", `{"label":"other","scoped_teams":["1"]}`, &changed)
	if changed.Label != "other" || len(changed.ScopedTeams) != 1 || changed.Scopes[0] != "user:read" {
		t.Errorf("changed: %+v", changed)
	}
	b.ask(http.StatusOK, "POST", made.ID+"/roll/", "", &rolled)
	if rolled.Value == nil || works(b, *made.Value) || !works(b, *rolled.Value) {
		t.Errorf("rolled: the old value still works, or the new one does not")
	}
	b.ask(http.StatusNoContent, "DELETE", made.ID+"/", "", nil)
	if works(b, *rolled.Value) {
		t.Error("a revoked key works")
	}
	b.ask(http.StatusNotFound, "GET", made.ID+"/", "", nil)
	b.ask(http.StatusNotFound, "DELETE", made.ID+"/", "", nil)
	b.ask(http.StatusNotFound, "GET", "@current/", "", nil)

	for body, want := range map[string]string{
		`{"scopes":["*"]}`:                                  `"attr":"label"`,
		`{"label":"x"}`:                                     `"attr":"scopes"`,
		`{"label":"x","scopes":["a"]}`:                      `Invalid scope: a`,
		`{"label":"x","scopes":"*"}`:                        `"attr":"scopes"`,
		`{"label":"x","scopes":[{}]}`:                       `"attr":"scopes__0"`,
		`{"label":"x","scopes":null}`:                       `"attr":"scopes"`,
		`{"label":"x","scopes":["*"],"scoped_teams":["a"]}`: `"attr":"scoped_teams__0"`,
	} {
		if out := b.ask(http.StatusBadRequest, "POST", "", body, nil); !bytes.Contains(out, []byte(want)) {
			t.Errorf("%s: %s", body, out)
		}
	}
}

// Of requests for keys at the same moment, no more get one than may be had.
func TestTheLastKeyIsGivenOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	var made atomic.Int32
	var wg sync.WaitGroup
	for range 2 * account.MaxKeys {
		wg.Go(func() {
			_, _, err := h.accounts.CreateKey(t.Context(), h.owner.ID, account.KeyRequest{Label: "k", Scopes: []string{"*"}})
			switch {
			case err == nil:
				made.Add(1)
			case !cdp.HasCode(err, cdp.Invalid) || !strings.HasPrefix(err.Error(), "You can only have 10 personal API keys."):
				t.Errorf("refused with %v", err)
			}
		})
	}
	wg.Wait()
	if n := made.Load(); n != account.MaxKeys-1 { // the owner has one
		t.Errorf("%d keys were made, want %d", n, account.MaxKeys-1)
	}
}
