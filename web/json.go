package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/innsigli/innsigli"
)

// WriteJSON answers with v: camelCase by its tags, nulls left out.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, err = w.Write(b)
	return err
}

// ReadJSON reads one JSON value into v: member names in any letter case, unknown members ignored, a member named twice
// refused. What is wrong is an Invalid error that names the member.
func ReadJSON(r io.Reader, v any) error {
	err := json.UnmarshalRead(r, v, json.MatchCaseInsensitiveNames(true))
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		field := fieldPath(e.JSONPointer)
		return innsigli.InvalidField(field, "Type", sentence(field, "has the wrong type"))
	}
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		field := fieldPath(e.JSONPointer)
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return innsigli.InvalidField(field, "Duplicate", sentence(field, "is there twice"))
		}
		return innsigli.InvalidField(field, "Json", fmt.Sprintf("The body is not valid JSON at byte %d.", e.ByteOffset))
	}
	if _, ok := errors.AsType[*innsigli.Error](err); ok {
		return err
	}
	return &innsigli.Error{Kind: innsigli.Invalid, Code: "Json", Text: "The body could not be read as JSON.", Cause: err}
}

// fieldPath writes a JSON pointer the way the public API names fields: createSignees[1].email.
func fieldPath(p jsontext.Pointer) string {
	var b strings.Builder
	for t := range p.Tokens() {
		if strings.Trim(t, "0123456789") == "" && b.Len() > 0 {
			b.WriteString("[" + t + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(t)
	}
	return b.String()
}

// Scalar reads a string, number or boolean member as text: enums come by name or by number, meta values as anything.
// ok is false for objects and arrays.
func Scalar(v jsontext.Value) (s string, ok bool) {
	k := v.Kind()
	if k == 0 || k == 'n' {
		return "", true
	}
	if k == '"' {
		err := json.Unmarshal(v, &s)
		return s, err == nil
	}
	return string(v), k == '0' || k == 't' || k == 'f'
}

// CheckQuery refuses a query that does not say one thing about the parameters of these names: one that is there twice, in
// whatever letter case, because one of the two would be ignored, and one that cannot be decoded, because [Query] leaves it
// out in silence. The error is Invalid and names the parameter.
func CheckQuery(r *http.Request, names ...string) error {
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
		if i < 0 {
			continue
		}
		name = names[i]
		if _, err := url.QueryUnescape(value); err != nil || strings.Contains(pair, ";") {
			return innsigli.InvalidField(name, "Malformed", name+" cannot be read: in a query % is written %25, and ; is written %3B.")
		}
		if seen[name] {
			return innsigli.InvalidField(name, "Duplicate", name+" is there twice.")
		}
		seen[name] = true
	}
	return nil
}

// Query is the request's query with names in lower case, since the public API takes them in any.
func Query(r *http.Request) url.Values {
	out := url.Values{}
	for k, v := range r.URL.Query() {
		k = strings.ToLower(k)
		out[k] = append(out[k], v...)
	}
	return out
}
