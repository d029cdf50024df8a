-- +goose Up
-- +goose StatementBegin
-- Steps are PostHog's JSON. Numbers are never given twice: a filter that names
-- a removed action must not come to mean another one. "folded" is the name as
-- searches compare it, here and below.
create table action (
  id                   integer primary key autoincrement,
  project_id           integer not null references project (id) on delete cascade,
  name                 text,
  folded               text not null,
  description          text not null,
  tags                 text not null check (json_valid(tags)),
  post_to_slack        integer not null check (post_to_slack in (0, 1)),
  slack_message_format text not null,
  steps                text not null check (json_valid(steps)),
  bytecode_error       text not null,
  deleted              integer not null check (deleted in (0, 1)),
  created_at_us        integer not null,
  created_by           integer not null,
  calculated_at_us     integer not null
) strict;
-- +goose StatementEnd

-- +goose StatementBegin
create unique index action_name on action (project_id, name) where deleted = 0 and name <> '';
-- +goose StatementEnd

-- +goose StatementBegin
create index action_list on action (project_id, deleted, calculated_at_us);
-- +goose StatementEnd

-- +goose StatementBegin
create table cohort (
  id            integer primary key autoincrement,
  project_id    integer not null references project (id) on delete cascade,
  name          text,
  folded        text not null,
  description   text not null,
  filters       text not null check (json_valid(filters)),
  is_static     integer not null check (is_static in (0, 1)),
  deleted       integer not null check (deleted in (0, 1)),
  created_at_us integer not null,
  created_by    integer not null
) strict;
-- +goose StatementEnd

-- +goose StatementBegin
create index cohort_list on cohort (project_id, deleted, created_at_us);
-- +goose StatementEnd

-- +goose StatementBegin
-- The names that events had.
create table event_definition (
  project_id    integer not null references project (id) on delete cascade,
  name          text not null,
  folded        text not null,
  id            text not null,
  created_at_us integer not null,
  last_seen_us  integer not null,
  primary key (project_id, name)
) strict, without rowid;
-- +goose StatementEnd

-- +goose StatementBegin
-- Groups have a number from 0 in the order their types were first seen; other
-- kinds have -1 and no group_type.
create table property_definition (
  project_id    integer not null references project (id) on delete cascade,
  kind          text not null check (kind in ('event', 'person', 'group')),
  group_index   integer not null check (group_index between -1 and 4),
  name          text not null,
  folded        text not null,
  id            text not null,
  group_type    text not null,
  property_type text not null check (property_type in ('', 'String', 'Numeric', 'Boolean', 'DateTime')),
  created_at_us integer not null,
  primary key (project_id, kind, group_index, name)
) strict, without rowid;
-- +goose StatementEnd

-- +goose StatementBegin
-- Which properties came with which event.
create table event_property (
  project_id integer not null references project (id) on delete cascade,
  event      text not null,
  property   text not null,
  primary key (project_id, event, property)
) strict, without rowid;
-- +goose StatementEnd

-- +goose StatementBegin
-- Projects whose functions' filters are to be compiled anew, because something
-- that they are compiled from is being changed. "mark" grows with each change.
create table filters_due (
  project_id integer primary key references project (id) on delete cascade,
  mark       integer not null
) strict;
-- +goose StatementEnd
