-- With which Idempotency-Key a signee was added to a running process, and by what request: both digested. They go with the
-- other personal data.
alter table signee add column once_key text not null default '';
alter table signee add column once_request text not null default '';
