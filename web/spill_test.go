package web_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli/web"
)

// small makes a few bytes long enough to spill, so that the tests can be read.
var small = web.SpillLimits{LongerThan: 8, MaxValue: 1000, MaxRest: 1000, MaxDepth: 5, MaxName: 16}

// spilt is what SpillJSON made of a request.
type spilt struct {
	rest   string
	paths  []string
	tokens []string
	values map[string][]byte // by token
}

func spill(body string, limits web.SpillLimits) (spilt, error) {
	got := spilt{values: map[string][]byte{}}
	var rest bytes.Buffer
	err := web.SpillJSON(&rest, strings.NewReader(body), limits, func(token, path string, r io.Reader) error {
		b, err := io.ReadAll(r)
		got.paths = append(got.paths, path)
		got.tokens = append(got.tokens, token)
		got.values[token] = b
		return err
	})
	got.rest = rest.String()
	return got, err
}

// shown puts <path> in the place of the tokens.
func (s spilt) shown() string {
	shown := s.rest
	for i, t := range s.tokens {
		shown = strings.ReplaceAll(shown, `"`+t+`"`, "<"+s.paths[i]+">")
	}
	return shown
}

func TestSpillTakesOutLongValues(t *testing.T) {
	long := base64.StdEncoding.EncodeToString([]byte("a long text"))
	tests := []struct{ name, body, want string }{
		{"nothing long", ` {"a": "short", "b" : [1, true, null, "12345678"] } `, ` {"a": "short", "b" : [1, true, null, "12345678"] } `},
		{"member", `{"file":"` + long + `"}`, `{"file":<file>}`},
		{"elements", `["x","` + long + `",{},"` + long + `"]`, `["x",<[1]>,{},<[3]>]`},
		{"deep", `{"s":[{"n":1},{"n":[2,3],"a":[{"content":"` + long + `","name":"x"}]}]}`, `{"s":[{"n":1},{"n":[2,3],"a":[{"content":<s[1].a[0].content>,"name":"x"}]}]}`},
		{"after an inner object", `{"o":{"x":"1","y":"2"},"file":"` + long + `"}`, `{"o":{"x":"1","y":"2"},"file":<file>}`},
		{"two members of one name", `{"f":"` + long + `","f":"` + long + `"}`, `{"f":<f>,"f":<f>}`},
		{"only a string", `"` + long + `"`, `<>`},
		{"long name", `{"a name of 15 b":"short"}`, `{"a name of 15 b":"short"}`},
		{"strange names", `{"a.b":{"\u00e6\n":"` + long + `"}}`, `{"a.b":{"\u00e6\n":<["a.b"]["æ\n"]>}}`},
		{"empty name", `{"":["` + long + `"]}`, `{"":[<[0]>]}`},
		{"brackets and quotes in strings", `{"}[\"":"],:{","f":"` + long + `"}`, `{"}[\"":"],:{","f":<f>}`},
		{"no JSON at all", `hello`, `hello`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for name, r := range map[string]io.Reader{
				"at once":      strings.NewReader(test.body),
				"byte by byte": iotest.OneByteReader(strings.NewReader(test.body)),
			} {
				got := spilt{}
				var rest bytes.Buffer
				err := web.SpillJSON(&rest, r, small, func(token, path string, r io.Reader) error {
					got.tokens, got.paths = append(got.tokens, token), append(got.paths, path)
					b, err := io.ReadAll(r)
					if string(b) != "a long text" {
						t.Errorf("%s: %s holds %q", name, path, b)
					}
					return err
				})
				got.rest = rest.String()
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(got.shown(), test.want); diff != "" {
					t.Errorf("%s (-got +want):\n%s", name, diff)
				}
			}
		})
	}
}

