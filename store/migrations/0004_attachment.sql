-- Files that go with a process beside its document, each with an id that opens nothing by itself. The type is that of
-- the public API: 10 is the evidence of a document whose own bytes must stay.
create table attachment (
  key      text   not null primary key,
  process  text   not null references process (key),
  type     bigint not null,
  name     text   not null,
  blob     text   not null,
  size     bigint not null,
  sha256   text   not null,
  pages    bigint not null
);
create unique index attachment_process on attachment (process, type);
create index attachment_blob on attachment (blob);
