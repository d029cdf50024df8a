package vm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// loadChunks loads what root may import. The chunks and the root are one
// program to whoever asks what it may do: write, be suspended.
func (p *Program) loadChunks(opt LoadOptions) error {
	chunks := make(map[string]*Program, len(opt.Chunks))
	hashes := make(map[string]string, len(opt.Chunks))
	for _, name := range sortedKeys(opt.Chunks) {
		c := opt.Chunks[name]
		if c.Code == nil || name == "root" {
			return fmt.Errorf("load: chunk %q has no code, or the program's own name", name)
		}
		prog, err := load(c.Code, opt, name)
		if err != nil {
			return fmt.Errorf("chunk %q: %w", name, err)
		}
		prog.apart, prog.chunks = true, chunks
		if c.Globals.IsDict() {
			prog.globals = c.Globals.Freeze().o.dict
		}
		chunks[name] = prog
		p.canSuspend = p.canSuspend || prog.canSuspend
		p.writes = p.writes || prog.writes
		p.compares = p.compares || prog.compares
		p.declares = p.declares || prog.declares
		hashes[name] = prog.hash
	}
	p.chunks = chunks
	p.hash = hashChunks(p.hash, hashes)
	return nil
}

// hashChunks is the hash of a root with its chunks.
func hashChunks(root string, chunks map[string]string) string {
	h := sha256.New()
	h.Write([]byte(root))
	for _, name := range sortedKeys(chunks) {
		fmt.Fprintf(h, "%q %s", name, chunks[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// importChunk calls the chunk whose name is on the stack.
func (m *Machine) importChunk(n int) error {
	if n != 1 {
		return Errorf("Function import requires exactly 1 argument")
	}
	name := m.pop()
	chunk := m.prog.chunks[name.Text()]
	if chunk == nil || !name.IsString() {
		return Errorf("Unknown chunk: %s", JSText(name))
	}
	return m.enter(&function{info: chunk.main}, 0)
}
