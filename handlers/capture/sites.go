package capture

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"hogpen/cdp"
)

// siteApps keeps what the pages of a site load: the scripts of the project's
// site functions. Every page view asks, so they are read from the database once
// a second at most for each project that has visitors.
type siteApps struct {
	source Sites
	now    func() time.Time

	mu   sync.Mutex
	kept map[cdp.ProjectID]siteList
}

type siteList struct {
	list string // JavaScript: an array of {id, init}
	at   time.Time
}

// siteAppsAge is how long a list is good.
const siteAppsAge = time.Second

// maxSiteLists bounds how many projects' lists are kept.
const maxSiteLists = 1000

func newSiteApps(source Sites, now func() time.Time) *siteApps {
	return &siteApps{source: source, now: now, kept: map[cdp.ProjectID]siteList{}}
}

// of gives a project's list, as JavaScript.
func (s *siteApps) of(ctx context.Context, project cdp.ProjectID) (string, error) {
	if s.source == nil {
		return "[]", nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if l, ok := s.kept[project]; ok && now.Sub(l.at) < siteAppsAge && !now.Before(l.at) {
		return l.list, nil
	}
	scripts, err := s.source.SiteScripts(ctx, project)
	if err != nil {
		return "", fmt.Errorf("site functions: %w", err)
	}
	list, err := siteAppsScript(scripts)
	if err != nil {
		return "", err
	}
	if len(s.kept) >= maxSiteLists {
		clear(s.kept)
	}
	s.kept[project] = siteList{list, now}
	return list, nil
}

// siteAppsScript writes the list. A script runs when posthog-js calls its
// init, so that one that fails does not take the others along.
func siteAppsScript(scripts []cdp.SiteScript) (string, error) {
	if len(scripts) == 0 {
		return "[]", nil
	}
	var b strings.Builder
	b.WriteString("[\n")
	for i, s := range scripts {
		if i > 0 {
			b.WriteString(",\n")
		}
		id, err := json.Marshal(s.ID)
		if err != nil {
			return "", fmt.Errorf("site functions: %w", err)
		}
		fmt.Fprintf(&b, "{id: %s, init: function (config) {\nreturn %s().init(config);\n}}", id, s.Script)
	}
	b.WriteString("\n]")
	return b.String(), nil
}
