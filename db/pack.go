package db

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/klauspost/compress/s2"

	"hogpen/cdp"
)

// A pack is up to a thousand events, ended runs or log entries of one project
// that were recorded together, compressed into one row: a row and four random
// places in indices for each of them cost more than all the rest of an event's
// way, and the more the more there are. Beside its body a pack has what tells
// readers whether they need to open it: the span of its times and numbers, a
// digest, which counts by function and status or level and by event name, and
// the marks, which are short sorted hashes of the identifiers in it.
//
// Few of a kind in a batch are stored as rows, and so is all that changes or
// that people look for one by one: runs that go on, failures, warnings. Readers
// merge both. A pack is written once; only pruning cuts one at its old end.

// packFrom is from how many of a kind in a batch these are packed.
const packFrom = 64

const (
	packCount = 1000    // entries in a pack, at most
	packBytes = 1 << 20 // of entries, about
)

// Tables of packs.
const (
	eventPacks = "event_pack"
	runPacks   = "run_pack"
	logPacks   = "log_pack"
)

// tally counts entries of a pack: by function and status or level, or by the
// name of their event.
type tally struct {
	function cdp.FunctionID
	label    string
	n        int64
}

// head is a pack without its body.
type head struct {
	seq               int64
	project           cdp.ProjectID
	firstUS, lastUS   int64
	firstSeq, lastSeq int64
	count             int64
	groups, names     []tally
	marks             []byte
}

// mark stands for an identifier in a pack. Two may share one: who finds it
// looks into the pack. FNV-1a, since the stored ones must stay valid.
func mark(id string) uint32 {
	h := uint32(2166136261)
	for i := range len(id) {
		h = (h ^ uint32(id[i])) * 16777619
	}
	return h
}

