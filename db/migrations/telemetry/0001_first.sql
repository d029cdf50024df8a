-- +goose Up
-- +goose StatementBegin
create table event (
  seq            integer primary key,
  project_id     integer not null,
  uuid           text not null,
  name           text not null,
  distinct_id    text not null,
  timestamp_us   integer not null,
  received_at_us integer not null,
  properties     text not null
) strict;
-- +goose StatementEnd

-- +goose StatementBegin
create unique index event_uuid on event (project_id, uuid);
-- +goose StatementEnd

-- +goose StatementBegin
create index event_received on event (project_id, received_at_us);
-- +goose StatementEnd

-- +goose StatementBegin
create table run (
  seq             integer primary key,
  id              text not null unique,
  project_id      integer not null,
  function_id     text not null,
  version         integer not null,
  status          text not null,
  attempts        integer not null,
  event_uuid      text not null,
  event_name      text not null,
  distinct_id     text not null,
  scheduled_at_us integer not null,
  started_at_us   integer,
  finished_at_us  integer,
  duration_us     integer not null,
  error_kind      text not null,
  error_message   text not null
) strict;
-- +goose StatementEnd

-- +goose StatementBegin
create index run_function on run (project_id, function_id, scheduled_at_us, id);
-- +goose StatementEnd

-- +goose StatementBegin
create index run_project on run (project_id, scheduled_at_us, id);
-- +goose StatementEnd

-- +goose StatementBegin
create index run_event on run (project_id, event_uuid);
-- +goose StatementEnd

-- +goose StatementBegin
-- seq grows with every entry and is never given twice, so a live tail can
-- resume after the last one it saw.
create table log_entry (
  seq           integer primary key autoincrement,
  project_id    integer not null,
  function_id   text not null,
  invocation_id text not null,
  time_us       integer not null,
  level         text not null check (level in ('debug', 'info', 'warn', 'error')),
  message       text not null
) strict;
-- +goose StatementEnd

-- +goose StatementBegin
create index log_entry_function on log_entry (function_id, time_us);
-- +goose StatementEnd

-- +goose StatementBegin
create index log_entry_project on log_entry (project_id, time_us);
-- +goose StatementEnd

-- +goose StatementBegin
create index log_entry_invocation on log_entry (invocation_id);
-- +goose StatementEnd

-- +goose StatementBegin
-- Counts by minute serve charts of a few hours and are kept for two days;
-- counts by hour serve all others. Both are added to in one transaction.
create table metric_minute (
  project_id  integer not null,
  function_id text not null,
  bucket_us   integer not null,
  name        text not null,
  kind        text not null,
  count       integer not null,
  primary key (project_id, function_id, bucket_us, name, kind)
) strict, without rowid;
-- +goose StatementEnd

-- +goose StatementBegin
create table metric_hour (
  project_id  integer not null,
  function_id text not null,
  bucket_us   integer not null,
  name        text not null,
  kind        text not null,
  count       integer not null,
  primary key (project_id, function_id, bucket_us, name, kind)
) strict, without rowid;
-- +goose StatementEnd

-- +goose StatementBegin
create index metric_minute_bucket on metric_minute (bucket_us);
-- +goose StatementEnd

-- +goose StatementBegin
create index metric_hour_bucket on metric_hour (bucket_us);
-- +goose StatementEnd
