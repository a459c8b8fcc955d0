-- Who passed signing on keeps the row, so that the link can say so: who took the place, and how often that went before.
alter table signee add column passed_to text not null default '';
alter table signee add column passes bigint not null default 0;
