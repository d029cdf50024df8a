package api

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// Headers that tell more than PostHog's bodies have room for (REST API
// specification 15).
const (
	warningsHeader = "X-Hogpen-Warnings" // what was accepted but not kept
	errorsHeader   = "X-Hogpen-Errors"   // how many fields are wrong
)

// functionID reads the id of the URL in its canonical form. What is no UUID is
// not found, and the words that are paths of their own take no other method.
func functionID(c *fiber.Ctx) (cdp.FunctionID, error) {
	text := c.Params("id")
	switch text {
	case "rearrange", "icon", "icons", "masked_secrets":
		return "", fiber.ErrMethodNotAllowed
	}
	id, ok := canonical(text)
	if !ok {
		return "", notFound()
	}
	return id, nil
}

// canonical reads a UUID with or without hyphens.
func canonical(text string) (cdp.FunctionID, bool) {
	if len(text) != 36 && len(text) != 32 {
		return "", false
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return "", false
	}
	return cdp.FunctionID(id.String()), true
}

// ListFunctions gives a page of the project's functions.
func (h *Handler) ListFunctions(c *fiber.Ctx) error {
	q := query(c)
	ask := functionsOf(q)
	if q.fault != nil {
		return q.fault
	}
	fq, w := ask.FunctionQuery, window{ask.Limit, ask.Offset}
	fq.Project = session.Project(c).ID
	var err error
	if fq.CreatedBy, err = h.creator(c.UserContext(), ask.creator); err != nil {
		return err
	}
	found, err := h.c.Reader.Functions(c.UserContext(), fq)
	if err != nil {
		return err
	}
	s, err := h.around(c.UserContext(), session.User(c), fq.Project, found.Functions)
	if err != nil {
		return err
	}
	match := func(i int) string {
		if i < len(found.Match) {
			return found.Match[i]
		}
		return ""
	}
	if ask.full {
		items := make([]functionDetail, len(found.Functions))
		for i, f := range found.Functions {
			items[i] = h.detail(f, s, match(i))
		}
		return respond.JSON(c, fiber.StatusOK, newPage(c, q, w, found.Count, items))
	}
	items := make([]json.RawMessage, len(found.Functions))
	for i, f := range found.Functions {
		if items[i], err = h.itemJSON(f, s, match(i)); err != nil {
			return err
		}
	}
	return respondPage(c, newPage(c, q, w, found.Count, items))
}

// functionsAsked are the parameters of the list.
type functionsAsked struct {
	cdp.FunctionQuery
	creator string
	full    bool
}

// functionsOf reads the parameters of the list (REST API specification 8.1).
func functionsOf(q *params) (ask functionsAsked) {
	types, older := q.list("type", "Only functions of these types."), q.list("types", "The same, under its older name; type counts first.")
	if len(types) == 0 {
		types = older
	}
	for _, t := range types {
		ask.Types = append(ask.Types, cdp.Type(t))
	}
	switch q.raw(Param{Name: "enabled", Shape: fields.Shape{Kind: fields.Bool}, About: "Only functions that are enabled, or that are not."}) {
	case "true", "True":
		on := true
		ask.Enabled = &on
	case "false", "False":
		off := false
		ask.Enabled = &off
	}
	const badMoment, exactly = "Enter a valid date/time.", "Only what has exactly this moment."
	ask.ID = cdp.FunctionID(q.uuid("id", "Only this function."))
	ask.CreatedAt = q.time("created_at", badMoment, exactly)
	ask.UpdatedAt = q.time("updated_at", badMoment, exactly)
	ask.creator = q.raw(Param{Name: "created_by", Shape: fields.Shape{Kind: fields.Int}, About: "Only what this user created."})
	containment(q, &ask.FunctionQuery)
	ask.Search = searchOf(q)
	ask.full = q.on("full", "Give functions whole, as when one is retrieved.")
	w := windowOf(q)
	ask.Limit, ask.Offset = w.limit, w.offset
	return ask
}

const maxSearchRunes = 200

