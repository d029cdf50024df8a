-- +goose Up

-- Topics are numbered; the number is the upper part of their blocks' ids.
create table topic (
  id   integer primary key,
  name text not null unique
) strict;

-- A block is a group of messages that were committed together. The id is
-- topic << 40 + a running number, so that the messages of a topic lie one
-- after the other without an index. The body stays last: counting blocks must
-- not read it.
create table block (
  id          integer primary key,
  saved_at_us integer not null,
  messages    integer not null check (messages > 0),
  bytes       integer not null, -- of its messages, without the block's head
  body        blob not null
) strict;

-- Which messages of a block are finished, a bit each; absent when none is. It
-- stands apart because changing a row rewrites all of it.
create table block_done (
  block_id integer primary key,
  done     blob not null
) strict;

-- How often the process died with a message of a block in hand. The message
-- keeps its place: those before it may have to come again too.
create table crash (
  block_id integer not null,
  idx      integer not null,
  crashes  integer not null,
  primary key (block_id, idx)
) strict, without rowid;

-- Messages that wait for a time: held back by their sender, or failed.
-- held = 1: it failed in an ordered topic, and its key waits for it.
create table later (
  id       integer primary key,
  topic_id integer not null,
  due_us   integer not null,
  attempt  integer not null,
  crashes  integer not null, -- how often the process died with it in hand
  held     integer not null check (held in (0, 1)),
  body     blob not null
) strict;

create index later_due on later (topic_id, held, due_us, id);

-- Messages that were given up, and blocks that could not be read.
create table dead (
  id       integer primary key,
  topic_id integer not null,
  at_us    integer not null,
  attempt  integer not null,
  reason   text not null,
  body     blob not null
) strict;

create index dead_at on dead (at_us);
