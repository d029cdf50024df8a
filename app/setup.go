package app

import (
	"context"
	"errors"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/db"
	"hogpen/templates"
)

// SetupRequest asks for the first owner of a data folder.
type SetupRequest struct {
	Email, Password, Name, Project string
}

// SetupResult is what `hogpen setup --json` prints.
type SetupResult struct {
	UserID         cdp.UserID    `json:"user_id"`
	OrganizationID string        `json:"organization_id"`
	ProjectID      cdp.ProjectID `json:"project_id"`
	ProjectToken   string        `json:"project_token"`
	PersonalAPIKey string        `json:"personal_api_key"`
}

// Setup creates the first owner, a project and a personal API key with full
// access in the data folder; AlreadySetUp knows the error that says that
// there is an owner already. A server may run on the folder meanwhile.
func Setup(ctx context.Context, cfg Config, r SetupRequest) (SetupResult, error) {
	var out SetupResult
	err := withAccounts(ctx, cfg, func(_ *db.Store, accounts *account.Accounts) error {
		res, err := accounts.Setup(ctx, account.SetupRequest{
			Email: r.Email, Password: r.Password, Name: r.Name, Project: r.Project, KeyLabel: "setup",
		})
		out = SetupResult{res.User.ID, res.Organization.ID, res.Project.ID, res.Project.Token, res.Key}
		return err
	})
	return out, err
}

// AlreadySetUp reports whether an error of Setup says that somebody owns the
// data folder already.
func AlreadySetUp(err error) bool {
	var e *cdp.Error
	return errors.As(err, &e) && e.Code == cdp.Conflict
}

// KeyRequest asks for a personal API key of a user.
type KeyRequest struct {
	Email, Label string
	Scopes       []string
}

// CreateKey makes a personal API key and gives it in clear, the only time.
func CreateKey(ctx context.Context, cfg Config, r KeyRequest) (string, error) {
	var clear string
	err := withAccounts(ctx, cfg, func(store *db.Store, accounts *account.Accounts) error {
		user, err := store.UserByEmail(ctx, r.Email)
		var e *cdp.Error
		if errors.As(err, &e) && e.Code == cdp.NotFound {
			return cdp.Errorf(cdp.NotFound, "", "there is no user with the e-mail address %s", r.Email)
		}
		if err != nil {
			return err
		}
		_, clear, err = accounts.CreateKey(ctx, user.ID, account.KeyRequest{Label: r.Label, Scopes: r.Scopes})
		return err
	})
	return clear, err
}

// withAccounts opens the data folder for one piece of work on its accounts.
func withAccounts(ctx context.Context, cfg Config, work func(*db.Store, *account.Accounts) error) (err error) {
	store, err := db.Open(ctx, db.Options{Dir: cfg.Data, NoMigrate: cfg.NoMigrate, Now: cfg.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	sealer, err := openSealer(cfg)
	if err != nil {
		return err
	}
	functions := &cdp.Functions{Store: store, Projects: store, Sealer: sealer, Templates: templates.Get, Now: cfg.Now}
	accounts, err := account.New(account.Config{Store: store, Now: cfg.Now, Log: newLogger(cfg),
		Made: func(ctx context.Context, p cdp.Project, owner account.User) error {
			return addPlaces(ctx, cfg, functions, p.ID, owner.ID)
		}})
	if err != nil {
		return err
	}
	return work(store, accounts)
}
