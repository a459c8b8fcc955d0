-- What of the document was in front of a signee before they signed. It goes with the other personal data.
alter table signee add column read_at bigint not null default 0;
alter table signee add column read_seconds bigint not null default 0;
alter table signee add column read_pages text not null default '';
alter table signee add column downloads bigint not null default 0;
