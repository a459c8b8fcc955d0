-- Times are microseconds since 1970 in UTC, 0 for none. Keys are text. Words in braces differ by dialect.
-- {clustered} keeps the rows of a small table in the tree of its key; the tables of wrapped keys are without it, because
-- rows that are only ever appended are never moved, and what was never moved leaves no second copy when it is deleted.

create table kek (
  id      bigint not null primary key check (id = 1),
  key_id  text   not null
);
insert into kek (id, key_id) values (1, '');

create table company (
  key             text   not null primary key,
  name            text   not null,
  email           text   not null,
  language        bigint not null,
  webhook_key_id  text   not null,
  webhook_key     {blob} not null
);

create table api_key (
  hash     text not null primary key,
  company  text not null references company (key),
  name     text not null
);

create table flow (
  key         text   not null primary key,
  company     text   not null references company (key),
  name        text   not null,
  active      bigint not null,
  created_at  bigint not null
);
create index flow_company on flow (company, created_at);

create table webhook (
  id    {identity},
  flow  text   not null references flow (key),
  url   text   not null,
  type  bigint not null
);
create index webhook_flow on webhook (flow, id);

create table grp (
  key      text   not null primary key,
  version  bigint not null
) {clustered};

create table process (
  key           text   not null primary key,
  grp           text   not null references grp (key),
  company       text   not null references company (key),
  flow          text   not null references flow (key),
  state         text   not null check (state in ('Created', 'Started', 'Sealing', 'Completed', 'Canceled', 'Expired', 'Declined')),
  file_name     text   not null,
  display_name  text   not null,
  location      bigint not null,
  owner         text   not null,
  meta          text   not null,
  search        text   not null,
  created_at    bigint not null,
  expires_at    bigint not null,
  ended_at      bigint not null,
  ended_by      text   not null
);
create index process_grp on process (grp);

create table document (
  process  text   not null references process (key),
  role     text   not null check (role in ('intake', 'sealed')),
  blob     text   not null,
  size     bigint not null,
  sha256   text   not null,
  pages    bigint not null,
  primary key (process, role)
) {clustered};
create index document_blob on document (blob);

create table signee (
  key            text   not null primary key,
  process        text   not null references process (key),
  position       bigint not null,
  name           text   not null,
  ssn            text   not null,
  phone          text   not null,
  email          text   not null,
  address        text   not null,
  postal_code    text   not null,
  city           text   not null,
  reason         text   not null,
  hide_code      bigint not null,
  delivery       bigint not null,
  type           bigint not null,
  language       bigint not null,
  custom_sms     text   not null,
  owner          text   not null,
  search         text   not null,
  invited_at     bigint not null default 0,
  first_seen_at  bigint not null default 0,
  wrong_tries    bigint not null default 0,
  last_token_at  bigint not null default 0,
  signed_at      bigint not null default 0,
  signed_by      text   not null default '',
  signed_via     text   not null default '',
  signed_to      text   not null default '',
  signed_address text   not null default '',
  signed_agent   text   not null default '',
  signed_sha256  text   not null default ''
);
create unique index signee_process on signee (process, position);

create table challenge (
  token       text   not null primary key,
  process     text   not null references process (key),
  signee      text   not null references signee (key),
  via         text   not null,
  sent_at     bigint not null,
  expires_at  bigint not null,
  tries       bigint not null default 0,
  void        bigint not null default 0,
  used_at     bigint not null default 0
);
create index challenge_signee on challenge (signee, sent_at);
create index challenge_sent on challenge (sent_at);

-- The data key of a process, wrapped. A process without a row here is unreadable whatever its state says.
create table data_key (
  process  text   not null primary key,
  key_id   text   not null,
  bytes    {blob} not null
);

-- Where a canceled process's key waits for its owner's copy.
create table key_hold (
  process  text   not null primary key,
  key_id   text   not null,
  bytes    {blob} not null
);

create table secret (
  name    text   not null primary key,
  key_id  text   not null,
  bytes   {blob} not null
);

create table idempotency (
  company  text   not null,
  key      text   not null,
  hash     text   not null,
  process  text   not null,
  at       bigint not null,
  primary key (company, key)
) {clustered};
create index idempotency_at on idempotency (at);

create table log (
  id       {identity},
  at       bigint not null,
  company  text   not null,
  process  text   not null,
  flow     text   not null,
  signee   text   not null,
  kind     text   not null,
  detail   text   not null
);
create index log_company on log (company, at);
create index log_process on log (process, at);

-- What a line of the log says about a person, apart so that it can be erased alone.
create table log_person (
  log      {number} not null primary key,
  actor    text   not null,
  address  text   not null,
  agent    text   not null,
  mail     text   not null
);

create table job (
  id        {identity},
  uid       text   not null,
  kind      text   not null,
  class     text   not null,
  grp       text   not null,
  process   text   not null,
  signee    text   not null,
  ref       text   not null,
  event     bigint not null,
  address   text   not null,
  language  bigint not null,
  lane      text   not null,
  uniq      text,
  due       bigint not null,
  at        bigint not null,
  state     text   not null default 'ready' check (state in ('ready', 'running', 'done', 'dead', 'dropped')),
  dropped   bigint not null default 0,
  attempt   bigint not null default 0,
  lease     bigint not null default 0,
  node      text   not null default '',
  why       text   not null default '',
  ended_at  bigint not null default 0
);
create index job_due on job (class, due, id) where state = 'ready';
create index job_lease on job (lease) where state = 'running';
-- Of a group: what must be unique, what waits in a lane, what a verb drops. Rows without a uniq are null, so they do not
-- meet; the rows of one group lie together, so a verb touches one page of it.
create unique index job_group on job (grp, uniq) where state in ('ready', 'running');
create index job_dead on job (kind) where state = 'dead';
create index job_ended on job (ended_at) where state in ('done', 'dropped');