// marked reports whether the pack may hold an identifier.
func (h *head) marked(id string) bool {
	want := mark(id)
	lo, hi := 0, len(h.marks)/4
	for lo < hi {
		mid := (lo + hi) / 2
		if binary.LittleEndian.Uint32(h.marks[4*mid:]) < want {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(h.marks)/4 && binary.LittleEndian.Uint32(h.marks[4*lo:]) == want
}

// packer builds one pack.
type packer struct {
	head
	raw    []byte
	tail   []byte // what few readers want: properties of events
	room   []byte // for both, compressed
	kept   []byte // finished packs' bodies and marks, until all are stored
	sums   map[tally]*tally
	hashes []uint32
}

func (p *packer) begin(project cdp.ProjectID) {
	if clear(p.sums); p.sums == nil {
		p.sums = map[tally]*tally{}
	}
	*p = packer{head: head{project: project}, raw: p.raw[:0], tail: p.tail[:0], room: p.room, kept: p.kept, hashes: p.hashes[:0], sums: p.sums}
}

// keptRoom is up to which size a packer's buffers are kept for the next pack.
const keptRoom = 4 * packBytes

// forget is called when what p made is stored.
func (p *packer) forget() {
	p.kept = p.kept[:0]
	if cap(p.raw)+cap(p.tail)+cap(p.room)+cap(p.kept) > keptRoom {
		p.raw, p.tail, p.room, p.kept = nil, nil, nil, nil
	}
}

func (p *packer) full() bool { return p.count >= packCount || len(p.raw)+len(p.tail) >= packBytes }

// entry notes what readers ask of an entry before they open the pack.
func (p *packer) entry(when int64, ids ...string) {
	if p.count == 0 || when < p.firstUS {
		p.firstUS = when
	}
	if p.count == 0 || when > p.lastUS {
		p.lastUS = when
	}
	p.count++
	for _, id := range ids {
		if id != "" {
			p.hashes = append(p.hashes, mark(id))
		}
	}
}

// group and name count an entry.
func (p *packer) group(f cdp.FunctionID, label string) { p.groups = p.tally(p.groups, f, label, 'g') }
func (p *packer) name(name string)                     { p.names = p.tally(p.names, "", name, 'n') }

func (p *packer) tally(list []tally, f cdp.FunctionID, label string, kind int64) []tally {
	k := tally{f, label, kind}
	if t := p.sums[k]; t != nil {
		t.n++
		return list
	}
	p.sums[k] = &tally{f, label, 1}
	return append(list, k) // its count comes with sum
}

// sum puts the counts into a list.
func (p *packer) sum(list []tally) {
	for i := range list {
		list[i] = *p.sums[list[i]]
	}
}

// stored is a pack as it goes into its table.
type stored struct {
	head
	digest, body []byte
}

func (p *packer) end() stored {
	p.sum(p.groups)
	p.sum(p.names)
	slices.Sort(p.hashes)
	if n := s2.MaxEncodedLen(max(len(p.raw), len(p.tail))); cap(p.room) < n {
		p.room = make([]byte, n)
	}
	// A body is the length of its first part, and both parts, each compressed.
	first := s2.Encode(p.room[:cap(p.room)], p.raw)
	out, at := stored{head: p.head}, len(p.kept)
	p.kept = append(binary.AppendUvarint(p.kept, uint64(len(first))), first...)
	p.kept = append(p.kept, s2.Encode(p.room[:cap(p.room)], p.tail)...)
	out.body, at = p.kept[at:len(p.kept):len(p.kept)], len(p.kept)
	for _, h := range slices.Compact(p.hashes) {
		p.kept = binary.LittleEndian.AppendUint32(p.kept, h)
	}
	out.marks = p.kept[at:len(p.kept):len(p.kept)]
	for _, list := range [][]tally{p.groups, p.names} {
		out.digest = binary.AppendUvarint(out.digest, uint64(len(list)))
		for _, t := range list {
			out.digest = appendText(appendText(out.digest, string(t.function)), t.label)
			out.digest = binary.AppendVarint(out.digest, t.n)
		}
	}
	return out
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// unpacker reads what a packer wrote.
type unpacker struct {
	b    []byte
	tail []byte // nil when it was not asked for
	bad  bool
}

func (u *unpacker) number() int64 {
	n, size := binary.Varint(u.b)
	if size <= 0 {
		u.bad, u.b = true, nil
		return 0
	}
	u.b = u.b[size:]
	return n
}

func (u *unpacker) bytes() []byte {
	n, size := binary.Uvarint(u.b)
	if size <= 0 || n > uint64(len(u.b)-size) {
		u.bad, u.b = true, nil
		return nil
	}
	out := u.b[size : size+int(n) : size+int(n)]
	u.b = u.b[size+int(n):]
	return out
}

// rest takes n bytes off the tail.
func (u *unpacker) rest(n int64) []byte {
	if u.tail == nil {
		return nil
	}
	if n < 0 || n > int64(len(u.tail)) {
		u.bad, u.b = true, nil
		return nil
	}
	out := u.tail[:n:n]
	u.tail = u.tail[n:]
	return out
}

func (u *unpacker) text() string { return string(u.bytes()) }

// time reads an instant; 0 is none.
func (u *unpacker) time() time.Time {
	if us := u.number(); us != 0 {
		return at(us)
	}
	return time.Time{}
}

func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return binary.AppendVarint(b, 0)
	}
	return binary.AppendVarint(b, us(t))
}

// readDigest reads groups and names into h.
func (h *head) readDigest(b []byte) error {
	u := unpacker{b: b}
	for _, list := range []*[]tally{&h.groups, &h.names} {
		n, size := binary.Uvarint(u.b)
		if size <= 0 || n > uint64(len(u.b)) {
			return fmt.Errorf("digest of pack %d: %w", h.seq, errCorrupt)
		}
		u.b = u.b[size:]
		for range n {
			*list = append(*list, tally{cdp.FunctionID(u.text()), u.text(), u.number()})
		}
	}
	if u.bad {
		return fmt.Errorf("digest of pack %d: %w", h.seq, errCorrupt)
	}
	return nil
}

// mostUnpacked bounds what a body may claim to hold: an event may be 20 MB.
const mostUnpacked = 64 << 20

// open unpacks a body into entries; without whole, events come without their
// properties.
func open[T any](h *head, body []byte, whole bool, entry func(u *unpacker, h *head) T) ([]T, error) {
	parts := unpacker{b: body}
	first := parts.bytes()
	if parts.bad {
		return nil, fmt.Errorf("pack %d: %w", h.seq, errCorrupt)
	}
	var u unpacker
	var err error
	if u.b, err = h.unpack(first); err != nil {
		return nil, err
	}
	if whole {
		if u.tail, err = h.unpack(parts.b); err != nil {
			return nil, err
		}
	}
	out := make([]T, 0, min(max(h.count, 0), packCount))
	for len(u.b) > 0 {
		out = append(out, entry(&u, h))
	}
	if u.bad {
		return nil, fmt.Errorf("pack %d: %w", h.seq, errCorrupt)
	}
	return out, nil
}

func (h *head) unpack(part []byte) ([]byte, error) {
	if n, err := s2.DecodedLen(part); err != nil || n > mostUnpacked {
		return nil, fmt.Errorf("pack %d: %w", h.seq, errCorrupt)
	}
	raw, err := s2.Decode([]byte{}, part)
	if err != nil {
		return nil, fmt.Errorf("pack %d: %w: %w", h.seq, errCorrupt, err)
	}
	return raw, nil
}

func (p *packer) event(e *cdp.Event) {
	p.entry(us(e.ReceivedAt), e.UUID)
	p.name(e.Name)
	b := appendText(appendText(appendText(p.raw, e.UUID), e.Name), e.DistinctID)
	b = binary.AppendVarint(binary.AppendVarint(b, us(e.Timestamp)), us(e.ReceivedAt))
	p.raw = binary.AppendVarint(b, int64(len(e.Properties)))
	p.tail = append(p.tail, e.Properties...)
}

func openEvent(u *unpacker, h *head) cdp.Event {
	e := cdp.Event{Project: h.project, UUID: u.text(), Name: u.text(), DistinctID: u.text(), Timestamp: at(u.number()), ReceivedAt: at(u.number())}
	if e.Properties = json.RawMessage(u.rest(u.number())); len(e.Properties) == 0 {
		e.Properties = json.RawMessage("{}")
	}
	return e
}

func (p *packer) run(r *cdp.Run) {
	p.entry(us(r.ScheduledAt), string(r.ID), r.EventUUID, r.DistinctID)
	p.group(r.Function, r.Status)
	p.name(r.EventName)
	b := p.raw
	for _, s := range []string{string(r.ID), string(r.Function), r.Status, r.EventUUID, r.EventName, r.DistinctID, r.ErrorKind, r.ErrorMessage} {
		b = appendText(b, s)
	}
	b = binary.AppendVarint(binary.AppendVarint(b, int64(r.Version)), int64(r.Attempts))
	b = appendTime(appendTime(binary.AppendVarint(b, us(r.ScheduledAt)), r.StartedAt), r.FinishedAt)
	p.raw = binary.AppendVarint(b, r.Duration.Microseconds())
}

func openRun(u *unpacker, h *head) cdp.Run {
	r := cdp.Run{Project: h.project, ID: cdp.InvocationID(u.text()), Function: cdp.FunctionID(u.text()), Status: u.text(), EventUUID: u.text(),
		EventName: u.text(), DistinctID: u.text(), ErrorKind: u.text(), ErrorMessage: u.text()}
	r.Version, r.Attempts = int(u.number()), int(u.number())
	r.ScheduledAt, r.StartedAt, r.FinishedAt = at(u.number()), u.time(), u.time()
	r.Duration = time.Duration(u.number()) * time.Microsecond
	return r
}

// log adds an entry; its number counts from the batch's first until the pack
// is stored.
func (p *packer) log(e *cdp.LogEntry, number int64) {
	p.entry(us(e.Time), string(e.Invocation))
	p.group(e.Function, string(e.Level))
	if p.count == 1 {
		p.firstSeq = number
	}
	p.lastSeq = number
	b := binary.AppendVarint(p.raw, number-p.firstSeq)
	for _, s := range []string{string(e.Function), string(e.Invocation), string(e.Level), e.Message} {
		b = appendText(b, s)
	}
	p.raw = binary.AppendVarint(b, us(e.Time))
}

func openLog(u *unpacker, h *head) cdp.LogEntry {
	return cdp.LogEntry{Project: h.project, Seq: h.firstSeq + u.number(), Function: cdp.FunctionID(u.text()),
		Invocation: cdp.InvocationID(u.text()), Level: cdp.Level(u.text()), Message: u.text(), Time: at(u.number())}
}
