package page

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// templates are the pages by name ("code" is templates/code.html), each with the frame of layout.html around it.
type templates map[string]*template.Template

func readTemplates() (templates, error) {
	layout, err := template.New("layout").ParseFS(templateFiles, "templates/layout.html", "templates/part_*.html")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	out := templates{}
	for _, file := range names {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "layout" || strings.HasPrefix(name, "part_") {
			continue
		}
		t, err := layout.Clone()
		if err != nil {
			return nil, err
		}
		if out[name], err = t.ParseFS(templateFiles, file); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// show renders a page whole before the first byte leaves, so that a fault in it is an answer and not half a page.
func (h *Handler) show(w http.ResponseWriter, status int, name string, data any) error {
	t, ok := h.templates[name]
	if !ok {
		return fmt.Errorf("template %q: missing", name)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", data); err != nil {
		return fmt.Errorf("template %q: %w", name, err)
	}
	if f, ok := data.(interface{ policy() string }); ok {
		w.Header().Set("Content-Security-Policy", f.policy())
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Add("Vary", "Accept-Language")
	return write(w, status, b.Bytes())
}

// write sends a whole answer. net/http leaves the body out for HEAD. A client that has gone is nobody's failure.
func write(w http.ResponseWriter, status int, body []byte) error {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return nil
}

// parseForm reads a form of at most so many bytes.
func parseForm(w http.ResponseWriter, r *http.Request, most int64) error {
	r.Body = http.MaxBytesReader(w, r.Body, most)
	err := r.ParseForm()
	if _, large := errors.AsType[*http.MaxBytesError](err); err == nil || large {
		return err
	}
	return &innsigli.Error{Kind: innsigli.Invalid, Code: "Form", Text: "The form could not be read.", Cause: err}
}

// formLine is what was written into a field of the form that was read, as one line that shows what it says.
func formLine(r *http.Request, name string) string {
	return untwisted(strings.Join(strings.Fields(strings.ToValidUTF8(r.PostForm.Get(name), "")), " "))
}

// page makes a handler of one that returns its error: headers first, and a sad page for what was refused or failed.
func (h *Handler) page(f web.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		err := f(w, r)
		if err == nil {
			return
		}
		status, e := web.Refusal(r, err)
		if status == web.StatusClientGone {
			return
		}
		if e.Kind == innsigli.Unadmitted {
			s := screen{base: linkPath(r), chosen: web.Query(r).Get("lng")}
			_ = seeOther(w, r, s.To("/enter")) // never fails
			return
		}
		if status >= http.StatusInternalServerError {
			h.log.ErrorContext(r.Context(), "page failed", "request", web.RequestID(r.Context()), "method", r.Method,
				"status", status, "cause", err.Error())
		}
		h.refused(w, r, status, e)
	}
}

// refused shows the page for a refusal. When even that fails there is nothing left but a plain line.
func (h *Handler) refused(w http.ResponseWriter, r *http.Request, status int, e *innsigli.Error) {
	if err := h.sad(w, r, status, e); err != nil {
		h.log.ErrorContext(r.Context(), "sad page failed", "request", web.RequestID(r.Context()), "cause", err.Error())
		http.Error(w, "Something went wrong on our side. Please try again in a few minutes.", http.StatusInternalServerError)
	}
}
