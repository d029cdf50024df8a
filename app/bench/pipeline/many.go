package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"hogpen/cdp"
	"hogpen/db"
)

// matching is how many destinations can match an event, in both cases.
const matching = 10

// manyDestinations runs batches through a Hogpen of which each event can meet
// ten destinations, once with 990 others for events that never come.
func (b *bench) manyDestinations(ctx context.Context) error {
	var sides []*hogpenServer
	defer func() {
		for _, h := range sides {
			h.process.Stop()
		}
	}()
	for _, all := range []int{matching, 1000} {
		h, err := setUp(ctx, b.o.hogpen, filepath.Join(b.o.data, fmt.Sprint("hogpen-", all)))
		if err != nil {
			return err
		}
		if err := h.start(ctx); err != nil {
			return err
		}
		sides = append(sides, h)
		if err := b.populate(ctx, h, all); err != nil {
			return err
		}
	}
	b.few, b.many = &result{}, &result{}
	for round := range b.o.rounds + 1 {
		for i, into := range []*result{b.few, b.many} {
			if round == 0 {
				into = &result{}
			}
			if err := b.round(ctx, &sides[i].server, 100, b.o.batches/2, into); err != nil {
				return err
			}
		}
	}
	return nil
}

// populate makes a server's destinations: the ten that can match through the
// API, the others as copies for names that no event has.
func (b *bench) populate(ctx context.Context, h *hogpenServer, all int) error {
	var made struct{ ID string }
	if err := h.create(ctx, transformer(), &made); err != nil {
		return err
	}
	for i := range matching {
		name, bucket := fmt.Sprint("Forward ", i), fmt.Sprint(i*onePasses)
		if err := h.create(ctx, forwarder(name, eventName, "bucket", bucket, b.receiver.url()), &made); err != nil {
			return err
		}
	}
	if all == matching {
		return nil
	}
	if err := h.create(ctx, forwarder("Other", "other_event_0", "bucket", "1", b.receiver.url()), &made); err != nil {
		return err
	}
	h.process.Stop()
	if err := copies(ctx, h, cdp.FunctionID(made.ID), all-matching-1); err != nil {
		return err
	}
	return h.start(ctx)
}

// copies stores a function n times under other event names.
func copies(ctx context.Context, h *hogpenServer, id cdp.FunctionID, n int) error {
	store, err := db.Open(ctx, db.Options{Dir: h.dir})
	if err != nil {
		return err
	}
	defer store.Close()
	f, err := store.Function(ctx, cdp.ProjectID(h.project), id)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(f.Filters)
	if err != nil {
		return err
	}
	for i := range n {
		c := *f
		c.ID = cdp.FunctionID(uuid.Must(uuid.NewV7()).String())
		c.CreatedAt = c.CreatedAt.Add(time.Duration(i) * time.Millisecond)
		c.Filters = cdp.Filters{}
		if err := json.Unmarshal([]byte(strings.ReplaceAll(string(plain), "other_event_0", fmt.Sprint("other_event_", i+1))), &c.Filters); err != nil {
			return err
		}
		if err := store.CreateFunction(ctx, &c); err != nil {
			return err
		}
	}
	return nil
}

// memoryOfQueued takes events in while the receiver answers slowly, and
// measures the most memory that the server held.
func (b *bench) memoryOfQueued(ctx context.Context) error {
	h, err := setUp(ctx, b.o.hogpen, filepath.Join(b.o.data, "hogpen-queued"))
	if err != nil {
		return err
	}
	h.roles = "web,capture"
	if err := h.start(ctx); err != nil {
		return err
	}
	defer func() { h.process.Stop() }()
	var made struct{ ID string }
	if err := h.create(ctx, transformer(), &made); err != nil {
		return err
	}
	const part = 20_000
	for sent := 0; sent < b.o.queued; sent += part {
		if _, err := post(ctx, h.batch, bodies(h.token, take(part), part, 100), 0); err != nil {
			return fmt.Errorf("after %d events: %w", sent, err)
		}
	}
	b.queued = h.process.Peak()
	// A server that starts on what waits, and works on it.
	h.process.Stop()
	h.roles = ""
	if err := h.start(ctx); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-time.After(20 * time.Second):
	}
	b.queued = max(b.queued, h.process.Peak())
	return ctx.Err()
}
