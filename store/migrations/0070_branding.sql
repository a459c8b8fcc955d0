-- What a flow has of its own: the name that people are told, the colour of pages as #rrggbb, and a logo. What is empty is
-- the company's.
alter table flow add column brand_name text not null default '';
alter table flow add column colour text not null default '';
alter table flow add column logo text not null default '';
alter table company add column logo text not null default '';

-- Pictures by their owner, which is a company or a flow. Two owners of the same picture have it twice, so that none can
-- lose it to the other.
create table logo (
  owner  text   not null primary key,
  sha256 text   not null,
  png    {blob} not null
);
create index logo_sha256 on logo (sha256);
