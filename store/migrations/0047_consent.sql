-- What a person agreed to by signing, as it was shown, since the texts of the page change.
alter table signee add column consent_text text not null default '';
alter table signee add column consent_language text not null default '';

-- Which message a line is about. It stands in no hash of the log's tree.
alter table log add column message text not null default '';
