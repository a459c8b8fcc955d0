-- SMS and calls of the last hour, for the limits on them. The number is a keyed hash; rows go after an hour.
create table text_sent (
  uid      text   not null primary key,
  company  text   not null,
  process  text   not null,
  number   text   not null,
  at       bigint not null
);
create index text_sent_company on text_sent (company, at);
create index text_sent_process on text_sent (process, at);
create index text_sent_number on text_sent (number, at);
create index text_sent_at on text_sent (at);
