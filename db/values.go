package db

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// us is a time as it is stored: microseconds since 1970, UTC.
func us(t time.Time) int64 { return t.UnixMicro() }

// at is the inverse of us.
func at(us int64) time.Time { return time.UnixMicro(us).UTC() }

// maybeUS stores the zero time as null.
func maybeUS(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return us(t)
}

// maybeAt is the inverse of maybeUS.
func maybeAt(v sql.NullInt64) time.Time {
	if !v.Valid {
		return time.Time{}
	}
	return at(v.Int64)
}

// encode gives v as the JSON text that is stored: what people wrote stays
// readable, so angle brackets are not escaped.
func encode(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", fmt.Errorf("encode %T: %w", v, err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// decode reads stored JSON into v.
func decode(text string, v any) error {
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("decode %T: %w", v, err)
	}
	return nil
}

// list gives ids as a JSON array, for "in (select value from json_each($1))".
func list[T ~string | ~int64](ids []T) string {
	if len(ids) == 0 {
		return "[]"
	}
	// Strings and numbers always encode.
	b, _ := json.Marshal(ids)
	return string(b)
}

// rawOr gives raw as text, or what stands for "none".
func rawOr(raw json.RawMessage, none string) string {
	if len(raw) == 0 {
		return none
	}
	return string(raw)
}

// scanner is a row or rows.
type scanner interface {
	Scan(dest ...any) error
}

// collect scans all rows with scan and closes them.
func collect[T any](rows *sql.Rows, err error, scan func(scanner) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// scanOne scans a single value of its own type.
func scanOne[T any](r scanner) (v T, err error) {
	err = r.Scan(&v)
	return v, err
}
