package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// writer is the queue's writing connection with its prepared statements. Only
// the committer uses it.
type writer struct {
	conn *sql.Conn

	begin, commit, rollback  *sql.Stmt
	insertTopic              *sql.Stmt
	insertBlock, deleteBlock *sql.Stmt
	setDone, deleteDone      *sql.Stmt
	deleteCrash              *sql.Stmt
	insertLater, updateLater *sql.Stmt
	deleteLater, freeHeld    *sql.Stmt
	insertDead, pruneDead    *sql.Stmt

	statements []*sql.Stmt // all of them
}

func newWriter(ctx context.Context, p *pool) (*writer, error) {
	conn, err := p.w.Conn(ctx)
	if err != nil {
		return nil, fault("connect the queue's writer", err)
	}
	w := &writer{conn: conn}
	for _, s := range []struct {
		to   **sql.Stmt
		text string
	}{
		{&w.begin, `begin immediate`},
		{&w.commit, `commit`},
		{&w.rollback, `rollback`},
		{&w.insertTopic, `insert into topic (id, name) values ($1, $2) on conflict do nothing`},
		{&w.insertBlock, `insert into block (id, saved_at_us, messages, bytes, body) values ($1, $2, $3, $4, $5)`},
		{&w.deleteBlock, `delete from block where id = $1`},
		{&w.setDone, `insert into block_done (block_id, done) values ($1, $2)
			on conflict do update set done = excluded.done`},
		{&w.deleteDone, `delete from block_done where block_id = $1`},
		{&w.deleteCrash, `delete from crash where block_id = $1`},
		{&w.insertLater, `insert into later (id, topic_id, due_us, attempt, crashes, held, body)
			values ($1, $2, $3, $4, $5, $6, $7)`},
		{&w.updateLater, `update later set due_us = $2, attempt = $3, crashes = $4, held = $5 where id = $1`},
		{&w.deleteLater, `delete from later where id = $1`},
		{&w.freeHeld, `update later set held = 0 where topic_id = $1 and held = 1`},
		{&w.insertDead, `insert into dead (topic_id, at_us, attempt, reason, body) values ($1, $2, $3, $4, $5)`},
		{&w.pruneDead, `delete from dead where at_us < $1`},
	} {
		if *s.to, err = conn.PrepareContext(ctx, s.text); err != nil {
			return nil, errors.Join(fmt.Errorf("prepare %q: %w", s.text, err), w.close())
		}
		w.statements = append(w.statements, *s.to)
	}
	return w, nil
}

func (w *writer) run(ctx context.Context, s *sql.Stmt, args ...any) error {
	_, err := s.ExecContext(ctx, args...)
	return err
}

// pragmas and other statements that are not worth preparing.
func (w *writer) exec(ctx context.Context, text string) error {
	_, err := w.conn.ExecContext(ctx, text)
	return err
}

// close lets go of the statements, too: SQLite keeps the files of a connection
// open as long as one of its statements is there.
func (w *writer) close() error {
	var errs []error
	for _, s := range w.statements {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, w.conn.Close())...)
}
