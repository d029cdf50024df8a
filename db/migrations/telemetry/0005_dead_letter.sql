-- +goose Up
-- +goose StatementBegin
-- Work that came to nothing, with what it takes to do it again. Payload and
-- inputs are compressed with s2.
create table dead_letter (
  seq            integer primary key autoincrement,
  id             text not null unique,
  project_id     integer not null,
  function_id    text not null,
  version        integer not null,
  mapping        integer not null,
  kind           text not null,
  source         text not null,
  has_run        integer not null check (has_run in (0, 1)),
  event_uuid     text not null,
  event_name     text not null,
  distinct_id    text not null,
  error_kind     text not null,
  reason         text not null,
  attempts       integer not null,
  at_us          integer not null,
  queue_id       integer not null,
  replayed_at_us integer,
  replayed_as    text not null,
  payload        blob not null,
  inputs         blob not null
) strict;
-- +goose StatementEnd

-- +goose StatementBegin
create index dead_letter_project on dead_letter (project_id, seq);
-- +goose StatementEnd

-- +goose StatementBegin
create index dead_letter_function on dead_letter (function_id, seq);
-- +goose StatementEnd

-- +goose StatementBegin
create index dead_letter_waiting on dead_letter (kind) where replayed_at_us is null;
-- +goose StatementEnd
