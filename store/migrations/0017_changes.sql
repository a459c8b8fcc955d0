-- What changes while a process runs. A signee who declined says why, to the owner alone. One who was taken off keeps the
-- row, so that the link can say so; it stands behind all others and takes no part. A process that allows it lets a signee
-- hand the signature on.
alter table signee add column declined_at bigint not null default 0;
alter table signee add column decline_reason text not null default '';
alter table signee add column removed_at bigint not null default 0;
alter table process add column allow_reassign bigint not null default 0;
