-- The activity log is read in the order in which it grew, from a place on: by company, and by company and actor. The
-- company stands beside the actor so that a name that many companies have, like that of an API key, finds only its own.
drop index log_company;
create index log_company on log (company, at, id);
alter table log_person add column company text not null default '';
update log_person set company = coalesce((select l.company from log l where l.id = log_person.log), '');
create index log_person_actor on log_person (company, lower(actor), log) where actor <> '';
