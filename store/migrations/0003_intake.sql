-- What intake did to a document: the hash of the file as it came, whose bytes are not kept unless it was signed already
-- (empty in rows of before, when files were kept as they came); whether it bears signatures and what their author allows;
-- and whether the sender had its form flattened.
alter table document add column original text not null default '';
alter table document add column signed bigint not null default 0;
alter table document add column certification bigint not null default 0;
alter table process add column flatten bigint not null default 0;
