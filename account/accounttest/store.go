// Package accounttest has a Store in memory, for tests of what stands on
// accounts and needs no database. It keeps the rules that db.Store keeps:
// one first owner, unique e-mail addresses, absence as NotFound.
package accounttest

import (
	"context"
	"slices"
	"sync"
	"time"

	"hogpen/account"
	"hogpen/cdp"
)

// Store is a database of people in memory. The zero value is empty and ready.
type Store struct {
	mu            sync.Mutex
	users         []account.User
	organizations []account.Organization
	projects      []cdp.Project
	members       []account.Membership
	keys          []account.Key
	sessions      map[[32]byte]account.Session
	// Fail, when set, is the error of every call.
	Fail error
	// Touched counts the notes of a key's use.
	Touched int
}

func missing() error { return cdp.Errorf(cdp.NotFound, "", "Not found.") }

// lock takes the mutex and gives the error every call must return first.
func (s *Store) lock() (unlock func(), err error) {
	s.mu.Lock()
	return s.mu.Unlock, s.Fail
}

// HasUsers tells whether there is a user.
func (s *Store) HasUsers(context.Context) (bool, error) {
	unlock, err := s.lock()
	defer unlock()
	return len(s.users) > 0, err
}

// CreateFirstOwner stores the first owner.
func (s *Store) CreateFirstOwner(_ context.Context, u account.User, o account.Organization, p cdp.Project, k account.Key) (account.User, cdp.Project, error) {
	unlock, err := s.lock()
	defer unlock()
	if err == nil && len(s.users) > 0 {
		err = cdp.Errorf(cdp.Conflict, "", "This server is already set up.")
	}
	if err != nil {
		return u, p, err
	}
	u.ID, p.ID = 1, 1
	u.CurrentProject = p.ID
	s.users = append(s.users, u)
	s.organizations = append(s.organizations, o)
	s.projects = append(s.projects, p)
	s.members = append(s.members, account.Membership{Project: p.ID, User: u.ID, Role: account.Owner})
	if k.ID != "" {
		k.User = u.ID
		s.keys = append(s.keys, k)
	}
	return u, p, nil
}

// AddUser stores a user with a role in a project and gives it its ID.
func (s *Store) AddUser(u account.User, p cdp.ProjectID, r account.Role) account.User {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.ID = cdp.UserID(len(s.users) + 1)
	s.users = append(s.users, u)
	if r != "" {
		s.members = append(s.members, account.Membership{Project: p, User: u.ID, Role: r})
	}
	return u
}

// AddProject stores a project and gives it its ID.
func (s *Store) AddProject(p cdp.Project) cdp.Project {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.ID = cdp.ProjectID(len(s.projects) + 1)
	s.projects = append(s.projects, p)
	return p
}

func (s *Store) user(match func(account.User) bool) (account.User, error) {
	unlock, err := s.lock()
	defer unlock()
	if err != nil {
		return account.User{}, err
	}
	if i := slices.IndexFunc(s.users, match); i >= 0 {
		return s.users[i], nil
	}
	return account.User{}, missing()
}

// UserByEmail finds a user by the normal form of their e-mail address.
func (s *Store) UserByEmail(_ context.Context, email string) (account.User, error) {
	return s.user(func(u account.User) bool { return u.Email == email })
}

// User finds a user.
func (s *Store) User(_ context.Context, id cdp.UserID) (account.User, error) {
	return s.user(func(u account.User) bool { return u.ID == id })
}

// SetPassword stores a hash.
func (s *Store) SetPassword(_ context.Context, id cdp.UserID, hash string) error {
	return s.change(id, func(u *account.User) { u.PasswordHash = hash })
}

// SetCurrentProject notes the project last looked at.
func (s *Store) SetCurrentProject(_ context.Context, id cdp.UserID, p cdp.ProjectID) error {
	return s.change(id, func(u *account.User) { u.CurrentProject = p })
}

func (s *Store) change(id cdp.UserID, f func(*account.User)) error {
	unlock, err := s.lock()
	defer unlock()
	if err != nil {
		return err
	}
	for i := range s.users {
		if s.users[i].ID == id {
			f(&s.users[i])
			return nil
		}
	}
	return missing()
}

// Project finds a project.
func (s *Store) Project(_ context.Context, id cdp.ProjectID) (cdp.Project, error) {
	return s.project(func(p cdp.Project) bool { return p.ID == id })
}

// ProjectByToken finds a project by its public token.
func (s *Store) ProjectByToken(_ context.Context, token string) (cdp.Project, error) {
	return s.project(func(p cdp.Project) bool { return p.Token == token })
}

