-- Keys get an id to be named by and what they may do: '' for everything, else a list as JSON. An id is unique within its company.
alter table api_key add column id bigint not null default 1;
alter table api_key add column permissions text not null default '';
alter table api_key add column created_at bigint not null default 0;
create unique index api_key_company on api_key (company, id);
