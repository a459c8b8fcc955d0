-- Which sites may show the signing page in a frame and hear what happens in it, apart by blanks; and the colour of the
-- pages as #rrggbb, empty for ours.
alter table company add column origins text not null default '';
alter table company add column colour text not null default '';
