-- +goose Up
-- +goose StatementBegin
-- Which runs a person had run again, and as which invocation. It stands apart
-- from the runs so that these cost no more.
create table rerun (
  run_id  text primary key,
  as_id   text not null unique,
  mapping integer not null,
  at_us   integer not null
) strict, without rowid;
-- +goose StatementEnd

-- +goose StatementBegin
create index rerun_at on rerun (at_us);
-- +goose StatementEnd
