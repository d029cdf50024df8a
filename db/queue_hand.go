package db

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"
)

// handFile notes what is in hand: a slot for each worker, written without a
// sync. It outlives the process, so that the next one knows with what the
// last one died; what a power cut loses of it is a count, never a message.
type handFile struct {
	f    *os.File
	mu   sync.Mutex
	next int
	free map[int][]int // first slots that were given back, by how many
}

// handSlot is the size of a slot: id (8), index (4), kind (4), crc32c (4).
const handSlot = 20

// Kinds of what is in hand.
const (
	handBlock = 1 // message index of block id
	handLater = 2 // row id of later
)

// handNote is one slot.
type handNote struct {
	id    int64
	index uint32
	kind  uint32
}

func openHandFile(path string) (*handFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("file of messages in hand: %w", err)
	}
	return &handFile{f: f, free: map[int][]int{}}, nil
}

// claim gives n slots and returns the first; give returns them.
func (h *handFile) claim(n int) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if free := h.free[n]; len(free) > 0 {
		h.free[n] = free[:len(free)-1]
		return free[len(free)-1]
	}
	first := h.next
	h.next += n
	return first
}

func (h *handFile) give(first, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.free[n] = append(h.free[n], first)
}

// put notes what a worker takes in hand. The note is not erased afterwards:
// the store knows what is finished.
func (h *handFile) put(slot int, n handNote) error {
	var b [handSlot]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n.id))
	binary.LittleEndian.PutUint32(b[8:], n.index)
	binary.LittleEndian.PutUint32(b[12:], n.kind)
	binary.LittleEndian.PutUint32(b[16:], crc32.Checksum(b[:16], castagnoli))
	_, err := h.f.WriteAt(b[:], int64(slot)*handSlot)
	return err
}

// notes reads what the last process had in hand; torn slots are left out.
func (h *handFile) notes() ([]handNote, error) {
	b, err := io.ReadAll(io.NewSectionReader(h.f, 0, 1<<20))
	if err != nil {
		return nil, err
	}
	var notes []handNote
	for ; len(b) >= handSlot; b = b[handSlot:] {
		if crc32.Checksum(b[:16], castagnoli) != binary.LittleEndian.Uint32(b[16:]) {
			continue
		}
		n := handNote{int64(binary.LittleEndian.Uint64(b)), binary.LittleEndian.Uint32(b[8:]),
			binary.LittleEndian.Uint32(b[12:])}
		if n.kind == handBlock || n.kind == handLater {
			notes = append(notes, n)
		}
	}
	return notes, nil
}

func (h *handFile) clear() error { return h.f.Truncate(0) }

func (h *handFile) close() error { return h.f.Close() }
