package db_test

import (
	"bytes"
	"testing"

	"hogpen/db"
	"hogpen/queue"
)

// block packs messages as they are stored.
func block(t testing.TB, msgs ...queue.Message) []byte {
	t.Helper()
	var parts [][]byte
	for i := range msgs {
		p, err := db.AppendMessage(nil, &msgs[i])
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, p)
	}
	return db.AppendBlock(nil, parts)
}

func TestBlockKeepsMessages(t *testing.T) {
	t.Parallel()
	msgs := []queue.Message{
		{Topic: "events", Key: "1:ann", ID: "a", Body: []byte("one"), Attempt: 7},
		{Topic: "events"},
		{Topic: "events", ID: "c", Body: bytes.Repeat([]byte{0}, 70_000)},
	}
	parts, err := db.SplitBlock(block(t, msgs...))
	if err != nil || len(parts) != len(msgs) {
		t.Fatalf("got %d messages, %v", len(parts), err)
	}
	for i, p := range parts {
		m, err := db.DecodeMessage("events", p)
		if err != nil || m.Key != msgs[i].Key || m.ID != msgs[i].ID || m.Attempt != msgs[i].Attempt ||
			m.Topic != "events" || !bytes.Equal(m.Body, msgs[i].Body) {
			t.Errorf("message %d came back as %+v, %v", i, m, err)
		}
	}
}

// Each single changed byte must be noticed: in the head it costs the block, in
// a message that message.
func TestBlockNoticesEveryChangedByte(t *testing.T) {
	t.Parallel()
	whole := block(t, queue.Message{Key: "k", ID: "a", Body: []byte("one")}, queue.Message{ID: "b", Body: []byte("two")})
	for i := range whole {
		bad := bytes.Clone(whole)
		bad[i] ^= 0x10
		parts, err := db.SplitBlock(bad)
		if err != nil {
			continue
		}
		noticed := 0
		for _, p := range parts {
			if _, err := db.DecodeMessage("events", p); err != nil {
				noticed++
			}
		}
		if noticed != 1 {
			t.Errorf("byte %d changed: %d messages noticed it, want 1", i, noticed)
		}
	}
	for n := range whole {
		if _, err := db.SplitBlock(whole[:n]); err == nil {
			t.Errorf("a block cut to %d bytes passed", n)
		}
	}
}

func FuzzBlock(f *testing.F) {
	f.Add([]byte{})
	f.Add(block(f, queue.Message{}))
	f.Add(block(f, queue.Message{Key: "k", ID: "a", Body: []byte("one"), Attempt: 1 << 20}, queue.Message{ID: "b"}))
	f.Add([]byte("\x01\xff\xff\xff\xff\x00\x00\x00\x00\x00"))
	f.Add(db.PackBlock(nil, block(f, queue.Message{ID: "a", Body: make([]byte, 8<<10)})))
	f.Fuzz(func(t *testing.T, data []byte) {
		data, err := db.OpenBlock(data)
		if err != nil {
			return
		}
		parts, err := db.SplitBlock(data)
		if err == nil && !bytes.Equal(db.AppendBlock(nil, parts), data) {
			t.Error("a block that was read is not what would be written")
		}
		for _, p := range append(parts, data) {
			m, err := db.DecodeMessage("events", p)
			if err != nil {
				continue
			}
			again, err := db.AppendMessage(nil, &m)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := db.DecodeMessage("events", again); err != nil || n.ID != m.ID || n.Key != m.Key || !bytes.Equal(n.Body, m.Body) {
				t.Errorf("%+v came back as %+v, %v", m, n, err)
			}
		}
	})
}
