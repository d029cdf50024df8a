-- +goose Up
-- +goose StatementBegin
create table organization (
  id            text primary key,
  name          text not null,
  slug          text not null,
  created_at_us integer not null
) strict, without rowid;
-- +goose StatementEnd

-- +goose StatementBegin
-- Numbers are never given twice (autoincrement): old keys, logs and links
-- must not come to mean somebody else.
create table project (
  id                   integer primary key autoincrement,
  uuid                 text not null unique,
  organization_id      text not null references organization (id),
  name                 text not null,
  token                text not null unique,
  timezone             text not null default 'UTC',
  test_account_filters text not null default '[]' check (json_valid(test_account_filters)),
  settings             text not null default '{}' check (json_valid(settings)),
  created_at_us        integer not null,
  updated_at_us        integer not null
) strict;
-- +goose StatementEnd

-- +goose StatementBegin
create table app_user (
  id                 integer primary key autoincrement,
  uuid               text not null unique,
  distinct_id        text not null unique,
  email              text not null unique check (email = lower(email)),
  first_name         text not null default '',
  last_name          text not null default '',
  password_hash      text not null default '',
  theme              text not null default 'auto' check (theme in ('auto', 'light', 'dark')),
  current_project_id integer references project (id),
  created_at_us      integer not null
) strict;
-- +goose StatementEnd

-- +goose StatementBegin
create table organization_member (
  organization_id text not null references organization (id),
  user_id         integer not null references app_user (id) on delete cascade,
  primary key (organization_id, user_id)
) strict, without rowid;
-- +goose StatementEnd

-- +goose StatementBegin
create table membership (
  project_id integer not null references project (id) on delete cascade,
  user_id    integer not null references app_user (id) on delete cascade,
  role       text not null check (role in ('viewer', 'editor', 'admin', 'owner')),
  primary key (project_id, user_id)
) strict, without rowid;
-- +goose StatementEnd

-- +goose StatementBegin
create index membership_user on membership (user_id, project_id);
-- +goose StatementEnd

-- +goose StatementBegin
-- user_id is null before sign-in.
create table session (
  id_hash       blob primary key check (length(id_hash) = 32),
  user_id       integer references app_user (id) on delete cascade,
  csrf          text not null,
  data          blob not null,
  user_agent    text not null default '',
  created_at_us integer not null,
  seen_at_us    integer not null,
  expires_at_us integer not null
) strict, without rowid;
-- +goose StatementEnd

-- +goose StatementBegin
create index session_user on session (user_id) where user_id is not null;
-- +goose StatementEnd

-- +goose StatementBegin
create index session_expiry on session (expires_at_us);
-- +goose StatementEnd

-- +goose StatementBegin
create table api_key (
  id                   text primary key,
  user_id              integer not null references app_user (id) on delete cascade,
  label                text not null,
  hash                 blob not null unique check (length(hash) = 32),
  mask                 text not null,
  scopes               text not null default '[]' check (json_valid(scopes)),
  scoped_projects      text not null default '[]' check (json_valid(scoped_projects)),
  scoped_organizations text not null default '[]' check (json_valid(scoped_organizations)),
  created_at_us        integer not null,
  last_used_at_us      integer,
  last_rolled_at_us    integer
) strict, without rowid;
-- +goose StatementEnd

-- +goose StatementBegin
create index api_key_user on api_key (user_id, created_at_us);
-- +goose StatementEnd

-- +goose StatementBegin
-- Narrow columns come first, so that lists and counts read them without
-- walking the long texts behind them. "change" grows with every write to the
-- table and tells caches what is new to them. Users are no foreign keys here:
-- 0 is nobody, and a removed user's functions stay.
create table hog_function (
  seq             integer primary key,
  id              text not null unique,
  project_id      integer not null references project (id),
  change          integer not null,
  type            text not null,
  enabled         integer not null check (enabled in (0, 1)),
  deleted         integer not null check (deleted in (0, 1)),
  execution_order integer check (execution_order between 0 and 32767),
  version         integer not null check (version >= 1),
  created_at_us   integer not null,
  created_by      integer not null,
  updated_at_us   integer not null,
  updated_by      integer not null,
  name            text,
  template_id     text not null,
  folder          text not null,
  icon_url        text,
  description     text not null,
  inputs_schema   text not null check (json_valid(inputs_schema)),
  inputs          text not null check (json_valid(inputs)),
  filters         text not null check (json_valid(filters)),
  masking         text check (json_valid(masking)),
  mappings        text check (json_valid(mappings)),
  sealed          text not null check (json_valid(sealed)),
  hog             text not null,
  bytecode        text check (json_valid(bytecode)),
  transpiled      text
) strict;
-- +goose StatementEnd

-- +goose StatementBegin
create unique index hog_function_change on hog_function (change);
-- +goose StatementEnd

-- +goose StatementBegin
-- Holds all that lists sort, filter and search by: reading it is reading some
-- megabytes in one go, where the rows themselves lie a page or more apart.
create index hog_function_catalogue on hog_function (project_id, change, id, type, enabled, deleted, execution_order, version,
       created_at_us, created_by, updated_at_us, template_id, name, description);
-- +goose StatementEnd

-- +goose StatementBegin
create index hog_function_updated on hog_function (updated_at_us);
-- +goose StatementEnd

-- +goose StatementBegin
create index hog_function_template on hog_function (template_id) where template_id <> '' and deleted = 0;
-- +goose StatementEnd

-- +goose StatementBegin
create table hog_function_revision (
  function_id   text not null references hog_function (id) on delete cascade,
  version       integer not null,
  created_at_us integer not null,
  created_by    integer not null,
  content       text not null check (json_valid(content)),
  primary key (function_id, version)
) strict, without rowid;
-- +goose StatementEnd

-- +goose StatementBegin
create table activity (
  id            text primary key,
  project_id    integer not null references project (id) on delete cascade,
  user_id       integer not null,
  activity      text not null,
  scope         text not null,
  item_id       text not null,
  detail        text not null check (json_valid(detail)),
  created_at_us integer not null
) strict, without rowid;
-- +goose StatementEnd

-- +goose StatementBegin
create index activity_item on activity (project_id, scope, item_id, created_at_us, id);
-- +goose StatementEnd

-- +goose StatementBegin
create index activity_time on activity (project_id, created_at_us, id);
-- +goose StatementEnd
