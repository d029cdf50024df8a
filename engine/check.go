package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"hogpen/cdp"
)

// Check implements cdp.Checker: it evaluates parts of filters over an event
// that is on record, as the pipeline would.
func (e *Engine) Check(ctx context.Context, ev cdp.Event, codes []json.RawMessage) ([]cdp.Checked, error) {
	p, err := e.cfg.Projects.Project(ctx, ev.Project)
	if err != nil {
		return nil, fmt.Errorf("load project %d: %w", ev.Project, err)
	}
	s, err := e.exec.NewScope(p, ev)
	if err != nil {
		return nil, err
	}
	// Recorded is the event as transformations left it.
	s.Normalize()
	if e.cfg.People != nil {
		s.Know(ctx, e.cfg.People)
	}
	return e.exec.Check(s, codes), nil
}
