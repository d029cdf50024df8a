package db

import (
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"hogpen/cdp"
)

// fault turns the driver's errors into the house's: absence, conflict and
// passing faults become a *cdp.Error that keeps its cause, what is one already
// passes unchanged, and all else is wrapped with what was being tried.
func fault(what string, err error) error {
	if err == nil {
		return nil
	}
	var ours *cdp.Error
	if errors.As(err, &ours) {
		return err
	}
	wrapped := fmt.Errorf("%s: %w", what, err)
	if errors.Is(err, sql.ErrNoRows) {
		// The cause is left out on purpose: nothing above speaks SQL.
		return &cdp.Error{Code: cdp.NotFound, Message: "Not found."}
	}
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return wrapped
	}
	switch se.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return &cdp.Error{Code: cdp.Conflict, Message: "This already exists.", Cause: wrapped}
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return &cdp.Error{Code: cdp.NotFound, Message: "What this belongs to does not exist.", Cause: wrapped}
	}
	if m := passing(se.Code()); m != "" {
		return &cdp.Error{Code: cdp.Unavailable, Message: m, Cause: wrapped}
	}
	return wrapped
}

// passing gives the sentence for a fault that may be over at the next try;
// empty for all other codes. The low byte is the primary code.
func passing(code int) string {
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "The database is busy. Try again in a moment."
	case sqlite3.SQLITE_FULL:
		return "The disk is full. Nothing was saved; free some space and try again."
	case sqlite3.SQLITE_READONLY:
		return "The database cannot be written to. Nothing was saved; check the data folder's permissions."
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
		return "The database file cannot be read or written. Check the data folder and its disk."
	}
	return ""
}

// conflict replaces the text of a Conflict with a more telling one.
func conflict(err error, field, message string) error {
	var e *cdp.Error
	if errors.As(err, &e) && e.Code == cdp.Conflict {
		told := cdp.Errorf(cdp.Conflict, field, "%s", message)
		told.Cause = e.Cause
		return told
	}
	return err
}
