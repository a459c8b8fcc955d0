-- How fast mails go to a receivers' domain. A domain that asked for less gets nothing until then and one at a time afterwards, until one
-- is taken; strikes is how often in a row it asked. Next is when another mail is in time, where mails a minute are bounded.
create table mail_pace (
  domain   text   not null primary key,
  until    bigint not null default 0,
  strikes  bigint not null default 0,
  next     bigint not null default 0
) {clustered};

-- Jobs to send a mail have the receiver's domain for a target.
create index job_domain on job (target, due, id) where state = 'ready' and class = 'message';
