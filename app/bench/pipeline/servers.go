package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"hogpen/app/bench/process"
)

// server is one of those that run the job.
type server struct {
	name    string
	process *process.Process
	single  string // where events are posted one by one
	batch   string
	token   string
	share   int    // it is given one in so many events
	profile string // where its profiles are; "" has none
}

// hogpenServer is a Hogpen with its data folder and owner's key.
type hogpenServer struct {
	server
	binary, dir, url, key string
	roles                 string // "" is all
	project               int
}

// setUp makes a data folder; start then runs on it.
func setUp(ctx context.Context, binary, dir string) (*hogpenServer, error) {
	out, err := exec.CommandContext(ctx, binary, "setup", "--data", dir, "--email", "ada@example.com", "--password", "correct horse battery",
		"--name", "Ada", "--project", "Bench", "--json").Output()
	if err != nil {
		return nil, fmt.Errorf("hogpen setup: %w", err)
	}
	var info map[string]any
	if err := json.Unmarshal(out, &info); err != nil {
		return nil, err
	}
	h := &hogpenServer{binary: binary, dir: dir}
	h.name, h.share = "Hogpen", 1
	h.key, h.token = fmt.Sprint(info["personal_api_key"]), fmt.Sprint(info["project_token"])
	_, err = fmt.Sscan(fmt.Sprint(info["project_id"]), &h.project)
	return h, err
}

func (h *hogpenServer) start(ctx context.Context) error {
	args := []string{"serve", "--data", h.dir, "--addr", "127.0.0.1:0", "--fetch-allow", "127.0.0.1/32", "--log-format", "json"}
	if h.roles != "" {
		args = append(args, "--roles", h.roles)
	}
	if h.profile != "" {
		os.Setenv("PROFILES", strings.TrimPrefix(h.profile, "http://"))
	}
	var err error
	h.process, h.url, err = process.Launch(ctx, h.dir+"-logs", "Open ", h.binary, args...)
	h.single, h.batch = h.url+"/i/v0/e/", h.url+"/batch/"
	return err
}

// create makes a function through the API and decodes the answer into out.
func (h *hogpenServer) create(ctx context.Context, function map[string]any, out any) error {
	body, err := json.Marshal(function)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, "POST", fmt.Sprintf("%s/api/projects/%d/hog_functions/", h.url, h.project), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+h.key)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusCreated {
		return fmt.Errorf("create a function: status %d: %s", res.StatusCode, text)
	}
	return json.Unmarshal(text, out)
}

func transformer() map[string]any {
	return map[string]any{"type": "transformation", "name": "Rename and hash", "enabled": true, "hog": transformation}
}

// forwarder is a destination for events of a name with one property's value.
func forwarder(name, event, key, value, hook string) map[string]any {
	return map[string]any{
		"type": "destination", "name": name, "template_id": "template-webhook", "enabled": true,
		"filters": map[string]any{"source": "events", "events": []any{map[string]any{"id": event, "type": "events"}},
			"properties": []any{map[string]any{"key": key, "value": value, "operator": "exact", "type": "event"}}},
		"inputs": map[string]any{
			"url": map[string]any{"value": hook},
			"body": map[string]any{"value": map[string]any{"uuid": "{event.uuid}", "event": "{event.event}", "distinct_id": "{event.distinct_id}",
				"timestamp": "{event.timestamp}", "properties": "{event.properties}"}},
		},
	}
}

// bytecodes are the two programs as Hogpen compiled them, for the machine in Node.
type bytecodes struct {
	Transformation json.RawMessage `json:"transformation"`
	Filter         json.RawMessage `json:"filter"`
}

// startHogpen starts a Hogpen with the job's two functions.
func startHogpen(ctx context.Context, o options, hook string) (*hogpenServer, bytecodes, error) {
	var codes bytecodes
	h, err := setUp(ctx, o.hogpen, filepath.Join(o.data, "hogpen"))
	if err != nil {
		return nil, codes, err
	}
	if o.profiles != "" {
		port, err := process.FreePort()
		if err != nil {
			return nil, codes, err
		}
		h.binary, h.profile = o.profiled, fmt.Sprintf("http://127.0.0.1:%d", port)
	}
	if err := h.start(ctx); err != nil {
		return nil, codes, err
	}
	var made struct {
		Bytecode json.RawMessage `json:"bytecode"`
		Filters  struct {
			Bytecode json.RawMessage `json:"bytecode"`
		} `json:"filters"`
	}
	if err := h.create(ctx, transformer(), &made); err != nil {
		return h, codes, err
	}
	codes.Transformation = made.Bytecode
	if err := h.create(ctx, forwarder("Forward", eventName, "keep", "true", hook), &made); err != nil {
		return h, codes, err
	}
	codes.Filter = made.Filters.Bytecode
	return h, codes, nil
}

func startReference(ctx context.Context, o options, hook string) (*server, error) {
	dir := filepath.Join(o.data, "reference")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	p, url, err := process.Launch(ctx, dir, "listening on ", o.reference, "-file", filepath.Join(dir, "events.log"), "-hook", hook)
	return &server{name: "bare Go reference", process: p, single: url, batch: url, share: 1}, err
}

// hogvm is PostHog's published machine.
const hogvm = "@posthog/hogvm@1.0.71"

//go:embed peer.js
var peerScript []byte

func startNode(ctx context.Context, o options, hook string, codes bytecodes) (*server, error) {
	dir, err := filepath.Abs(o.artifacts)
	if err != nil {
		return nil, err
	}
	if err := install(ctx, dir); err != nil {
		return nil, err
	}
	programs, err := json.Marshal(codes)
	if err != nil {
		return nil, err
	}
	p, url, err := process.Launch(ctx, filepath.Join(o.data, "node"), "listening on ", "node", filepath.Join(dir, "pipeline.js"), hook, string(programs))
	return &server{name: "PostHog's VM in Node", process: p, single: url, batch: url, share: 4}, err
}

func install(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "pipeline.js"), peerScript, 0o644); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@posthog", "hogvm")); err == nil {
		return nil
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"private":true}`), 0o644); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "npm", "install", "--no-audit", "--no-fund", "--save-exact", hogvm)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm install: %w\n%s", err, out)
	}
	return nil
}

// benthosConfig runs the job without a buffer: an answer means delivered or
// filtered.
const benthosConfig = `
http: { enabled: true, address: 127.0.0.1:%d }
logger: { level: ERROR }
input: { http_server: { path: /post, timeout: 60s } }
pipeline:
  threads: 4
  processors:
    - mapping: 'root = if this.batch.type() == "array" { this.batch } else { [this] }'
    - unarchive: { format: json_array }
    - mapping: |
        root = this
        root.properties.new_name = this.properties.old_name
        root.properties.old_name = deleted()
        root.properties.email = this.properties.email.hash("sha256").encode("hex")
    - mapping: 'root = if this.event != "bench" || this.properties.keep != true { deleted() }'
output: { http_client: { url: "%s", verb: POST, max_in_flight: 64, headers: { Content-Type: application/json } } }
`

func startBenthos(ctx context.Context, o options, hook string) (*server, error) {
	dir := filepath.Join(o.data, "benthos")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, benthosConfig, port, hook), 0o644); err != nil {
		return nil, err
	}
	p, err := process.LaunchQuietly(ctx, dir, fmt.Sprintf("http://127.0.0.1:%d/ready", port), o.peer, "-c", file)
	url := fmt.Sprintf("http://127.0.0.1:%d/post", port)
	return &server{name: "Benthos, no buffer", process: p, single: url, batch: url, share: 1}, err
}