func (s *Store) project(match func(cdp.Project) bool) (cdp.Project, error) {
	unlock, err := s.lock()
	defer unlock()
	if err != nil {
		return cdp.Project{}, err
	}
	if i := slices.IndexFunc(s.projects, match); i >= 0 {
		return s.projects[i], nil
	}
	return cdp.Project{}, missing()
}

// Projects lists a user's projects.
func (s *Store) Projects(_ context.Context, user cdp.UserID) ([]cdp.Project, error) {
	unlock, err := s.lock()
	defer unlock()
	var out []cdp.Project
	for _, p := range s.projects {
		if slices.ContainsFunc(s.members, func(m account.Membership) bool { return m.User == user && m.Project == p.ID }) {
			out = append(out, p)
		}
	}
	return out, err
}

// Membership finds a user's role in a project.
func (s *Store) Membership(_ context.Context, p cdp.ProjectID, user cdp.UserID) (account.Role, error) {
	unlock, err := s.lock()
	defer unlock()
	if err != nil {
		return "", err
	}
	for _, m := range s.members {
		if m.Project == p && m.User == user {
			return m.Role, nil
		}
	}
	return "", missing()
}

// CreateKey stores a key, unless its user has most already.
func (s *Store) CreateKey(_ context.Context, k account.Key, most int) error {
	unlock, err := s.lock()
	defer unlock()
	if err != nil {
		return err
	}
	have := 0
	for _, other := range s.keys {
		if other.User == k.User {
			have++
		}
	}
	if have >= most {
		return cdp.Errorf(cdp.Invalid, "", "There are %d keys already.", most)
	}
	s.keys = append(s.keys, k)
	return nil
}

// KeyByHash finds a key.
func (s *Store) KeyByHash(_ context.Context, hash [32]byte) (account.Key, error) {
	unlock, err := s.lock()
	defer unlock()
	if err != nil {
		return account.Key{}, err
	}
	if i := slices.IndexFunc(s.keys, func(k account.Key) bool { return k.Hash == hash }); i >= 0 {
		return s.keys[i], nil
	}
	return account.Key{}, missing()
}

// Keys lists a user's keys.
func (s *Store) Keys(_ context.Context, user cdp.UserID) ([]account.Key, error) {
	unlock, err := s.lock()
	defer unlock()
	var out []account.Key
	for _, k := range s.keys {
		if k.User == user {
			out = append(out, k)
		}
	}
	return out, err
}

// UpdateKey replaces a key.
func (s *Store) UpdateKey(_ context.Context, k account.Key) error {
	return s.eachKey(k.ID, func(i int) { s.keys[i] = k })
}

// DeleteKey removes a user's key.
func (s *Store) DeleteKey(_ context.Context, user cdp.UserID, id string) error {
	mine := false
	err := s.eachKey(id, func(i int) {
		if mine = s.keys[i].User == user; mine {
			s.keys = slices.Delete(s.keys, i, i+1)
		}
	})
	if err == nil && !mine {
		err = missing()
	}
	return err
}

// TouchKey notes a key's use.
func (s *Store) TouchKey(_ context.Context, id string, at time.Time) error {
	return s.eachKey(id, func(i int) { s.keys[i].LastUsedAt = at; s.Touched++ })
}

func (s *Store) eachKey(id string, f func(int)) error {
	unlock, err := s.lock()
	defer unlock()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(s.keys, func(k account.Key) bool { return k.ID == id })
	if i < 0 {
		return missing()
	}
	f(i)
	return nil
}

// SaveSession stores or replaces a session.
func (s *Store) SaveSession(_ context.Context, v account.Session) error {
	unlock, err := s.lock()
	defer unlock()
	if err == nil {
		if s.sessions == nil {
			s.sessions = map[[32]byte]account.Session{}
		}
		s.sessions[v.IDHash] = v
	}
	return err
}

// Session finds a session.
func (s *Store) Session(_ context.Context, hash [32]byte) (account.Session, error) {
	unlock, err := s.lock()
	defer unlock()
	v, ok := s.sessions[hash]
	if err == nil && !ok {
		err = missing()
	}
	return v, err
}

// DeleteSession removes a session; one that is not there is no error.
func (s *Store) DeleteSession(_ context.Context, hash [32]byte) error {
	unlock, err := s.lock()
	defer unlock()
	delete(s.sessions, hash)
	return err
}

// DeleteSessionsOf removes a user's sessions.
func (s *Store) DeleteSessionsOf(_ context.Context, user cdp.UserID) error {
	unlock, err := s.lock()
	defer unlock()
	for k, v := range s.sessions {
		if v.User == user {
			delete(s.sessions, k)
		}
	}
	return err
}

// Sessions lists all sessions, in no order.
func (s *Store) Sessions() []account.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []account.Session
	for _, v := range s.sessions {
		out = append(out, v)
	}
	return out
}
