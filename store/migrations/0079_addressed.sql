-- How many e-mail addresses a company wrote to, by minute: what its limit is held against. A minute has several rows, so that processes
-- that are created at once do not wait for each other.
create table addressed (
  company  text   not null,
  minute   bigint not null,
  slot     bigint not null,
  n        bigint not null,
  primary key (company, minute, slot)
) {clustered};
create index addressed_minute on addressed (minute);
