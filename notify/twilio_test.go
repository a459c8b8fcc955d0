package notify_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/notify"
)

func TestTwiliosAnswersAreJudged(t *testing.T) {
	for _, tc := range []struct {
		status  int
		body    string
		refused string // the code of a refusal for good; empty: another try may cure it
		ok      bool
	}{
		{201, `{"sid":"SM1"}`, "", true},
		{400, `{"code":21211,"message":"The 'To' number is not a valid phone number.","status":400}`, "400 21211", false},
		{400, `{"code":21610}`, "400 21610", false},
		{400, `{"code":21606}`, "", false}, // our own number
		{400, `not JSON`, "400", false},
		{401, `{"code":20003}`, "", false},
		{404, `{"code":20404}`, "", false},
		{429, `{"code":20429}`, "", false},
		{500, ``, "", false},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tc.status)
			_, _ = io.WriteString(w, tc.body)
		}))
		tw, err := notify.NewTwilio("twilio://AC1:s3cret@"+strings.TrimPrefix(srv.URL, "http://")+"?service=MG1", "https://sign.example/inbound/twilio/")
		if err != nil {
			t.Fatal(err)
		}
		err = tw.SendSms(t.Context(), notify.Sms{UID: uid, To: "+3546661234", Text: "hello"}, func(context.Context) (bool, error) { return true, nil })
		srv.Close()
		code := ""
		if refused, ok := errors.AsType[*notify.RefusedError](err); ok {
			code = refused.Code
		}
		if (err == nil) != tc.ok || code != tc.refused || err != nil && strings.Contains(err.Error(), "666") {
			t.Errorf("%d %s: %v", tc.status, tc.body, err)
		}
	}
}

func TestTwiliosAddressIsReadStrictlyAndItsTokenIsNotRepeated(t *testing.T) {
	for _, raw := range []string{
		"twilio://AC1@api.twilio.com?from=+1", "twilio://AC1:s3cret@api.twilio.com", "twilio://AC1:s3cret@api.twilio.com?from=+1&service=MG1",
		"twilio://:s3cret@api.twilio.com?from=+1", "https://AC1:s3cret@api.twilio.com?from=+1", "twilio://AC1:s3cret@ho st/%zz",
	} {
		if _, err := notify.NewTwilio(raw, ""); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", raw, err)
		}
	}
}
