package store

import (
	"context"

	"github.com/innsigli/innsigli"
)

const (
	templateColumns = `select id, flow, type, language, receiver, subject, message, link_text, alone, files, created_at, updated_at from template`
	qTemplates      = templateColumns + ` where company = $1 order by created_at, id`
	// qTemplate finds what is in force: an empty flow sorts before every key, and no language before each.
	qTemplate = templateColumns + ` where company = $1 and type = $2 and flow in ($3, '') and language in ($4, 0)
		order by flow desc, language desc limit 1`
	qTemplatePlaces = `select id, flow, type, language from template where company = $1`
	qNewTemplate    = `insert into template (company, flow, type, language, receiver, subject, message, link_text, alone, files, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning id`
	qChangeTemplate = `update template set flow = $3, type = $4, language = $5, receiver = $6, subject = $7, message = $8, link_text = $9,
		alone = $10, files = $11, updated_at = $12 where company = $1 and id = $2 returning 1`
	qRemoveTemplate = `delete from template where company = $1 and id = $2 returning 1`

	// inboxColumn is where the Notification of a process goes by the template in force: for the language in which the company
	// is written to, English when it has not said (see innsigli.Facts.Inbox).
	inboxColumn = `coalesce((select t.receiver from template t where t.company = p.company and t.type = 1 and t.flow in (p.flow, '')
		and t.language in (coalesce(nullif(c.language, 0), 21), 0) order by t.flow desc, t.language desc limit 1), '')`
)

// Templates lists a company's templates, oldest first.
func (d *DB) Templates(ctx context.Context, c innsigli.CompanyKey) ([]innsigli.Template, error) {
	var all []innsigli.Template
	err := d.get(ctx, "templates", qTemplates, func(r row) error {
		t, err := scanTemplate(r)
		all = append(all, t)
		return err
	}, string(c))
	return all, err
}

// TemplateFor reads the template in force for a message.
func (d *DB) TemplateFor(ctx context.Context, p innsigli.TemplatePlace) (innsigli.Template, error) {
	var t innsigli.Template
	err := d.get(ctx, "template", qTemplate, func(r row) (err error) {
		t, err = scanTemplate(r)
		return err
	}, string(p.Company), int64(p.Type), string(p.Flow), int64(p.Language))
	if err == nil && t.ID == 0 {
		err = errNotFound()
	}
	return t, err
}

// AddTemplate keeps a new template.
func (d *DB) AddTemplate(ctx context.Context, c innsigli.CompanyKey, t innsigli.Template) (innsigli.Template, error) {
	t.ID = 0
	err := d.withTemplate(ctx, "add template", c, t, func(ctx context.Context, r runner) error {
		return one(ctx, r, "template", qNewTemplate, into(&t.ID), string(c), string(t.Flow), int64(t.Type), int64(t.Language), t.To, t.Subject, t.Message,
			t.LinkText, flag(t.Alone), flag(t.IncludeFiles), micros(t.CreatedAt), micros(t.UpdatedAt))
	})
	return t, err
}

// ChangeTemplate puts another template in the place of the one with its ID.
func (d *DB) ChangeTemplate(ctx context.Context, c innsigli.CompanyKey, t innsigli.Template) error {
	return d.withTemplate(ctx, "change template", c, t, func(ctx context.Context, r runner) error {
		var found int64
		err := one(ctx, r, "template", qChangeTemplate, into(&found), string(c), t.ID, string(t.Flow), int64(t.Type), int64(t.Language), t.To, t.Subject,
			t.Message, t.LinkText, flag(t.Alone), flag(t.IncludeFiles), micros(t.UpdatedAt))
		if err == nil && found == 0 {
			err = errNotFound()
		}
		return err
	})
}

// withTemplate locks the company, so that of two templates at once one sees the other, and lets keep one that has room.
func (d *DB) withTemplate(ctx context.Context, what string, c innsigli.CompanyKey, t innsigli.Template, keep func(context.Context, runner) error) error {
	return d.write(ctx, what, func(ctx context.Context, r runner) error {
		var have []innsigli.Template
		var b batch
		b.must("company", qLockCompany, string(c))
		b.query("templates", qTemplatePlaces, func(r row) error {
			var h innsigli.Template
			err := r.Scan(&h.ID, (*string)(&h.Flow), (*int)(&h.Type), (*int)(&h.Language))
			have = append(have, h)
			return err
		}, string(c))
		if err := r.run(ctx, b); err != nil {
			return err
		}
		if err := innsigli.RoomForTemplate(have, t); err != nil {
			return judged{err}
		}
		return keep(ctx, r)
	})
}

// RemoveTemplate deletes a template.
func (d *DB) RemoveTemplate(ctx context.Context, c innsigli.CompanyKey, id int64) error {
	return d.write(ctx, "remove template", func(ctx context.Context, r runner) error {
		var found int64
		err := one(ctx, r, "template", qRemoveTemplate, into(&found), string(c), id)
		if err == nil && found == 0 {
			err = errNotFound()
		}
		return err
	})
}

func scanTemplate(r row) (innsigli.Template, error) {
	var t innsigli.Template
	var alone, files, created, updated int64
	err := r.Scan(&t.ID, (*string)(&t.Flow), (*int)(&t.Type), (*int)(&t.Language), &t.To, &t.Subject, &t.Message, &t.LinkText, &alone, &files, &created, &updated)
	t.Alone, t.IncludeFiles, t.CreatedAt, t.UpdatedAt = alone != 0, files != 0, timeOf(created), timeOf(updated)
	return t, err
}
