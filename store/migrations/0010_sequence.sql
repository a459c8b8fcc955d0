-- A sequence is several processes that are created, signed, sealed and ended as one. Its key is that of its group, so
-- the row that every verb locks is the same for a process alone and for a whole sequence.

create table sequence (
  key            text   not null primary key references grp (key),
  company        text   not null references company (key),
  owner          text   not null,
  requires_auth  bigint not null,
  in_order       bigint not null,
  created_at     bigint not null
);

-- The place of a process in its sequence, and whether its signees sign in their order.
alter table process add column position bigint not null default 0;
alter table process add column in_order bigint not null default 0;

-- The person of the sequence that a signee is: signees of several processes with the same one have one link.
alter table signee add column person text not null default '';

-- A code for all documents of that person; empty: for one document.
alter table challenge add column person text not null default '';
