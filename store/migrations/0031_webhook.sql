-- A registration that was deleted stays as a row without an address: SQLite would give its number to the next one, and events
-- that wait would go to another company.
alter table webhook add column deleted_at bigint not null default 0;

-- Jobs for the same receiver have the same target, and only some of them run at once. Earlier is how many attempts a job
-- had when it was ordered once more.
alter table job add column target text not null default '';
alter table job add column earlier bigint not null default 0;
create index job_target on job (target, due, id) where state = 'ready' and class = 'webhook';
create index job_hook on job (ref, id) where class = 'webhook';

-- The owner has the copy, and the hold waits for events only.
alter table key_hold add column copied bigint not null default 0;
