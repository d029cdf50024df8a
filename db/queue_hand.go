package db

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"
)

// handFile notes what is in hand: a slot for each worker, written without a
// sync. It outlives the process, so that the next one knows with what the
// last one died; what a power cut loses of it is a count, never a message.
//
// Its beginning is mapped into memory where the system can, since a note is
// made for every message: a system call costs as much as finding the message.
type handFile struct {
	f    *os.File
	mem  []byte // what is mapped; other slots are written
	mu   sync.Mutex
	next int
	free map[int][]int // first slots that were given back, by how many
}

const (
	// handSlot is the size of a slot: id (8), index (4), kind (4), crc32c (4).
	handSlot = 20
	// handMapped is how much is mapped.
	handMapped = 64 << 10
)

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
	h := &handFile{f: f, free: map[int][]int{}}
	h.mem, _ = h.mapped() // without it, notes are written
	return h, nil
}

// mapped maps the beginning of the file, whose blocks are there before: writing
// to the memory must not find the disk full.
func (h *handFile) mapped() ([]byte, error) {
	info, err := h.f.Stat()
	if err != nil {
		return nil, err
	}
	if missing := handMapped - info.Size(); missing > 0 {
		if _, err := h.f.WriteAt(make([]byte, missing), info.Size()); err != nil {
			return nil, err
		}
	}
	return mapFile(h.f, handMapped)
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
	if at := slot * handSlot; at+handSlot <= len(h.mem) {
		copy(h.mem[at:], b[:])
		return nil
	}
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

// clear forgets all notes; nothing is put afterwards.
func (h *handFile) clear() error { return errors.Join(h.unmap(), h.f.Truncate(0)) }

func (h *handFile) close() error { return errors.Join(h.unmap(), h.f.Close()) }

func (h *handFile) unmap() error {
	mem := h.mem
	h.mem = nil
	if mem == nil {
		return nil
	}
	return unmapFile(mem)
}
