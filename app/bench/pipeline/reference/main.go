// Command reference is the measure of the pipeline's cost: the same job with
// nothing around it. fasthttp takes the events in; they are decoded once, by
// goccy/go-json, into maps; a group commit appends the requests to a file and
// syncs it before any of them is answered; Go code renames, hashes and filters;
// and fasthttp's client posts what passes, 64 at once. There are no programs,
// retries, metrics, logs or pages, and nobody reads the file again.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/goccy/go-json"
	"github.com/valyala/fasthttp"
)

func main() {
	file := flag.String("file", "", "the file that events are appended to")
	hook := flag.String("hook", "", "where events that pass are posted")
	flag.Parse()
	if err := serve(*file, *hook); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func serve(file, hook string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &server{
		file: f, hook: hook, wake: make(chan struct{}, 1), work: make(chan event, 1024), out: make(chan []byte, 64),
		client: &fasthttp.Client{MaxConnsPerHost: posters, ReadTimeout: 10 * time.Second, NoDefaultUserAgentHeader: true},
	}
	go s.commit()
	for range workers {
		go s.transform()
	}
	for range posters {
		go s.post()
	}
	web := &fasthttp.Server{Handler: s.take, MaxRequestBodySize: 20 << 20, NoDefaultDate: true, NoDefaultServerHeader: true}
	go func() { _ = web.Serve(l) }()
	fmt.Println("listening on http://" + l.Addr().String())
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	<-stop
	return nil
}

const (
	workers = 4
	posters = 64
)

type event struct {
	UUID       string         `json:"uuid"`
	Event      string         `json:"event"`
	DistinctID string         `json:"distinct_id"`
	Timestamp  string         `json:"timestamp"`
	Properties map[string]any `json:"properties"`
}

// request is an event or a batch.
type request struct {
	UUID       string         `json:"uuid"`
	Event      string         `json:"event"`
	DistinctID string         `json:"distinct_id"`
	Timestamp  string         `json:"timestamp"`
	Properties map[string]any `json:"properties"`
	Batch      []event        `json:"batch"`
}

type waiting struct {
	body []byte
	done chan error
}

type server struct {
	file   *os.File
	hook   string
	client *fasthttp.Client

	mu    sync.Mutex
	group []waiting
	wake  chan struct{}

	work chan event
	out  chan []byte
}

// take decodes a request, waits for its sync, and hands its events on.
func (s *server) take(c *fasthttp.RequestCtx) {
	var r request
	if err := json.Unmarshal(c.PostBody(), &r); err != nil {
		c.Error(err.Error(), fasthttp.StatusBadRequest)
		return
	}
	w := waiting{body: c.PostBody(), done: make(chan error, 1)}
	s.mu.Lock()
	s.group = append(s.group, w)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
	if err := <-w.done; err != nil {
		c.Error(err.Error(), fasthttp.StatusServiceUnavailable)
		return
	}
	if r.Batch == nil {
		r.Batch = []event{{r.UUID, r.Event, r.DistinctID, r.Timestamp, r.Properties}}
	}
	c.SetBodyString(`{"status":"Ok"}`)
	for _, e := range r.Batch {
		s.work <- e
	}
}

// commit appends what waits and syncs once for all.
func (s *server) commit() {
	var buf []byte
	for range s.wake {
		s.mu.Lock()
		group := s.group
		s.group = nil
		s.mu.Unlock()
		buf = buf[:0]
		for _, w := range group {
			buf = append(append(buf, w.body...), '\n')
		}
		_, err := s.file.Write(buf)
		if err == nil {
			err = syscall.Fdatasync(int(s.file.Fd()))
		}
		for _, w := range group {
			w.done <- err
		}
	}
}

// transform does what the two programs do.
func (s *server) transform() {
	for e := range s.work {
		p := e.Properties
		p["new_name"] = p["old_name"]
		delete(p, "old_name")
		mail, _ := p["email"].(string)
		sum := sha256.Sum256([]byte(mail))
		p["email"] = hex.EncodeToString(sum[:])
		if keep, _ := p["keep"].(bool); !keep || e.Event != "bench" {
			continue
		}
		body, err := json.Marshal(e)
		if err != nil {
			fmt.Fprintln(os.Stderr, "reference:", err)
			continue
		}
		s.out <- body
	}
}

func (s *server) post() {
	for body := range s.out {
		req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
		req.SetRequestURI(s.hook)
		req.Header.SetMethod("POST")
		req.Header.SetContentType("application/json")
		req.SetBodyRaw(body)
		if err := s.client.Do(req, res); err != nil {
			fmt.Fprintln(os.Stderr, "reference:", err)
		}
		fasthttp.ReleaseRequest(req)
		fasthttp.ReleaseResponse(res)
	}
}
