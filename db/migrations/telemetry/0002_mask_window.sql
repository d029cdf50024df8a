-- +goose Up
-- +goose StatementBegin
-- The counters of masking, by function and key (both in one hash).
create table mask_window (
  key      blob primary key check (length(key) = 16),
  count    integer not null,
  until_us integer not null,
  passed   blob not null check (length(passed) = 16)
) strict, without rowid;
-- +goose StatementEnd

-- +goose StatementBegin
create index mask_window_until on mask_window (until_us);
-- +goose StatementEnd