// base64Cases are the rules, for long values and short ones alike. want is the text, or the reason of the refusal.
var base64Cases = []struct{ name, json, want, refused string }{
	{"plain", `YSBsb25nIHRleHQ=`, "a long text", ""},
	{"two pads", `YSBsb25nIHRleA==`, "a long tex", ""},
	{"no pad", `YSBsb25nIHRleHQu`, "a long text.", ""},
	{"both odd characters", `+/+/+/+/+/+/`, "\xfb\xff\xbf\xfb\xff\xbf\xfb\xff\xbf", ""},
	{"line ends of MIME", `YSBsb25n\r\nIHRleHQ=\r\n`, "a long text", ""},
	{"line ends inside of the padding", `YSBsb25nIHRleA=\n=\n`, "a long tex", ""},
	{"only line ends", `\n\n\n\n\n\n\n\n\n`, "", ""},
	{"slash as PHP writes it", `+\/+\/+\/+\/+\/+\/`, "\xfb\xff\xbf\xfb\xff\xbf\xfb\xff\xbf", ""},
	{"plus as .NET writes it", `\u002B\u002b\u002B\u002B\u002B\u002B\u002B\u002B`, "\xfb\xef\xbe\xfb\xef\xbe", ""},
	{"padding as Gson writes it", `YSBsb25nIHRleA\u003d\u003d`, "a long tex", ""},
	{"padding left out", `YSBsb25nIHRleHQ`, "", "wrong padding of base64"},
	{"half of the padding left out", `YSBsb25nIHRleA=`, "", "wrong padding of base64"},
	{"too much padding", `YSBsb25nIHRleHQu=`, "", "wrong padding of base64"},
	{"far too much padding", `YSBsb25nIHRleA====`, "", "wrong padding of base64"},
	{"only padding", `==========`, "", "wrong padding of base64"},
	{"two texts", `YSBsb25nIHRleHQ=YSBs`, "", "base64 goes on after its padding"},
	{"stray bits", `YSBsb25nIHRleHR=`, "", "stray bits or padding at the end of base64"},
	{"padding in the place of text", `YSBsb25n====`, "", "wrong padding of base64"},
	{"one character and padding", `YSBsb25nI===`, "", "wrong padding of base64"},
	{"a blank", `YSBsb25n IHRleHQ=`, "", "a character that is not base64"},
	{"a tab", `YSBsb25n\tIHRleHQ=`, "", "an escape that is not base64"},
	{"URL alphabet", `YSBsb25nIHRle-__`, "", "'-' is not base64"},
	{"data URL", `data:application/pdf;base64,YSBs`, "", "':' is not base64"},
	{"a letter outside of ASCII", `YSBsb25nIHRlæ`, "", "a character that is not base64"},
	{"an escaped letter outside of ASCII", `YSBsb25nIHRl\u00e6`, "", "a character that is not base64"},
	{"an escaped letter that looks like one", `YSBsb25nIHRleH\b=`, "", "an escape that is not base64"},
	{"an escaped quote", `YSBsb25nIHRl\"`, "", "an escape that is not base64"},
}

func TestSpillIsStrictAboutBase64(t *testing.T) {
	for _, test := range base64Cases {
		t.Run(test.name, func(t *testing.T) {
			got, err := spill(`{"files":[{"content":"`+test.json+`"}]}`, small)
			if test.refused == "" {
				if err != nil {
					t.Fatal(err)
				}
				if len(got.tokens) != 1 || string(got.values[got.tokens[0]]) != test.want {
					t.Errorf("got %q, want %q", got.values, test.want)
				}
				return
			}
			var malformed *web.MalformedError
			if !errors.As(err, &malformed) {
				t.Fatalf("got %v, want a MalformedError", err)
			}
			if malformed.Path != "files[0].content" || malformed.Reason != test.refused {
				t.Errorf("got %q at %q, want %q", malformed.Reason, malformed.Path, test.refused)
			}
		})
	}
}

