package account

// Ability is something a role may or may not do in a project (UI
// specification 6). Seeing secret values is no ability: no one may, ever.
type Ability string

// The abilities.
const (
	// See: functions, runs, logs, metrics, history, templates, settings;
	// and testing a function with mocked responses.
	See Ability = "see"
	// Edit: create, change, publish, enable, reorder, delete and restore
	// functions; test with real requests; replay runs.
	Edit Ability = "edit"
	// Manage: connections, test-account rules, limits, members, project
	// settings, emptying the trash.
	Manage Ability = "manage"
	// Own: delete the project, hand over ownership.
	Own Ability = "own"
)

// Can tells whether a role has an ability; no role has none.
func Can(r Role, a Ability) bool {
	need := map[Ability]Role{See: Viewer, Edit: Editor, Manage: Admin, Own: Owner}[a]
	return need != "" && r.Rank() >= need.Rank()
}
