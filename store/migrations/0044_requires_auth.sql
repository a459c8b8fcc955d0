-- People prove who they are before they are shown the document. A sequence has its own word for all its documents.
alter table process add column requires_auth bigint not null default 0;
-- The code admits to the document, and signs nothing.
alter table challenge add column entry bigint not null default 0;
