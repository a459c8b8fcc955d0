-- What companies write in the place of our mails and SMS. An empty flow stands for every flow, language 0 for every language;
-- the mail for somebody takes the first that fits: its flow before any, then its language before any.
create table template (
  id          {identity},
  company     text   not null references company (key),
  flow        text   not null,
  type        bigint not null,
  language    bigint not null,
  receiver    text   not null,
  subject     text   not null,
  message     text   not null,
  link_text   text   not null,
  alone       bigint not null,
  files       bigint not null,
  created_at  bigint not null,
  updated_at  bigint not null
);
create unique index template_place on template (company, type, flow, language);
