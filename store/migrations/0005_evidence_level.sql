-- Evidence that is a file of its own has a seal of its own, whose level is kept and raised like that of a document.
alter table attachment add column level text not null default '';
alter table attachment add column pending bigint not null default 0;
create index attachment_pending on attachment (pending) where pending = 1;
