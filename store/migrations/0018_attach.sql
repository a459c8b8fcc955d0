-- Files that the sender or a signee brings, beside the evidence that the server makes: there may be many of a type. signee is
-- who brought the file, empty for the sender; position is its place in the request, at is when it came.
drop index attachment_process;
create unique index attachment_evidence on attachment (process) where type = 10;
alter table attachment add column signee text not null default '';
alter table attachment add column description text not null default '';
alter table attachment add column at bigint not null default 0;
alter table attachment add column position bigint not null default 0;
create index attachment_process on attachment (process, at, position);

-- The signature that a person drew or typed, until the process ends: its bytes lie encrypted beside the document.
alter table signee add column drawing text not null default '';
alter table signee add column drawing_size bigint not null default 0;
alter table signee add column drawing_sha256 text not null default '';
create index signee_drawing on signee (drawing) where drawing <> '';
