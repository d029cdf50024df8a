package pages

import "hogpen/views/ui"

// FunctionStatus is the state of a function in the words of the status
// vocabulary, the same on every page.
type FunctionStatus string

// The states, worst first.
const (
	StatusBroken    FunctionStatus = "broken"    // needs attention: connection, compile error, required input
	StatusStopped   FunctionStatus = "stopped"   // switched off by the watcher
	StatusDegraded  FunctionStatus = "degraded"  // slowed down by the watcher
	StatusActive    FunctionStatus = "active"    // enabled and healthy
	StatusNoRuns    FunctionStatus = "no-runs"   // enabled, nothing has run yet
	StatusPaused    FunctionStatus = "paused"    // switched off by a person
	StatusUnstarted FunctionStatus = "unstarted" // never published
)

// Show gives the state's icon, word and colour.
func (s FunctionStatus) Show() ui.StatusProps {
	switch s {
	case StatusBroken:
		return ui.StatusProps{Tone: ui.Bad, Icon: "unplug", Word: "Needs attention"}
	case StatusStopped:
		return ui.StatusProps{Tone: ui.Bad, Icon: "octagon-x", Word: "Stopped by Hogpen"}
	case StatusDegraded:
		return ui.StatusProps{Tone: ui.Warn, Icon: "gauge", Word: "Degraded"}
	case StatusActive:
		return ui.StatusProps{Tone: ui.OK, Icon: "circle-check", Word: "Active"}
	case StatusNoRuns:
		return ui.StatusProps{Icon: "circle-dashed", Word: "Active, no runs yet"}
	case StatusUnstarted:
		return ui.StatusProps{Tone: ui.Info, Icon: "pencil-ruler", Word: "Never published"}
	}
	return ui.StatusProps{Icon: "pause", Word: "Paused"}
}

// guess is the state a switch shows until the answer comes.
func guess(on bool) ui.StatusProps {
	if on {
		return StatusPaused.Show()
	}
	return ui.StatusProps{Tone: ui.OK, Icon: "circle-check", Word: "Active"}
}
