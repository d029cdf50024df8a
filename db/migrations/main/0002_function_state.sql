-- +goose Up
-- +goose StatementBegin
-- What the watcher knows of functions that are not healthy with a full bucket.
-- No foreign key: a row may outlive its function for a moment.
create table function_state (
  function_id     text primary key,
  project_id      integer not null,
  state           integer not null check (state in (1, 2, 3, 11, 12)),
  tokens          integer not null,
  reason          text not null,
  at_us           integer not null,
  changed_at_us   integer,
  locked_until_us integer
) strict, without rowid;
-- +goose StatementEnd
