package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
)

func (w *world) template(tb testing.TB, t innsigli.Template) innsigli.Template {
	tb.Helper()
	t.CreatedAt = w.clock.now()
	t.UpdatedAt = t.CreatedAt
	got, err := w.AddTemplate(tb.Context(), w.company.Key, t)
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

func TestTheTemplateInForceIsTheNearest(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		const kind = innsigli.TemplateSignup
		at := innsigli.TemplatePlace{Company: w.company.Key, Flow: w.flow.Key, Type: kind, Language: innsigli.LangIs}
		_, err := w.TemplateFor(t.Context(), at)
		isNotFound(t, err)
		w.template(t, innsigli.Template{Flow: w.flow.Key, Type: innsigli.TemplateExpired, Language: innsigli.LangIs, Message: "another type"})
		w.template(t, innsigli.Template{Flow: w.flow.Key, Type: kind, Language: innsigli.LangDe, Message: "another language"})
		w.template(t, innsigli.Template{Type: kind, Language: innsigli.LangDe, Message: "another language for every flow"})
		_, err = w.TemplateFor(t.Context(), at)
		isNotFound(t, err)
		// From the farthest to the nearest: each takes the place of the one before.
		for _, next := range []innsigli.Template{
			{Message: "for all"},
			{Language: innsigli.LangIs, Message: "in the language"},
			{Flow: w.flow.Key, Message: "of the flow"},
			{Flow: w.flow.Key, Language: innsigli.LangIs, Message: "of the flow, in the language"},
		} {
			next.Type, next.To, next.Subject, next.LinkText, next.Alone, next.IncludeFiles = kind, "to", "subject", "link", true, true
			want := w.template(t, next)
			got, err := w.TemplateFor(t.Context(), at)
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Error(d, err)
			}
		}
		other, _, _ := w.addCompany(t)
		at.Company = other.Key
		_, err = w.TemplateFor(t.Context(), at)
		isNotFound(t, err)
	})
}

func TestTemplatesAreChangedAndDeletedByTheirCompanyOnly(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		other, _, _ := w.addCompany(t)
		a := w.template(t, innsigli.Template{Type: innsigli.TemplateSignup, Message: "a"})
		b := w.template(t, innsigli.Template{Type: innsigli.TemplateReminder, Message: "b"})
		changed := a
		changed.Message, changed.Language, changed.UpdatedAt = "c", innsigli.LangEn, a.UpdatedAt.Add(time.Minute)
		isNotFound(t, w.ChangeTemplate(t.Context(), other.Key, changed))
		isNotFound(t, w.RemoveTemplate(t.Context(), other.Key, a.ID))
		if err := w.ChangeTemplate(t.Context(), w.company.Key, changed); err != nil {
			t.Fatal(err)
		}
		taken := b
		taken.Type, taken.Language = changed.Type, changed.Language
		if err := w.ChangeTemplate(t.Context(), w.company.Key, taken); innsigli.KindOf(err) != innsigli.Invalid {
			t.Errorf("onto the place of another: %v", err)
		}
		all, err := w.Templates(t.Context(), w.company.Key)
		if d := cmp.Diff([]innsigli.Template{changed, b}, all); d != "" || err != nil {
			t.Error(d, err)
		}
		if err := w.RemoveTemplate(t.Context(), w.company.Key, a.ID); err != nil {
			t.Fatal(err)
		}
		isNotFound(t, w.RemoveTemplate(t.Context(), w.company.Key, a.ID))
		isNotFound(t, w.ChangeTemplate(t.Context(), w.company.Key, changed))
	})
}

func TestOfTwoTemplatesAtOnceForOnePlaceOneIsKept(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = w.AddTemplate(t.Context(), w.company.Key, innsigli.Template{Type: innsigli.TemplateSignup, Message: fmt.Sprint(i)})
			})
		}
		wg.Wait()
		kept := 0
		for _, err := range errs {
			switch {
			case err == nil:
				kept++
			case innsigli.KindOf(err) != innsigli.Invalid:
				t.Error(err)
			}
		}
		if all, err := w.Templates(t.Context(), w.company.Key); kept != 1 || len(all) != 1 || err != nil {
			t.Errorf("%d were kept, %d are there: %v", kept, len(all), err)
		}
	})
}

// TestFactsSayWhereTheNotificationGoes: X
// has not said.
func TestFactsSayWhereTheNotificationGoes(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		inbox := func(want string) {
			t.Helper()
			if f := w.facts(t, p.Key); f.Inbox != want {
				t.Errorf("inbox %q, want %q", f.Inbox, want)
			}
		}
		inbox("")
		const kind = innsigli.TemplateNotification
		w.template(t, innsigli.Template{Flow: w.flow.Key, Type: innsigli.TemplateSalesPerson, To: "other type"})
		w.template(t, innsigli.Template{Type: kind, Language: innsigli.LangHu, To: "other language"})
		inbox("")
		w.template(t, innsigli.Template{Type: kind, To: "all@x.example"})
		inbox("all@x.example")
		w.template(t, innsigli.Template{Type: kind, Language: w.company.DefaultLanguage, To: "theirs@x.example"})
		inbox("theirs@x.example")
		w.template(t, innsigli.Template{Flow: w.flow.Key, Type: kind, To: "flow@x.example"})
		inbox("flow@x.example")
		_, err := w.ChangeCompany(t.Context(), w.company.Key, func(c innsigli.Company) (innsigli.Company, error) {
			c.DefaultLanguage = innsigli.LangNotSet
			return c, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		w.template(t, innsigli.Template{Flow: w.flow.Key, Type: kind, Language: innsigli.LangEn, To: "english@x.example"})
		inbox("english@x.example")
	})
}
