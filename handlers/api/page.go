package api

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp/fields"
	"hogpen/web/session"
)

// page is one page of a list (REST API specification 1.3).
type page[T any] struct {
	Count    int     `json:"count"`
	Next     *string `json:"next"`
	Previous *string `json:"previous"`
	Results  []T     `json:"results"`
}

const defaultLimit = 100

// window is the part of a list that a request asks for.
type window struct{ limit, offset int }

// windowOf reads limit and offset; what cannot be read counts as not given.
func windowOf(q *params) window {
	one, none := int64(1), int64(0)
	limit := Param{Name: "limit", Shape: fields.Shape{Kind: fields.Int, Min: &one}, Default: strconv.Itoa(defaultLimit), About: "How many to give at most."}
	w := window{limit: defaultLimit}
	if n, err := strconv.Atoi(q.raw(limit)); err == nil && n > 0 {
		w.limit = n
	}
	w.offset = offsetOf(q, Param{Name: "offset", Shape: fields.Shape{Kind: fields.Int, Min: &none}, Default: "0", About: "How many to leave out before."})
	return w
}

func offsetOf(q *params, d Param) int {
	n, err := strconv.Atoi(q.raw(d))
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// newPage wraps results with links to the pages around them.
func newPage[T any](c *fiber.Ctx, q *params, w window, count int, results []T) page[T] {
	p := page[T]{Count: count, Results: results}
	if results == nil {
		p.Results = []T{}
	}
	if w.offset < count-w.limit {
		p.Next = link(c, q, w.limit, w.offset+w.limit)
	}
	if w.offset > 0 {
		p.Previous = link(c, q, w.limit, w.offset-w.limit)
	}
	return p
}

// link is the absolute address of another page, with all other parameters
// kept.
func link(c *fiber.Ctx, q *params, limit, offset int) *string {
	q.Set("offset", strconv.Itoa(offset))
	if offset <= 0 {
		q.Del("offset")
	}
	return linkWith(c, q, "limit", strconv.Itoa(limit))
}

// linkWith is the address of the request with one parameter set.
func linkWith(c *fiber.Ctx, q *params, name, value string) *string {
	q.Set(name, value)
	url := session.From(c).BaseURL + string(c.Request().URI().PathOriginal()) + "?" + q.Encode()
	return &url
}

// slice cuts a list that is whole to the window.
func slice[T any](all []T, w window) []T {
	from := min(w.offset, len(all))
	to := len(all)
	if w.limit < to-from {
		to = from + w.limit
	}
	return all[from:to]
}
