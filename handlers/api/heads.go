package api

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/web/respond"
)

// Lists of functions are asked for often and most of an item stays the same:
// its head is written once. A function of a list is never changed, only
// replaced, so its address stands for its state.

// maxHeads bounds how many heads are kept; beyond it they are written anew.
const maxHeads = 2048

// heads are the written heads of functions.
type heads struct {
	mu   sync.Mutex
	byOf map[*cdp.Function]writtenHead
}

// writtenHead is an item up to its status, and the user and template as they
// were then.
type writtenHead struct {
	by       *userBasic
	template *cdp.Template
	text     []byte
}

// same tells whether the creator and the template still are what they were.
func (w *writtenHead) same(by *userBasic, template *cdp.Template) bool {
	if w.template != template || (w.by == nil) != (by == nil) {
		return false
	}
	return by == nil || w.by.ID == by.ID && w.by.FirstName == by.FirstName && w.by.LastName == by.LastName && w.by.Email == by.Email
}

// itemJSON writes an item of a list.
func (h *Handler) itemJSON(f *cdp.Function, s surroundings, match string) ([]byte, error) {
	head, err := h.headJSON(f, s)
	if err != nil {
		return nil, err
	}
	tail, err := json.Marshal(functionTail{s.status(f), f.ExecutionOrder, match})
	if err != nil {
		return nil, fmt.Errorf("write function %s: %w", f.ID, err)
	}
	tail[0] = ','
	return append(head[:len(head):len(head)], tail...), nil
}

// headJSON is the head of an item without the brace behind it.
func (h *Handler) headJSON(f *cdp.Function, s surroundings) ([]byte, error) {
	by, template := s.users[f.CreatedBy], h.template(f)
	h.heads.mu.Lock()
	have, ok := h.heads.byOf[f]
	h.heads.mu.Unlock()
	if ok && have.same(by, template) {
		return have.text, nil
	}
	b, err := json.Marshal(h.head(f, s))
	if err != nil {
		return nil, fmt.Errorf("write function %s: %w", f.ID, err)
	}
	b = b[:len(b)-1]
	h.heads.mu.Lock()
	defer h.heads.mu.Unlock()
	if h.heads.byOf == nil || len(h.heads.byOf) >= maxHeads {
		h.heads.byOf = map[*cdp.Function]writtenHead{}
	}
	h.heads.byOf[f] = writtenHead{by, template, b}
	return b, nil
}

// respondPage answers with a page whose results are written already.
func respondPage(c *fiber.Ctx, p page[json.RawMessage]) error {
	size := 256
	for _, r := range p.Results {
		size += len(r) + 1
	}
	out := make([]byte, 0, size)
	around, err := json.Marshal(page[json.RawMessage]{Count: p.Count, Next: p.Next, Previous: p.Previous, Results: []json.RawMessage{}})
	if err != nil {
		return fmt.Errorf("write a page: %w", err)
	}
	// The results are the last member: [] and } end what is around them.
	out = append(out, around[:len(around)-2]...)
	for i, r := range p.Results {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, r...)
	}
	return respond.Raw(c, fiber.StatusOK, append(out, "]}"...))
}