func TestSpillSaysWhereTheBase64IsWrong(t *testing.T) {
	for value, want := range map[string]int64{
		`-SBsb25nIHRleHQ=`:          0,
		`YSBsb25nIHRle-__`:          13,
		`YSBs\/25n\r\nIHR\u002Be-_`: 23, // as it stands in the request, escapes counted whole
	} {
		_, err := spill(`{"a":"`+value+`"}`, small)
		var malformed *web.MalformedError
		if !errors.As(err, &malformed) || malformed.Offset != want {
			t.Errorf("%s: got %v, want a MalformedError at byte %d", value, err, want)
		}
	}
}

func TestSpillRefusesWhatIsNoString(t *testing.T) {
	for _, value := range []string{"AAAAAAAAAAAA\nAAAA", "AAAAAAAAAAAA\x00AAA", `AAAAAAAAAAAA\u00`, `AAAAAAAAAAAA\u00zzAAA`, `AAAAAAAAAAAA\u 0AAAA`, `AAAAAAAAAAAA\xAAAA`, "AAAAAAAAAAAA\xffAAA"} {
		var malformed *web.MalformedError
		if got, err := spill(`{"a":"`+value+`"}`, small); !errors.As(err, &malformed) {
			t.Errorf("%q: got %q, %v, want a MalformedError", value, got.rest, err)
		}
	}
	for _, body := range []string{`{"a":"AAAAAAAAAAAA`, `{"a":"AAA`, `{"na`, `{"a":"AAAAAAAAAAAA\`, `{"a":"AAAAAAAAAAAA\u00`} {
		_, err := spill(body, small)
		if err == nil || !strings.Contains(err.Error(), "the request ends inside of a string") {
			t.Errorf("%s: got %v", body, err)
		}
	}
}

func TestDecodeBase64FollowsTheSameRules(t *testing.T) {
	for _, test := range base64Cases {
		t.Run(test.name, func(t *testing.T) {
			var value string
			if err := json.Unmarshal([]byte(`"`+test.json+`"`), &value); err != nil {
				t.Fatal(err)
			}
			got, err := web.DecodeBase64("content", value, 100)
			var malformed *web.MalformedError
			switch {
			case test.refused == "" && (err != nil || string(got) != test.want):
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			case test.refused != "" && (!errors.As(err, &malformed) || malformed.Path != "content"):
				t.Errorf("got %q, %v, want a MalformedError", got, err)
			}
		})
	}
	var large *web.TooLargeError
	if _, err := web.DecodeBase64("content", "YSBsb25nIHRleHQ=", 10); !errors.As(err, &large) || large.Path != "content" || large.Max != 10 {
		t.Errorf("got %v, want a TooLargeError", err)
	}
	if got, err := web.DecodeBase64("content", "YSBsb25nIHRleHQ=", 11); err != nil || len(got) != 11 {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSpillLimits(t *testing.T) {
	long := strings.Repeat("AAAA", 334)
	tests := []struct {
		name, body, path, reason string // no reason: too large
	}{
		{"a value", `{"files":[{"content":"` + long + `"}]}`, "files[0].content", ""},
		{"the rest", `["` + strings.Repeat(`12345678","`, 100) + `"]`, "", ""},
		{"blanks", strings.Repeat(" ", 1001), "", ""},
		{"depth", `{"a":[[[[[1]]]]]}`, "a[0][0][0][0]", "nested deeper than 5"},
		{"a name", `{"a":{"a name of 17 byte":1}}`, "a", "a name of over 16 bytes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := spill(test.body, small)
			var large *web.TooLargeError
			var malformed *web.MalformedError
			switch {
			case test.reason == "":
				if !errors.As(err, &large) || large.Path != test.path || large.Max != 1000 {
					t.Errorf("got %v, want over 1000 bytes at %q", err, test.path)
				}
			case !errors.As(err, &malformed) || malformed.Reason != test.reason || malformed.Path != test.path:
				t.Errorf("got %v, want %q at %q", err, test.reason, test.path)
			}
		})
	}
	if _, err := spill(`"`+long[:1332]+`"`, small); err != nil { // 999 bytes
		t.Error(err)
	}
	if _, err := spill(strings.Repeat(" ", 1000), small); err != nil {
		t.Error(err)
	}
	if _, err := spill(`{"a":{"a name of 16 byt":[[[1]]]}}`, small); err != nil {
		t.Error(err)
	}
}

func TestSpillReturnsTheSinksRefusal(t *testing.T) {
	refusal := errors.New("not a document")
	err := web.SpillJSON(io.Discard, strings.NewReader(`{"title":"a title, far too long"}`), small,
		func(_, path string, _ io.Reader) error {
			if path != "title" {
				t.Errorf("path %q, want title", path)
			}
			return refusal
		})
	if !errors.Is(err, refusal) || !strings.Contains(err.Error(), "title") {
		t.Errorf("got %v, want the refusal and the member", err)
	}
}

func TestSpillChecksWhatTheSinkDoesNotRead(t *testing.T) {
	lazy := func(string, string, io.Reader) error { return nil }
	var rest bytes.Buffer
	if err := web.SpillJSON(&rest, strings.NewReader(`["AAAAAAAAAAAA",1]`), small, lazy); err != nil || !strings.HasSuffix(rest.String(), ",1]") {
		t.Errorf("got %q, %v", rest.String(), err)
	}
	var malformed *web.MalformedError
	if err := web.SpillJSON(io.Discard, strings.NewReader(`["AAAAAAAAAAAA!",1]`), small, lazy); !errors.As(err, &malformed) {
		t.Errorf("got %v, want a MalformedError", err)
	}
}

func TestSpillPassesErrorsOn(t *testing.T) {
	reset := errors.New("connection reset")
	discard := func(_, _ string, r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }
	for _, body := range []string{`{"a":1`, `{"a":"AAA`, `{"a":"AAAAAAAAAAAA`} {
		r := io.MultiReader(strings.NewReader(body), iotest.ErrReader(reset))
		if err := web.SpillJSON(io.Discard, r, small, discard); !errors.Is(err, reset) {
			t.Errorf("%s: got %v, want the reader's error", body, err)
		}
	}
	full := &fullWriter{err: errors.New("disk full")}
	big := small
	big.MaxRest = 1 << 20
	if err := web.SpillJSON(full, strings.NewReader(strings.Repeat("1,", 10_000)), big, discard); !errors.Is(err, full.err) {
		t.Errorf("got %v, want the writer's error", err)
	}
	if err := web.SpillJSON(full, strings.NewReader("1"), big, discard); !errors.Is(err, full.err) {
		t.Errorf("flush: got %v, want the writer's error", err)
	}
}

type fullWriter struct{ err error }

func (w *fullWriter) Write([]byte) (int, error) { return 0, w.err }

func TestSpillTokensCannotBeSent(t *testing.T) {
	form := regexp.MustCompile(`^spill:[0-9a-f]{32}:[0-9]+$`)
	body := `["AAAAAAAAAAAA","AAAAAAAAAAAA"]`
	first, err := spill(body, small)
	if err != nil {
		t.Fatal(err)
	}
	second, err := spill(body, small)
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(first.tokens, second.tokens)
	for _, token := range all {
		if !form.MatchString(token) {
			t.Errorf("token %q", token)
		}
	}
	if slices.Sort(all); len(slices.Compact(all)) != 4 {
		t.Errorf("tokens are not all different: %v", all)
	}
	// A client that sends a token of an earlier request sends a text like any other: it is not in the new table.
	wide := small
	wide.LongerThan = 100
	replay, err := spill(`["`+first.tokens[0]+`"]`, wide)
	if err != nil || len(replay.values) != 0 || !strings.Contains(replay.rest, first.tokens[0]) {
		t.Errorf("got %v, %v", replay, err)
	}
}

func FuzzSpill(f *testing.F) {
	for _, c := range base64Cases {
		f.Add([]byte(`{"a":[{"b":"` + c.json + `"}],"c":"x"}`))
	}
	f.Add([]byte(`{"a":"spill:00000000000000000000000000000000:0","a":"AAAAAAAAAAAA"} trailing`))
	f.Add([]byte(`[[{"k":"v"},"AAAAAAAAAAAA"],1.5e3,"\ud83d\ude00"]`))
	f.Add([]byte("{\"a\" \"AAAAAAAAAAAA\"}{]:,\"\xff\""))
	limits := web.SpillLimits{LongerThan: 8, MaxValue: 64, MaxRest: 4096, MaxDepth: 64, MaxName: 64}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := spill(string(body), limits)
		if err != nil {
			var large *web.TooLargeError
			var malformed *web.MalformedError
			if !errors.As(err, &large) && !errors.As(err, &malformed) {
				t.Fatalf("an error of no type: %v", err)
			}
			return
		}
		if json.Valid(body) != json.Valid([]byte(got.rest)) {
			t.Fatalf("valid %v before, %v after:\n%s\n%s", json.Valid(body), json.Valid([]byte(got.rest)), body, got.rest)
		}
		if !json.Valid(body) {
			return
		}
		restored := got.rest
		for token, value := range got.values {
			restored = strings.Replace(restored, token, base64.StdEncoding.EncodeToString(value), 1)
		}
		if before, after := decoded(t, body), decoded(t, []byte(restored)); !reflect.DeepEqual(before, after) {
			t.Fatalf("another document came out:\n%s\n%s", body, restored)
		}
	})
}

