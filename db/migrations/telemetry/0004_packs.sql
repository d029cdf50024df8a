-- +goose Up
-- +goose StatementBegin
-- Packs hold what came together in a busy moment: see db/pack.go. The three
-- tables have one shape, each with a head that pruning looks at.
create table event_pack (
  seq        integer primary key,
  project_id integer not null,
  first_us   integer not null,
  last_us    integer not null,
  first_seq  integer not null,
  last_seq   integer not null,
  count      integer not null,
  digest     blob not null,
  marks      blob not null,
  body       blob not null
) strict;
-- +goose StatementEnd

-- +goose StatementBegin
create index event_pack_time on event_pack (project_id, last_us);
-- +goose StatementEnd

-- +goose StatementBegin
create table run_pack (
  seq        integer primary key,
  project_id integer not null,
  first_us   integer not null,
  last_us    integer not null,
  first_seq  integer not null,
  last_seq   integer not null,
  count      integer not null,
  digest     blob not null,
  marks      blob not null,
  body       blob not null
) strict;
-- +goose StatementEnd

-- +goose StatementBegin
create index run_pack_time on run_pack (project_id, last_us);
-- +goose StatementEnd

-- +goose StatementBegin
create table log_pack (
  seq        integer primary key,
  project_id integer not null,
  first_us   integer not null,
  last_us    integer not null,
  first_seq  integer not null,
  last_seq   integer not null,
  count      integer not null,
  digest     blob not null,
  marks      blob not null,
  body       blob not null
) strict;
-- +goose StatementEnd

-- +goose StatementBegin
create index log_pack_time on log_pack (project_id, last_us);
-- +goose StatementEnd

-- +goose StatementBegin
create index log_pack_seq on log_pack (project_id, last_seq);
-- +goose StatementEnd

-- +goose StatementBegin
-- When a function last ran, as far as packs tell.
create table last_run (
  project_id      integer not null,
  function_id     text not null,
  scheduled_at_us integer not null,
  primary key (project_id, function_id)
) strict, without rowid;
-- +goose StatementEnd

-- +goose StatementBegin
-- Packed entries take their numbers here, too.
insert into sqlite_sequence (name, seq)
select 'log_entry', 0
 where not exists (select 1 from sqlite_sequence where name = 'log_entry');
-- +goose StatementEnd
