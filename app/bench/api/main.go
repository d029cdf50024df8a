// Command api holds the REST API beside PocketBase: lists and searches of
// 10,000 rows over HTTP on 16 connections, in turn, round by round, so that
// other work on the computer meets both. Both servers are processes of their
// own, Hogpen as it is built, and PocketBase from its published module (peer).
// Their rows have the same names, descriptions, programs and filters.
//
// What is asked of PocketBase is its quickest form: nobody signs in, rows have
// an index in the order of the list, a search looks into names alone and
// counts nothing. Hogpen checks session, project and role, looks into names
// and descriptions, and counts.
//
// Each figure is that of the least disturbed round. The processor time of a
// server is the kernel's account of its process; it is the sturdier figure,
// since the load generator takes its share of the same processors.
//
// Hogpen is then asked alone, one request at a time: the time until the answer
// is there is an upper bound of the server's, since kernel and client are in
// it. A PATCH waits for its commit to be on the disk; what one such sync takes in
// the folder of the data is measured beside it and shown apart. Lists of
// 100,000 functions are asked of a second Hogpen, in which all are live too.
//
//	make bench-api
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

// options are the flags.
type options struct {
	hogpen string // the built binary
	peer   string // the built peer; "" leaves it out
	data   string // folder for data
	rows   int
	many   int // rows of the second Hogpen; 0 leaves it out
	rounds int
	round  time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.hogpen, "hogpen", "bin/hogpen", "the built hogpen")
	flag.StringVar(&o.peer, "peer", "bin/bench-pocketbase", "the built peer; none when empty")
	flag.StringVar(&o.data, "data", "", "folder for data; a temporary one when empty")
	flag.IntVar(&o.rows, "rows", 10_000, "rows of each server")
	flag.IntVar(&o.many, "many", 100_000, "rows of a second Hogpen, asked alone; 0 leaves it out")
	flag.IntVar(&o.rounds, "rounds", 7, "rounds; the least disturbed counts")
	flag.DurationVar(&o.round, "round", time.Second, "how long a round of one question to one server takes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	if o.data == "" {
		dir, err := os.MkdirTemp("", "hogpen-bench-api")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.data = dir
	}
	b := &bench{o: o}
	defer b.stop()
	if err := b.start(ctx); err != nil {
		return err
	}
	if err := b.sideBySide(ctx); err != nil {
		return err
	}
	if err := b.alone(ctx); err != nil {
		return err
	}
	if b.sync, err = syncTime(b.o.data); err != nil {
		return err
	}
	b.print(os.Stdout)
	return nil
}

// start fills and starts the servers.
func (b *bench) start(ctx context.Context) (err error) {
	if b.ours, err = startHogpen(ctx, b.o.hogpen, filepath.Join(b.o.data, "hogpen"), b.o.rows); err != nil {
		return err
	}
	if b.o.peer != "" {
		if b.theirs, err = startPeer(ctx, b.o.peer, filepath.Join(b.o.data, "peer"), b.o.rows); err != nil {
			return err
		}
	}
	if b.o.many > 0 {
		b.large, err = startHogpen(ctx, b.o.hogpen, filepath.Join(b.o.data, "large"), b.o.many)
	}
	return err
}
