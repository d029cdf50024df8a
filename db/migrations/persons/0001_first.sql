-- +goose Up
-- +goose StatementBegin
-- A person is found by an ID that is computed from its first distinct ID, so
-- only those that came to it later need rows of their own below.
create table person (
  seq           integer primary key,
  project_id    integer not null,
  id            text not null,
  distinct_id   text not null,
  properties    text not null,
  identified    integer not null check (identified in (0, 1)),
  created_at_us integer not null,
  updated_at_us integer not null,
  unique (project_id, id)
) strict;
-- +goose StatementEnd

-- +goose StatementBegin
create table person_distinct_id (
  project_id  integer not null,
  distinct_id text not null,
  person_id   text not null,
  primary key (project_id, distinct_id)
) strict, without rowid;
-- +goose StatementEnd

-- +goose StatementBegin
create index person_distinct_ids on person_distinct_id (project_id, person_id);
-- +goose StatementEnd

-- +goose StatementBegin
create table group_type (
  project_id integer not null,
  idx        integer not null check (idx between 0 and 4),
  name       text not null,
  primary key (project_id, idx),
  unique (project_id, name)
) strict, without rowid;
-- +goose StatementEnd

-- +goose StatementBegin
create table project_group (
  seq           integer primary key,
  project_id    integer not null,
  idx           integer not null,
  key           text not null,
  properties    text not null,
  created_at_us integer not null,
  updated_at_us integer not null,
  unique (project_id, idx, key)
) strict;
-- +goose StatementEnd
