package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"hogpen/cdp"
)

// content is what a revision keeps: what people wrote, under the API's names,
// without secrets and without what is compiled from it.
type content struct {
	Type           cdp.Type         `json:"type"`
	Name           *string          `json:"name"`
	Description    string           `json:"description"`
	Enabled        bool             `json:"enabled"`
	Deleted        bool             `json:"deleted,omitzero"`
	Hog            string           `json:"hog"`
	InputsSchema   []storedSchema   `json:"inputs_schema"`
	Inputs         contentInputs    `json:"inputs"`
	Filters        storedFilters    `json:"filters"`
	Masking        *storedMasking   `json:"masking"`
	Mappings       []contentMapping `json:"mappings"`
	IconURL        *string          `json:"icon_url"`
	TemplateID     string           `json:"template_id,omitzero"`
	ExecutionOrder *int             `json:"execution_order"`
}

type contentMapping struct {
	Name         *string        `json:"name,omitzero"`
	Disabled     bool           `json:"disabled,omitzero"`
	InputsSchema []storedSchema `json:"inputs_schema,omitzero"`
	Inputs       contentInputs  `json:"inputs,omitzero"`
	Filters      *storedFilters `json:"filters,omitzero"`
}

// contentInputs is an object in JSON, in the order of evaluation.
type contentInputs []cdp.Input

// MarshalJSON writes the object that clients send: value and templating by
// key, null without a value.
func (in contentInputs) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, v := range in {
		if i > 0 {
			out = append(out, ',')
		}
		key, err := encode(v.Key)
		if err != nil {
			return nil, err
		}
		text := "null"
		if v.Value != nil {
			if text, err = encode(storedValue{v.Value, v.Templating}); err != nil {
				return nil, err
			}
		}
		out = append(append(append(out, key...), ':'), text...)
	}
	return append(out, '}'), nil
}

type storedValue struct {
	Value      json.RawMessage `json:"value"`
	Templating string          `json:"templating,omitzero"`
}

// source gives filters without what was compiled from them.
func (f storedFilters) source() storedFilters {
	f.Bytecode, f.Transpiled, f.BytecodeError = nil, nil, ""
	return f
}

// contentOf gives the JSON that a revision of f keeps.
func contentOf(f *cdp.Function) (string, error) {
	c := content{
		Type: f.Type, Name: f.Name, Description: f.Description, Enabled: f.Enabled, Deleted: f.Deleted, Hog: f.Hog,
		InputsSchema: each(f.InputsSchema, toSchema), Inputs: contentInputs(f.Inputs), Filters: toFilters(f.Filters).source(),
		Masking: maybe(f.Masking, toMasking), IconURL: f.IconURL, TemplateID: f.TemplateID, ExecutionOrder: f.ExecutionOrder,
	}
	if c.InputsSchema == nil {
		c.InputsSchema = []storedSchema{}
	}
	if c.Masking != nil {
		c.Masking.Bytecode = nil
	}
	c.Mappings = each(f.Mappings, func(m cdp.Mapping) contentMapping {
		out := contentMapping{Name: m.Name, Disabled: m.Disabled, InputsSchema: each(m.InputsSchema, toSchema), Inputs: contentInputs(m.Inputs)}
		if m.Filters != nil {
			src := toFilters(*m.Filters).source()
			out.Filters = &src
		}
		return out
	})
	return encode(c)
}

func insertRevision(ctx context.Context, tx *sql.Tx, f *cdp.Function) error {
	text, err := contentOf(f)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, insertRevisionText, revisionArgs(f, text)...)
	return err
}

const insertRevisionText = `
insert into hog_function_revision (function_id, version, created_at_us, created_by, content)
values ($1, $2, $3, $4, $5)`

func revisionArgs(f *cdp.Function, content string) []any {
	return []any{string(f.ID), f.Version, us(f.UpdatedAt), int64(f.UpdatedBy), content}
}

const revisionColumns = `r.function_id, r.version, r.created_at_us, r.created_by, r.content`

func scanRevision(r scanner) (v cdp.Revision, err error) {
	var created int64
	var text string
	err = r.Scan(&v.Function, &v.Version, &created, &v.CreatedBy, &text)
	v.CreatedAt, v.Content = at(created), json.RawMessage(text)
	return v, err
}

// Revisions lists saved states of a function, newest first and without their
// content: at most limit of them after the first offset, and how many there
// are in all.
func (s *Store) Revisions(ctx context.Context, project cdp.ProjectID, id cdp.FunctionID, limit, offset int) ([]cdp.Revision, int, error) {
	count := 0
	err := s.main.row(ctx, `
select count(*)
  from hog_function f
  join hog_function_revision r on r.function_id = f.id
 where f.id = $2 and f.project_id = $1`, []any{int64(project), string(id)}, &count)
	if err != nil {
		return nil, 0, fault("count revisions", err)
	}
	rows, err := s.main.query(ctx, `
select r.function_id, r.version, r.created_at_us, r.created_by, ''
  from hog_function f
  join hog_function_revision r on r.function_id = f.id
 where f.id = $2 and f.project_id = $1
 order by r.version desc
 limit $3 offset $4`, int64(project), string(id), limit, offset)
	rs, err := collect(rows, err, scanRevision)
	return rs, count, fault("list revisions", err)
}

// Revision finds one saved state of a function. Its content holds what people
// wrote under the API's names; secret inputs are not in it.
func (s *Store) Revision(ctx context.Context, project cdp.ProjectID, id cdp.FunctionID, version int) (cdp.Revision, error) {
	st, err := s.main.stmt(ctx, s.main.r, `
select `+revisionColumns+`
  from hog_function f
  join hog_function_revision r on r.function_id = f.id
 where f.id = $2 and f.project_id = $1 and r.version = $3`)
	if err != nil {
		return cdp.Revision{}, fault("find revision", err)
	}
	v, err := scanRevision(st.QueryRowContext(ctx, int64(project), string(id), version))
	if errors.Is(err, sql.ErrNoRows) {
		return cdp.Revision{}, cdp.Errorf(cdp.NotFound, "", "No such revision for this function.")
	}
	if err != nil {
		return cdp.Revision{}, fault("find revision", err)
	}
	return v, nil
}
