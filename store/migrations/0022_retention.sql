-- How many days the personal data of a company's ended processes and its completed documents are kept; 0 is the default
-- of the program: 90 days, and for ever.
alter table company add column personal_days bigint not null default 0;
alter table company add column document_days bigint not null default 0;

-- When the personal data went, and the documents. The indexes hold only what is still to go.
alter table process add column erased_at bigint not null default 0;
alter table process add column purged_at bigint not null default 0;
create index process_personal on process (company, ended_at, key) where ended_at > 0 and erased_at = 0;
create index process_documents on process (company, ended_at, key) where state = 'Completed' and purged_at = 0;
create index job_dead_process on job (process) where state = 'dead';
