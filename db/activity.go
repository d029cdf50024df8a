package db

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"hogpen/cdp"
)

const insertActivity = `
insert into activity (id, project_id, user_id, activity, scope, item_id, detail, created_at_us)
values ($1, $2, $3, $4, $5, $6, $7, $8)`

func activityArgs(a *cdp.Activity) []any {
	return []any{a.ID, int64(a.Project), int64(a.User), a.Activity, a.Scope, a.ItemID, rawOr(a.Detail, "{}"), us(a.CreatedAt)}
}

// AddActivity stores an entry of the activity log; a.ID must be set.
func (s *Store) AddActivity(ctx context.Context, a cdp.Activity) error {
	_, err := s.main.exec(ctx, insertActivity, activityArgs(&a)...)
	return fault("add activity", err)
}

// where gathers the conditions of a question that has optional parts.
type where struct {
	parts []string
	args  []any
}

// add appends a condition; each ? in it stands for the next of args.
func (w *where) add(cond string, args ...any) {
	for _, a := range args {
		w.args = append(w.args, a)
		cond = strings.Replace(cond, "?", "$"+strconv.Itoa(len(w.args)), 1)
	}
	w.parts = append(w.parts, cond)
}

func (w *where) String() string { return strings.Join(w.parts, " and ") }

// bind appends a value and gives its placeholder.
func (w *where) bind(v any) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

func activityWhere(q cdp.ActivityQuery) *where {
	w := &where{}
	w.add("project_id = ?", int64(q.Project))
	if len(q.Scopes) > 0 {
		w.add("scope in (select value from json_each(?))", list(q.Scopes))
	}
	if q.ItemID != "" {
		w.add("item_id = ?", q.ItemID)
	}
	if q.User != 0 {
		w.add("user_id = ?", int64(q.User))
	}
	if !q.Before.IsZero() {
		w.add("created_at_us < ?", us(q.Before))
	}
	return w
}

// Activities lists a project's activity, newest first; 100 entries when
// q.Limit is 0.
func (s *Store) Activities(ctx context.Context, q cdp.ActivityQuery) ([]cdp.Activity, error) {
	w := activityWhere(q)
	text := `
select id, project_id, user_id, activity, scope, item_id, detail, created_at_us
  from activity
 where ` + w.String() + `
 order by created_at_us desc, id desc
 limit ` + w.bind(limitOr(q.Limit, 100)) + ` offset ` + w.bind(q.Offset)
	rows, err := s.main.query(ctx, text, w.args...)
	as, err := collect(rows, err, func(r scanner) (a cdp.Activity, err error) {
		var created int64
		var detail string
		err = r.Scan(&a.ID, &a.Project, &a.User, &a.Activity, &a.Scope, &a.ItemID, &detail, &created)
		a.Detail, a.CreatedAt = json.RawMessage(detail), at(created)
		return a, err
	})
	return as, fault("list activity", err)
}

// ActivityCount counts what Activities would list without a limit.
func (s *Store) ActivityCount(ctx context.Context, q cdp.ActivityQuery) (int, error) {
	w := activityWhere(q)
	var n int
	err := s.main.row(ctx, `select count(*) from activity where `+w.String(), w.args, &n)
	return n, fault("count activity", err)
}
