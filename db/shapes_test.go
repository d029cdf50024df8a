package db_test

import (
	"hogpen/account"
	"hogpen/cdp"
	"hogpen/db"
)

// The store satisfies what the rooms above ask for.
var (
	_ cdp.FunctionStore = (*db.Store)(nil)
	_ cdp.ProjectReader = (*db.Store)(nil)
	_ account.Store     = (*db.Store)(nil)
)
