package db

import (
	"database/sql/driver"
	"fmt"
	"strings"

	"modernc.org/sqlite"
)

// What would differ with PostgreSQL, where the three files are schemas:
//
//   - fold is a function of our own here, since SQLite's lower knows ASCII
//     only; there it is lower.
//   - "in (select value from json_each($1))" takes a list as one argument;
//   - "+project_id" beside a list of IDs is no index's business: the rows are
//     found by their IDs, where SQLite would else walk all of the project's;
//     there it is "= any($1)".
//   - nextChange is the highest number plus one, which needs that there is
//     one writer; there it is a sequence, read under an advisory lock.
//   - lastLog reads sqlite_sequence; there it is the sequence's last value.
//   - a plus before a column, which keeps SQLite off an index, is left out
//     there.
//   - strict, without rowid, integer primary key and pragmas are words of
//     SQLite's schemas; times are bigint there.
//
// placeholders numbers none, for SQLite looks a numbered one up by walking a
// list, which made half the cost of an insert of 32 rows; PostgreSQL needs
// the numbers.
//
// All else (single placeholders, on conflict, returning, json_valid as a check) was
// written to be the same on both.

// registerFunctions adds our SQL functions to a driver.
func registerFunctions(d *sqlite.Driver) error {
	err := d.RegisterDeterministicScalarFunction("fold", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		s, ok := args[0].(string)
		if !ok {
			return nil, fmt.Errorf("fold takes a text, not %T", args[0])
		}
		return fold(s), nil
	})
	if err != nil {
		return fmt.Errorf("register SQL functions: %w", err)
	}
	return nil
}

// placeholders gives n groups of width placeholders: (?, ?), (?, ?).
func placeholders(n, width int) string {
	group := "(" + strings.Repeat("?, ", width-1) + "?)"
	return strings.Repeat(group+", ", n-1) + group
}
