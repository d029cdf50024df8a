// Command pipeline runs the side-by-side job of the pipeline: events of about
// 1.5 KB come in over HTTP on 32 connections, one by one or in batches of 100;
// a transformation renames one property and hashes another; a filter lets one
// in ten through; each of those is posted to a receiver, at most 64 at once.
//
// Every server is a process of its own: Hogpen as it is built, with its
// queue, logs and metrics; the reference, a bare Go program that syncs an
// append-only file before it answers and has neither logs, metrics nor
// retries; PostHog's published machine in bare Node, which answers what it has
// received; and, given its binary, Benthos without a buffer. They run in turn,
// round by round, so that other work on the computer meets all of them. Load
// generator and receiver are this process. It checks every delivery: nothing
// may be lost, doubled or wrong.
//
// The processor time of a server is the kernel's account of its process, until
// it has come to rest after the last delivery; it is the sturdier figure, since
// load generator and receiver take their share of the same processors.
//
//	make bench-pipeline
//	PEER=/path/to/benthos make bench-pipeline
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

// options are the flags.
type options struct {
	hogpen    string // the built binary
	reference string // the built reference
	peer      string // Benthos' binary; "" leaves it out
	artifacts string // folder for npm packages
	data      string // folder for data; on the disk to be measured
	single    int    // events of a round of single posts
	batches   int    // events of a round of batches
	rounds    int
	node      bool
	many      bool
	half      bool   // measure delivery at half load
	queued    int    // events of the memory row; 0 leaves it out
	profiles  string // folder for profiles; "" takes none
	profiled  string // the built command profiled
}

func main() {
	var o options
	flag.StringVar(&o.hogpen, "hogpen", "bin/hogpen", "the built hogpen")
	flag.StringVar(&o.reference, "reference", "bin/bench-reference", "the built reference")
	flag.StringVar(&o.peer, "peer", os.Getenv("PEER"), "a Benthos binary, to run as well")
	flag.StringVar(&o.artifacts, "artifacts", "artifacts/pipeline", "folder for npm packages")
	flag.StringVar(&o.data, "data", "", "folder for data; a temporary one when empty")
	flag.IntVar(&o.single, "single", 10_000, "events of a round of single posts")
	flag.IntVar(&o.batches, "batches", 40_000, "events of a round of batches of 100")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds; the median counts")
	flag.BoolVar(&o.node, "node", true, "run PostHog's machine in Node")
	flag.BoolVar(&o.many, "many", true, "compare 1,000 destinations with 10")
	flag.BoolVar(&o.half, "half", true, "measure delivery at half load")
	flag.StringVar(&o.profiles, "profiles", "", "a folder for profiles of Hogpen, which then runs as -profiled")
	flag.StringVar(&o.profiled, "profiled", "bin/bench-profiled", "the built command profiled")
	flag.IntVar(&o.queued, "queued", 0, "measure memory with so many events waiting, such as 2000000")
	full := flag.Bool("full", false, "100,000 events in each round")
	flag.Parse()
	if *full {
		o.single, o.batches = 100_000, 100_000
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "pipeline:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.data == "" {
		dir, err := os.MkdirTemp("", "hogpen-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.data = dir
	}
	r, err := newReceiver()
	if err != nil {
		return err
	}
	defer r.close()
	b := &bench{o: o, receiver: r, results: map[string]*result{}}
	defer b.stop()
	if err := b.sideBySide(ctx); err != nil {
		return err
	}
	if o.many {
		if err := b.manyDestinations(ctx); err != nil {
			return fmt.Errorf("1,000 destinations: %w", err)
		}
	}
	if o.queued > 0 {
		if err := b.memoryOfQueued(ctx); err != nil {
			return fmt.Errorf("memory of waiting events: %w", err)
		}
	}
	b.print(os.Stdout)
	return nil
}
