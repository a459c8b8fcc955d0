-- The webhook key that a company had before, while receivers may still know no other. In a table of its own, so that it can be
-- deleted without a trace like every wrapped key.
create table webhook_old_key (
  company  text   not null primary key,
  key_id   text   not null,
  bytes    {blob} not null,
  until    bigint not null
);

-- Deliveries are asked for by the id that receivers know.
create index job_hook_uid on job (uid) where class = 'webhook';
