package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// howTo is what a failed test tells whoever adds a route.
const howTo = "a route is one line of API.Table (api/routes.go): own(...) or open(...) with methods and pattern, handler, tag, " +
	"operation id, a sentence, takes[T](), gives[T](), and asks(...) for names in the query"

func TestEveryRouteSaysWhatItTakesAndGives(t *testing.T) {
	ids, tags := map[string]bool{}, []Tag{
		tagAuth, tagCompany, tagFlow, tagPdf, tagSealing, tagSigning, tagWebHook, tagTemplate, tagContacts, tagStatistic, TagServer,
	}
	a := &API{}
	for _, rt := range a.Table() {
		at := strings.Join(rt.Methods, " ") + " " + rt.Pattern
		if ids[rt.ID] || rt.ID == "" || strings.ContainsAny(rt.ID, " -_") {
			t.Errorf("%s: operation id %q is taken or no word; %s", at, rt.ID, howTo)
		}
		ids[rt.ID] = true
		if !slices.Contains(tags, rt.Tag) {
			t.Errorf("%s: tag %q is none; %s", at, rt.Tag, howTo)
		}
		if !strings.HasSuffix(rt.Summary, ".") {
			t.Errorf("%s: %q is no sentence; %s", at, rt.Summary, howTo)
		}
		if (rt.own == nil) == (rt.open == nil) {
			t.Errorf("%s has no handler, or two; %s", at, howTo)
		}
		if rt.Pattern != strings.ToLower(rt.Pattern) || strings.HasPrefix(rt.Pattern, "/api/") {
			t.Errorf("%s can never be reached: the frame folds paths to lower case without /api", at)
		}
		if len(rt.gives) == 0 && slices.Contains(rt.Methods, http.MethodGet) {
			t.Errorf("%s gives nothing; %s", at, howTo)
		}
	}
}

// TestTheDocumentSaysWhatTheTableSays looks at one operation through the eyes of a client.
func TestTheDocumentSaysWhatTheTableSays(t *testing.T) {
	b, err := (&API{Version: "v1.2.3"}).Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		OpenAPI string
		Info    struct{ Version string }
		Paths   map[string]map[string]struct {
			OperationID string
			Parameters  []struct {
				Name, In string
				Required bool
			}
			RequestBody struct {
				Content map[string]struct{ Schema map[string]any }
			}
			Responses map[string]any
			Security  []map[string][]string
		}
		Components struct {
			Schemas map[string]struct {
				Required   []string
				Properties map[string]struct {
					Type  string
					Enum  []string
					AnyOf []struct{ Enum []string }
				}
			}
		}
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || doc.Info.Version != "v1.2.3" {
		t.Errorf("document of OpenAPI %s, version %s", doc.OpenAPI, doc.Info.Version)
	}
	cancel := doc.Paths["/management/signing"]["delete"]
	if len(cancel.Parameters) != 2 || cancel.Parameters[0].Name != "ProcessKey" || !cancel.Parameters[0].Required || cancel.Parameters[1].Required {
		t.Errorf("parameters of a cancel: %+v", cancel.Parameters)
	}
	for _, status := range []string{"204", "400", "401", "403", "404", "500"} {
		if cancel.Responses[status] == nil {
			t.Errorf("a cancel may answer %s", status)
		}
	}
	if len(cancel.Security) != 1 || cancel.Security[0]["basic"] == nil {
		t.Errorf("security of a cancel: %v", cancel.Security)
	}
	create := doc.Paths["/management/signing"]["post"]
	if got := create.RequestBody.Content["application/json"].Schema["$ref"]; got != "#/components/schemas/CreateSigningProcess" {
		t.Errorf("the body of a create is %v", got)
	}
	if one := doc.Paths["/pdf/{ProcessKey}/{SigneeKey}.pdf"]; one["head"].OperationID == one["get"].OperationID || one["get"].OperationID == "" {
		t.Errorf("operation ids of the document's address: %q, %q", one["get"].OperationID, one["head"].OperationID)
	}
	in, out := doc.Components.Schemas["CreateSignee"], doc.Components.Schemas["Signee"]
	if len(in.Required) != 0 || !slices.Contains(out.Required, "signed") {
		t.Errorf("required of a signee: %v, %v", in.Required, out.Required)
	}
	want := []string{"None", "Sms", "Email"}
	if got := out.Properties["communicationDeliveryType"].Enum; !slices.Equal(got, want) {
		t.Errorf("deliveries in answers: %v", got)
	}
	if got := in.Properties["communicationDeliveryType"].AnyOf; len(got) != 2 || !slices.Equal(got[0].Enum, want) {
		t.Errorf("deliveries in requests: %v", got)
	}
}
