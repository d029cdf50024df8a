package web_test

import (
	"hogpen/account"
	"hogpen/cdp"
	"hogpen/db"
	"hogpen/handlers/capture"
	"hogpen/web"
	"hogpen/web/session"
)

// The database satisfies what its consumers declare.
var (
	_ account.Store    = (*db.Store)(nil)
	_ session.Rows     = (*db.Store)(nil)
	_ session.Users    = (*db.Store)(nil)
	_ web.Projects     = (*db.Store)(nil)
	_ capture.Projects = (*db.Store)(nil)
	_ cdp.Sealer       = (*account.Sealer)(nil)
)
