-- The baseline level that a sealed document has reached, by its name in the norm, and whether a job is to raise it: then
-- pending is 1. What was sealed before is B-B and stays so, hence the default; of an intake document the level says
-- nothing.
alter table document add column level text not null default 'PAdES-BASELINE-B';
alter table document add column pending bigint not null default 0;
create index document_pending on document (pending) where pending = 1;