// searchOf reads the words of a search.
func searchOf(q *params) string {
	text := q.raw(Param{Name: "search", Shape: fields.Shape{Kind: fields.String, MaxRunes: maxSearchRunes}, About: "Words of the name or the description."})
	text = strings.TrimSpace(strings.ReplaceAll(text, "\x00", ""))
	if utf8.RuneCountInString(text) > maxSearchRunes {
		q.failWith("search", "Search query must be 200 characters or fewer.")
	}
	return text
}

// creator reads created_by, which must be someone.
func (h *Handler) creator(ctx context.Context, text string) (cdp.UserID, error) {
	if text == "" {
		return 0, nil
	}
	unknown := cdp.Errorf(cdp.Invalid, "created_by", "Select a valid choice. That choice is not one of the available choices.").
		WithAPICode("invalid_choice")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, unknown
	}
	if _, err := h.c.People.User(ctx, cdp.UserID(id)); cdp.HasCode(err, cdp.NotFound) {
		return 0, unknown
	} else if err != nil {
		return 0, err
	}
	return cdp.UserID(id), nil
}

// containment reads what stored filters must contain.
func containment(q *params, fq *cdp.FunctionQuery) {
	anything := fields.Shape{Kind: fields.Object}
	one := q.json("filters", anything, "Invalid filters", "Only functions whose filters contain this.")
	fq.FilterGroups = appendTruthy(fq.FilterGroups, one)
	groups, _ := fields.Items(q.json("filter_groups", fields.ListOf(anything), "Invalid filter_groups", "Only functions whose filters contain one of these."))
	fq.FilterGroups = appendTruthy(fq.FilterGroups, groups...)
}

func appendTruthy(to []json.RawMessage, values ...json.RawMessage) []json.RawMessage {
	for _, v := range values {
		if fields.Truthy(v) {
			to = append(to, v)
		}
	}
	return to
}

// CreateFunction makes a function.
func (h *Handler) CreateFunction(c *fiber.Ctx) error {
	members, err := body(c)
	if err != nil {
		return err
	}
	change := changeOf(reader(members))
	f, err := h.c.Functions.Create(c.UserContext(), session.User(c).ID, session.Project(c).ID, change)
	if err != nil {
		return counted(c, err)
	}
	warn(c, change, f)
	return h.saved(c, fiber.StatusCreated, f)
}

// ShowFunction gives one function.
func (h *Handler) ShowFunction(c *fiber.Ctx) error {
	f, err := h.function(c)
	if err != nil {
		return err
	}
	return h.show(c, fiber.StatusOK, f)
}

// function finds the function of the URL; warehouse webhooks are invisible.
func (h *Handler) function(c *fiber.Ctx) (*cdp.Function, error) {
	id, err := functionID(c)
	if err != nil {
		return nil, err
	}
	f, err := h.c.Reader.Function(c.UserContext(), session.Project(c).ID, id)
	if cdp.HasCode(err, cdp.NotFound) || err == nil && f.Type == cdp.WarehouseWebhook {
		return nil, notFound()
	}
	return f, err
}

// show answers with a whole function.
func (h *Handler) show(c *fiber.Ctx, status int, f *cdp.Function) error {
	s, err := h.around(c.UserContext(), session.User(c), f.Project, []*cdp.Function{f})
	if err != nil {
		return err
	}
	return respond.JSON(c, status, h.detail(f, s, ""))
}

// saved is show for a function that was just saved. Clients repeat a request
// that fails, so what cannot be looked up now is left out instead.
func (h *Handler) saved(c *fiber.Ctx, status int, f *cdp.Function) error {
	s, err := h.around(c.UserContext(), session.User(c), f.Project, []*cdp.Function{f})
	if err != nil {
		s.users = map[cdp.UserID]*userBasic{}
	}
	if u := session.User(c); u.ID == f.CreatedBy {
		s.users[u.ID] = newUserBasic(u)
	}
	return respond.JSON(c, status, h.detail(f, s, ""))
}

// UpdateFunction changes the fields that were sent; it also deletes, and
// brings back what is deleted.
func (h *Handler) UpdateFunction(c *fiber.Ctx) error { return h.update(c, true) }

// ReplaceFunction is UpdateFunction, but brings nothing back.
func (h *Handler) ReplaceFunction(c *fiber.Ctx) error { return h.update(c, false) }