// decoded is what encoding/json reads, strings without the line ends that base64 may have and restoring loses.
func decoded(t *testing.T, body []byte) any {
	t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return withoutLineEnds(v)
}

func withoutLineEnds(v any) any {
	switch v := v.(type) {
	case string:
		return strings.NewReplacer("\r", "", "\n", "").Replace(v)
	case []any:
		for i := range v {
			v[i] = withoutLineEnds(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = withoutLineEnds(v[k])
		}
	}
	return v
}

// request is a body of one 50 MB document that needs no memory of its own.
func request() (io.Reader, [sha256.Size]byte) {
	const lines = 50 << 20 / 48
	var document [48]byte
	for i := range document {
		document[i] = byte(i * 5)
	}
	hash := sha256.New()
	for range lines {
		hash.Write(document[:])
	}
	text := base64.StdEncoding.EncodeToString(document[:])
	return io.MultiReader(strings.NewReader(`{"signingName":"x","files":[{"content":"`),
		io.LimitReader(&repeat{text: text}, int64(len(text)*lines)),
		strings.NewReader(`"}],"createSignees":[{"email":"a@example.com"}]}`)), [32]byte(hash.Sum(nil))
}

type repeat struct {
	text string
	at   int
}

func (r *repeat) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		c := copy(p[n:], r.text[r.at:])
		n, r.at = n+c, (r.at+c)%len(r.text)
	}
	return n, nil
}

func TestSpillOf50MBTakesConstantMemory(t *testing.T) {
	body, want := request()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	hash := sha256.New()
	var rest bytes.Buffer
	err := web.SpillJSON(&rest, body, web.DefaultSpillLimits(), func(_, _ string, r io.Reader) error {
		_, err := io.Copy(hash, r)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := [sha256.Size]byte(hash.Sum(nil)); got != want {
		t.Error("the document is another one")
	}
	if !json.Valid(rest.Bytes()) || rest.Len() > 300 {
		t.Errorf("%d bytes are left: %s", rest.Len(), fmt.Sprintf("%.300s", rest.String()))
	}
	// Everything ever allocated, not only what was in use at once.
	if total := after.TotalAlloc - before.TotalAlloc; total > 2<<20 {
		t.Errorf("%d bytes were allocated for 50 MB, want under 2 MiB", total)
	}
}

func BenchmarkSpill50MB(b *testing.B) {
	b.SetBytes(50 << 20 / 48 * 64)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		body, _ := request()
		b.StartTimer()
		err := web.SpillJSON(io.Discard, body, web.DefaultSpillLimits(), func(_, _ string, r io.Reader) error {
			_, err := io.Copy(io.Discard, r)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
