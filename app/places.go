package app

import (
	"context"
	"fmt"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/engine/executor"
	"hogpen/engine/geoip"
)

// openPlaces opens the GeoIP database if there is one, and says in the log
// which it is. It gives nil without one.
func (a *App) openPlaces() (executor.Places, error) {
	if a.cfg.GeoIPDatabase == "" {
		a.log.Info("there is no GeoIP database (--geoip-database), so geoipLookup gives null")
		return nil, nil
	}
	d, err := geoip.Open(geoip.Config{Path: a.cfg.GeoIPDatabase, Log: a.log, Now: a.cfg.Now})
	if err != nil {
		return nil, fmt.Errorf("--geoip-database: %w", err)
	}
	kind, made := d.Kind()
	a.log.Info("opened the GeoIP database", "kind", kind, "made", made)
	return d, nil
}

// furnish gives a new project what it begins with.
func (a *App) furnish(ctx context.Context, p cdp.Project, owner account.User) error {
	if a.functions == nil {
		return nil // the demo's project is made first, and has functions of its own
	}
	return addPlaces(ctx, a.cfg, a.functions, p.ID, owner.ID)
}

// addPlaces enables the GeoIP transformation in a new project if there is a
// database for it (runtime specification 3.4).
func addPlaces(ctx context.Context, cfg Config, fns *cdp.Functions, p cdp.ProjectID, owner cdp.UserID) error {
	if cfg.GeoIPDatabase == "" {
		return nil
	}
	kind, yes := cdp.Transformation, true
	_, err := fns.Create(ctx, owner, p, cdp.FunctionChange{TemplateID: "template-geoip", Type: &kind, Enabled: &yes, ExecutionOrder: cdp.Some(1)})
	return err
}
