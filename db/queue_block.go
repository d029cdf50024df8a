package db

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/bits"
	"slices"

	"github.com/klauspost/compress/s2"

	"hogpen/cdp"
	"hogpen/queue"
)

// The form in which messages are stored, both in blocks and alone:
//
//	message  crc32c of what follows (4 bytes), attempt, length of id, length
//	         of key (uvarints), id, key, body
//	block    version (1 byte), count (4), crc32c of count and sizes (4),
//	         size of each message (4 each), the messages
//	packed   version (1 byte), a block compressed by S2
//
// Fixed numbers are little-endian. The head has a checksum of its own, so
// that one damaged message costs that message and not its block. Of a packed
// one it may cost the block; but events are so alike that it has a fifth of the
// pages to be written, synced, folded back and read.
const (
	blockVersion  = 1
	packedVersion = 2
	blockHead     = 1 + 4 + 4
	packBlockFrom = 4 << 10  // bytes; smaller ones stay as they are
	mostUnblocked = 80 << 20 // more than a block has: one message may be large
	maxMessage    = 64 << 20 // bytes of one message, encoded
	maxBlockBytes = 256 << 10
	maxBlockCount = 1000
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errCorrupt says that stored bytes are not what was written.
var errCorrupt = errors.New("damaged on disk")

// messageRoom is more than what the stored form of a message adds to its parts.
const messageRoom = 24

// appendMessage adds the stored form of m to dst. The error has code TooLarge.
func appendMessage(dst []byte, m *queue.Message) ([]byte, error) {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.AppendUvarint(dst, uint64(max(m.Attempt, 0)))
	dst = binary.AppendUvarint(dst, uint64(len(m.ID)))
	dst = binary.AppendUvarint(dst, uint64(len(m.Key)))
	dst = append(dst, m.ID...)
	dst = append(dst, m.Key...)
	dst, err := m.AppendBody(dst)
	if err != nil {
		return dst[:start], err
	}
	if size := len(dst) - start; size > maxMessage {
		return dst[:start], cdp.Errorf(cdp.TooLarge, "", "A message of %d bytes is too large for the queue.", size)
	}
	binary.LittleEndian.PutUint32(dst[start:], crc32.Checksum(dst[start+4:], castagnoli))
	return dst, nil
}

// frame tells where the parts of a stored message lie.
type frame struct {
	attempt       int
	id, key, body int // offsets
}

// parseFrame reads the lengths of a stored message without its checksum.
func parseFrame(p []byte) (frame, error) {
	if len(p) < 4 {
		return frame{}, errCorrupt
	}
	at := 4
	var n [3]uint64
	for i := range n {
		v, w := binary.Uvarint(p[at:])
		if w <= 0 || v > math.MaxInt32 || (i > 0 && v > uint64(len(p))) {
			return frame{}, errCorrupt
		}
		n[i], at = v, at+w
	}
	f := frame{attempt: int(n[0]), id: at, key: at + int(n[1])}
	f.body = f.key + int(n[2])
	if f.body > len(p) {
		return frame{}, errCorrupt
	}
	return f, nil
}

// messageKey gives the key of a stored message, nil when it is damaged.
func messageKey(p []byte) []byte {
	f, err := parseFrame(p)
	if err != nil {
		return nil
	}
	return p[f.key:f.body]
}

// decodeMessage reads a stored message and checks it. Its Body shares p.
func decodeMessage(topic string, p []byte) (queue.Message, error) {
	f, err := parseFrame(p)
	if err != nil {
		return queue.Message{}, err
	}
	if crc32.Checksum(p[4:], castagnoli) != binary.LittleEndian.Uint32(p) {
		return queue.Message{}, errCorrupt
	}
	names := string(p[f.id:f.body])
	return queue.Message{
		Topic: topic, ID: names[:f.key-f.id], Key: names[f.key-f.id:],
		Body: p[f.body:len(p):len(p)], Attempt: f.attempt,
	}, nil
}

// appendBlock adds the stored form of a block of stored messages to dst.
func appendBlock(dst []byte, parts [][]byte) []byte {
	start := len(dst)
	dst = append(dst, blockVersion)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(parts)))
	dst = append(dst, 0, 0, 0, 0)
	for _, p := range parts {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(p)))
	}
	binary.LittleEndian.PutUint32(dst[start+5:], headSum(dst[start:]))
	for _, p := range parts {
		dst = append(dst, p...)
	}
	return dst
}

