package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"hogpen/app/bench/api/rows"
	"hogpen/app/bench/process"
	"hogpen/cdp"
	"hogpen/db"
)

// server is one that is asked.
type server struct {
	*process.Process
	url    string
	header map[string]string // what every request carries
	some   string            // Hogpen: a function of the template, through its API
	start  time.Duration     // Hogpen: until it answered
}

const email, password = "ada@example.com", "correct horse battery"

// startHogpen sets up a Hogpen, fills it and starts it, signed in: a
// personal API key might ask no more than 480 times a minute.
func startHogpen(ctx context.Context, binary, dir string, count int) (*server, error) {
	out, err := exec.CommandContext(ctx, binary, "setup", "--data", dir, "--email", email, "--password", password,
		"--name", "Ada", "--project", "Bench", "--json").Output()
	if err != nil {
		return nil, fmt.Errorf("hogpen setup: %w", err)
	}
	var info map[string]any
	if err := json.Unmarshal(out, &info); err != nil {
		return nil, err
	}
	if err := fill(ctx, dir, count); err != nil {
		return nil, fmt.Errorf("fill: %w", err)
	}
	began := time.Now()
	p, address, err := process.Launch(ctx, dir+"-logs", "Open ", binary, "serve", "--data", dir, "--addr", "127.0.0.1:0", "--log-format", "json", "--log-level", "warn")
	if err != nil {
		return nil, err
	}
	s := &server{Process: p, url: address, start: time.Since(began)}
	if err := s.signIn(ctx); err != nil {
		return s, fmt.Errorf("sign in: %w", err)
	}
	s.some, err = s.create(ctx)
	return s, err
}

// fill writes the rows straight into the database of a project that nobody
// serves yet.
func fill(ctx context.Context, dir string, count int) error {
	store, err := db.Open(ctx, db.Options{Dir: dir})
	if err != nil {
		return err
	}
	began := time.Now().UTC().Add(-time.Hour)
	for i := range count {
		row := rows.Row(i)
		f := &cdp.Function{
			ID: cdp.FunctionID(uuid.Must(uuid.NewV7()).String()), Project: 1, Type: cdp.Destination, Name: &row.Name,
			Description: row.Description, Enabled: true, Hog: rows.Hog, Bytecode: json.RawMessage(`["_H",1,29,38]`),
			Version: 1, CreatedAt: began, UpdatedAt: began.Add(time.Duration(i) * time.Millisecond), CreatedBy: 1, UpdatedBy: 1,
		}
		f.Filters = cdp.Filters{Source: "events", Events: []json.RawMessage{json.RawMessage(`{"id":"signup","name":"signup","type":"events","order":0}`)},
			Bytecode: json.RawMessage(`["_H",1,32,"signup",32,"event",1,1,11]`)}
		if err := store.CreateFunction(ctx, f); err != nil {
			return errors.Join(err, store.Close())
		}
	}
	return store.Close()
}

var csrfField = regexp.MustCompile(`name="_csrf" value="([^"]+)"`)

// signIn fills in the sign-in form and keeps the cookies.
func (s *server) signIn(ctx context.Context) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	page, err := text(ctx, client, "GET", s.url+"/login", "", "")
	if err != nil {
		return err
	}
	token := csrfField.FindStringSubmatch(page)
	if token == nil {
		return errors.New("no form")
	}
	form := url.Values{"email": {email}, "password": {password}, "_csrf": {token[1]}}
	if _, err := text(ctx, client, "POST", s.url+"/login", "application/x-www-form-urlencoded", form.Encode()); err != nil {
		return err
	}
	at, err := url.Parse(s.url)
	if err != nil {
		return err
	}
	s.header = map[string]string{}
	var cookies []string
	for _, c := range jar.Cookies(at) {
		cookies = append(cookies, c.Name+"="+c.Value)
		if c.Name == "posthog_csrftoken" {
			s.header["X-CSRFToken"] = c.Value
		}
	}
	s.header["Cookie"] = strings.Join(cookies, "; ")
	return nil
}

// create makes a function of the webhook template.
func (s *server) create(ctx context.Context) (string, error) {
	body := `{"template_id":"template-webhook","name":"Measured","enabled":true,"inputs":` + webhookInputs + `}`
	req, err := http.NewRequestWithContext(ctx, "POST", s.url+"/api/projects/1/hog_functions/", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	for k, v := range s.header {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("create: status %d: %s", res.StatusCode, out)
	}
	var made struct{ ID string }
	err = json.Unmarshal(out, &made)
	return made.ID, err
}

// webhookInputs are those of the function that is retrieved and changed.
const webhookInputs = `{"url":{"value":"https://example.com/{event.distinct_id}"},"method":{"value":"POST"},` +
	`"headers":{"value":{"Content-Type":"application/json","X-Event":"{event.event}"}},` +
	`"body":{"value":{"event":"{event}","person":"{person}","at":"{event.timestamp}"}}}`

func startPeer(ctx context.Context, binary, dir string, count int) (*server, error) {
	p, address, err := process.Launch(ctx, dir+"-logs", "Open ", binary, "-dir", dir, "-rows", fmt.Sprint(count))
	if err != nil {
		return nil, err
	}
	return &server{Process: p, url: address}, nil
}

// text asks once and gives the body of an answer that is no refusal.
func text(ctx context.Context, client *http.Client, method, url, kind, body string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return "", err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 400 {
		err = fmt.Errorf("%s %s: status %d: %s", method, url, res.StatusCode, out)
	}
	return string(out), err
}