func (h *Handler) update(c *fiber.Ctx, undelete bool) error {
	id, err := functionID(c)
	if err != nil {
		return err
	}
	members, err := body(c)
	if err != nil {
		return err
	}
	change := changeOf(reader(members))
	change.Undelete = change.Undelete && undelete
	f, err := h.c.Functions.Update(c.UserContext(), session.User(c).ID, session.Project(c).ID, id, change)
	if cdp.HasCode(err, cdp.NotFound) {
		return notFound()
	}
	if err != nil {
		return counted(c, err)
	}
	warn(c, change, f)
	return h.saved(c, fiber.StatusOK, f)
}

// DeleteFunction refuses: functions are deleted by PATCH.
func (h *Handler) DeleteFunction(c *fiber.Ctx) error {
	c.Status(fiber.StatusMethodNotAllowed)
	c.Response().Header.Del(fiber.HeaderContentType)
	return nil
}

// RearrangeFunctions gives transformations new places and answers with all of
// them in their order.
func (h *Handler) RearrangeFunctions(c *fiber.Ctx) error {
	members, err := body(c)
	if err != nil {
		return err
	}
	orders, err := readOrders(members)
	if err != nil {
		return err
	}
	project := session.Project(c).ID
	if _, err := h.c.Functions.Rearrange(c.UserContext(), session.User(c).ID, project, orders); err != nil {
		return err
	}
	const all = 1 << 30
	found, err := h.c.Reader.Functions(c.UserContext(), cdp.FunctionQuery{Project: project, Types: []cdp.Type{cdp.Transformation}, Limit: all})
	if err != nil {
		return err
	}
	s, err := h.around(c.UserContext(), session.User(c), project, found.Functions)
	if err != nil {
		return err
	}
	out := make([]functionDetail, len(found.Functions))
	for i, f := range found.Functions {
		out[i] = h.detail(f, s, "")
	}
	return respond.JSON(c, fiber.StatusOK, out)
}

// readOrders reads the body of RearrangeFunctions.
func readOrders(members fields.Members) (map[cdp.FunctionID]int, error) {
	raw := ordersOf(reader(members))
	if !fields.Truthy(raw) {
		return nil, invalid("", "No orders provided")
	}
	given, ok := fields.MembersOf(raw)
	if !ok {
		return nil, cdp.Errorf(cdp.Invalid, "orders", "Expected a dictionary of items but got type \"%s\".", fields.TypeName(raw)).WithAPICode("not_a_dict")
	}
	orders := make(map[cdp.FunctionID]int, len(given))
	for _, m := range given {
		id, ok := canonical(m.Name)
		if !ok {
			return nil, invalid("", "HogFunction with id %s does not exist", m.Name)
		}
		n, fault := fields.ToInt(m.Value, anOrder())
		if fault != nil {
			return nil, cdp.ErrorAt(cdp.Invalid, fields.To("orders", m.Name), "%s", fault.Message).WithAPICode(fault.Code)
		}
		orders[id] = n
	}
	return orders, nil
}

// ordersOf reads the member orders, as it is.
func ordersOf(r *fields.Reader) json.RawMessage {
	return r.Any("orders", func() fields.Shape {
		order := anOrder()
		return fields.MapOf(fields.Shape{Kind: fields.Int, Min: order.Min, Max: order.Max})
	}).Value
}

func anOrder() fields.Rule { return fields.Between(0, cdp.MaxExecutionOrder) }

// counted tells in a header how many fields are wrong; the body names one.
func counted(c *fiber.Ctx, err error) error {
	var faults cdp.Faults
	if errors.As(err, &faults) && len(faults) > 1 {
		c.Set(errorsHeader, strconv.Itoa(len(faults)))
	}
	return err
}

// warn names inputs in a header that were sent and not kept.
func warn(c *fiber.Ctx, change cdp.FunctionChange, f *cdp.Function) {
	if keys := discarded(change.Inputs, f); len(keys) > 0 {
		quoted := make([]string, len(keys))
		for i, k := range keys {
			quoted[i] = strconv.QuoteToASCII(k)
		}
		c.Set(warningsHeader, "inputs not in inputs_schema were discarded: "+strings.Join(quoted, ", "))
	}
}