// packBlock adds a block as it is stored to dst: packed, if that makes it
// smaller by a quarter at least.
func packBlock(dst, block []byte) []byte {
	if len(block) < packBlockFrom {
		return append(dst, block...)
	}
	dst = slices.Grow(dst, 1+s2.MaxEncodedLen(len(block)))
	at := len(dst) + 1
	packed := s2.Encode(dst[at:cap(dst)], block)
	if len(packed) > len(block)*3/4 {
		return append(dst, block...)
	}
	dst = append(dst, packedVersion)
	return dst[:at+len(packed)]
}

// unpackBlock gives a stored block as appendBlock made it. One that was not
// packed is given as it is.
func unpackBlock(stored []byte) ([]byte, error) {
	if len(stored) == 0 || stored[0] != packedVersion {
		return stored, nil
	}
	if n, err := s2.DecodedLen(stored[1:]); err != nil || n > mostUnblocked {
		return nil, fmt.Errorf("packed block: %w", errCorrupt)
	}
	block, err := s2.Decode(nil, stored[1:])
	if err != nil {
		return nil, fmt.Errorf("packed block: %w", errCorrupt)
	}
	return block, nil
}

// openBlock unpacks a stored block and finds its messages.
func openBlock(stored []byte) (block []byte, spans []span, err error) {
	if block, err = unpackBlock(stored); err == nil {
		spans, err = splitBlock(block)
	}
	return block, spans, err
}

// headSum is the checksum of a block's count and the sizes in head.
func headSum(head []byte) uint32 {
	sum := crc32.Checksum(head[1:5], castagnoli)
	return crc32.Update(sum, castagnoli, head[blockHead:])
}

// span is where a message lies in its block.
type span struct{ at, size uint32 }

// splitBlock finds the messages of a block. It checks the head, not them.
func splitBlock(body []byte) ([]span, error) {
	if len(body) < blockHead || body[0] != blockVersion {
		return nil, fmt.Errorf("block head: %w", errCorrupt)
	}
	n := uint64(binary.LittleEndian.Uint32(body[1:]))
	if n == 0 || n > uint64(len(body)-blockHead)/4 {
		return nil, fmt.Errorf("block of %d messages: %w", n, errCorrupt)
	}
	end := blockHead + 4*int(n)
	if headSum(body[:end]) != binary.LittleEndian.Uint32(body[5:]) {
		return nil, fmt.Errorf("block head: %w", errCorrupt)
	}
	spans := make([]span, n)
	at := uint64(end)
	for i := range spans {
		size := uint64(binary.LittleEndian.Uint32(body[blockHead+4*i:]))
		if at+size > uint64(len(body)) {
			return nil, fmt.Errorf("message %d of its block: %w", i, errCorrupt)
		}
		spans[i] = span{uint32(at), uint32(size)}
		at += size
	}
	if at != uint64(len(body)) {
		return nil, fmt.Errorf("end of block: %w", errCorrupt)
	}
	return spans, nil
}

// bitmap holds a bit for each message of a block: finished or not.
type bitmap []byte

func newBitmap(n int) bitmap { return make(bitmap, (n+7)/8) }

// has reports whether bit i is set; a bitmap that is too short holds zeros.
func (b bitmap) has(i int) bool { return i/8 < len(b) && b[i/8]&(1<<(i%8)) != 0 }

// set sets bit i and reports whether that changed it.
func (b bitmap) set(i int) bool {
	if i/8 >= len(b) || b.has(i) {
		return false
	}
	b[i/8] |= 1 << (i % 8)
	return true
}

// count counts the set ones of the first n bits.
func (b bitmap) count(n int) int {
	c := 0
	for i, v := range b {
		if rest := n - 8*i; rest <= 0 {
			break
		} else if rest < 8 {
			v &= 1<<rest - 1
		}
		c += bits.OnesCount8(v)
	}
	return c
}
