package account

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"time"

	"github.com/google/uuid"

	"hogpen/cdp"
)

// Store is what Accounts needs of a database; *db.Store satisfies it. Absence
// is a cdp.Error with code NotFound.
type Store interface {
	// HasUsers tells whether anybody was ever set up.
	HasUsers(ctx context.Context) (bool, error)
	// CreateFirstOwner stores all four in one step and assigns the numeric
	// IDs. A key without an ID is not stored. The error has code Conflict
	// when a user exists already.
	CreateFirstOwner(ctx context.Context, u User, o Organization, p cdp.Project, k Key) (User, cdp.Project, error)

	UserByEmail(ctx context.Context, email string) (User, error)
	User(ctx context.Context, id cdp.UserID) (User, error)
	SetPassword(ctx context.Context, id cdp.UserID, hash string) error
	DeleteSessionsOf(ctx context.Context, user cdp.UserID) error

	// CreateKey stores a key; it is Invalid when the user has most already.
	CreateKey(ctx context.Context, k Key, most int) error
	KeyByHash(ctx context.Context, hash [32]byte) (Key, error)
	Keys(ctx context.Context, user cdp.UserID) ([]Key, error)
	UpdateKey(ctx context.Context, k Key) error
	DeleteKey(ctx context.Context, user cdp.UserID, id string) error
	TouchKey(ctx context.Context, id string, at time.Time) error
}

// Config is what Accounts is made of. Store is required; the rest has
// defaults.
type Config struct {
	Store Store
	// Now is the clock; time.Now by default.
	Now func() time.Time
	// Rand feeds tokens, keys and codes; crypto/rand by default.
	Rand io.Reader
	// NewID makes the UUIDs of people, organizations and keys; version 7 by
	// default.
	NewID func() string
	// MaxHashes is how many passwords are hashed at the same time, each of
	// which takes 19 MiB; the number of processors by default.
	MaxHashes int
	// Made is told of a project that was just made, and by whom, so that it may
	// get what new projects have; its error is logged. May be nil.
	Made func(ctx context.Context, p cdp.Project, owner User) error
	// Log is told what must not fail a request, such as a note of a key's
	// last use that could not be written.
	Log *slog.Logger
}

// Accounts are the use cases of people and their keys. Its methods may be
// called at the same time.
type Accounts struct {
	store   Store
	now     func() time.Time
	rand    io.Reader
	newID   func() string
	log     *slog.Logger
	made    func(ctx context.Context, p cdp.Project, owner User) error
	hashing chan struct{}
	decoy   string // hash of no password, compared when nobody has the e-mail
	failed  *throttle
	code    string
}

// New makes Accounts, and with it the one-time setup code. It takes the time
// of one password hash.
func New(c Config) (*Accounts, error) {
	if c.Store == nil {
		return nil, errors.New("account: a store is required")
	}
	a := &Accounts{store: c.Store, now: c.Now, rand: c.Rand, newID: c.NewID, log: c.Log, made: c.Made}
	if a.now == nil {
		a.now = time.Now
	}
	if a.rand == nil {
		a.rand = rand.Reader
	}
	if a.newID == nil {
		a.newID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	n := c.MaxHashes
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	a.hashing = make(chan struct{}, n)
	a.failed = newThrottle(a.now)

	var err error
	if a.code, err = a.newCode(); err != nil {
		return nil, err
	}
	nobody, err := a.letters(24)
	if err != nil {
		return nil, err
	}
	if a.decoy, err = a.HashPassword(context.Background(), nobody); err != nil {
		return nil, err
	}
	return a, nil
}
