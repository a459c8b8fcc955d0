-- When somebody who does not sign is reminded: the rule of a process in days, the company's hour and where its days begin.
-- The time of a person's next reminder is the due time of a job.
alter table process add column remind_first bigint not null default 0;
alter table process add column remind_every bigint not null default 0;
alter table company add column time_zone text not null default 'UTC';
alter table company add column reminder_hour bigint not null default 9;

-- The invitation from which a signee's days are counted, and when automatic reminders were turned off.
alter table signee add column remind_from bigint not null default 0;
alter table signee add column reminders_off_at bigint not null default 0;

-- The reminders that a company asked for, for the limit an hour.
create table reminder (
  signee  text   not null references signee (key),
  at      bigint not null
);
create index reminder_signee on reminder (signee, at);
create index reminder_at on reminder (at);
