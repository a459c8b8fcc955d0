-- The tree over the log (package ledger). A line gets its place when the one sequencer has seen it committed: seq counts
-- all lines from 0, process_seq those of its process from 1, both without gaps; until then they are null. The commitment
-- is to the personal part, and its salt stands with that part, so that both are erased together.
alter table log add column seq bigint;
alter table log add column process_seq bigint;
alter table log add column commitment {blob};
alter table log add column leaf {blob};
create unique index log_seq on log (seq) where seq is not null;
create unique index log_chain on log (process, process_seq) where process_seq is not null;
create index log_new on log (id) where seq is null;
alter table log_person add column salt {blob};

-- The tree's size, and the node that numbers at present with the end of its lease.
create table log_head (
  id     bigint not null primary key check (id = 1),
  size   bigint not null,
  node   text   not null,
  lease  bigint not null
);
insert into log_head (id, size, node, lease) values (1, 0, '', 0);

-- The nodes above the leaves, by their number among all stored hashes.
create table log_hash (
  id    {number} not null primary key,
  hash  {blob}   not null
);

create table log_checkpoint (
  size  {number} not null primary key,
  note  text     not null
);
