-- A deleted flow starts nothing any more; what runs in it goes on, and the log still names it.
alter table flow add column deleted bigint not null default 0;
