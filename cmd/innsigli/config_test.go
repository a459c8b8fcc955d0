package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli/innsiglitest"
)

// How the program is set up, started and stopped, and what it shows to whom.

func TestSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*settings)
		wrong  string // the flag that is wrong; empty: none
		check  func(p plan) bool
	}{
		{"defaults", func(*settings) {}, "", func(p plan) bool {
			return p.loopback && !p.noSms && p.public.String() == "http://127.0.0.1:8080" && p.mailFrom == "innsigli@localhost.localdomain" &&
				p.database == "sqlite:"+filepath.Join("data", "innsigli.db") && p.keySpec == filepath.Join("data", "key") && p.ownKey && p.sqlite()
		}},
		{"no port", func(s *settings) { s.Listen = "localhost" }, "--listen", nil},
		{"every address", func(s *settings) { s.Listen = ":8080" }, "--smtp", nil},
		{"every address, with mail", func(s *settings) { s.Listen, s.SMTP = "0.0.0.0:8080", "smtp://mail.example" }, "", func(p plan) bool {
			return !p.loopback && p.noSms && p.public.String() == "http://localhost:8080"
		}},
		{"IPv6", func(s *settings) { s.Listen = "[::1]:8080" }, "", func(p plan) bool { return p.loopback && p.public.String() == "http://[::1]:8080" }},
		{"public address and no mail", func(s *settings) { s.PublicURL = "https://sign.example" }, "--smtp", nil},
		{"public address", func(s *settings) { s.PublicURL, s.SMTP = "https://sign.example/", "smtp://mail.example" }, "", func(p plan) bool {
			return !p.loopback && p.public.String() == "https://sign.example" && p.mailFrom == "innsigli@sign.example"
		}},
		{"localhost is loopback", func(s *settings) { s.PublicURL = "http://LOCALHOST:8080" }, "", func(p plan) bool { return p.loopback }},
		{"a name that begins like it", func(s *settings) { s.PublicURL = "http://localhost.evil.example" }, "--smtp", nil},
		{"public address without a scheme", func(s *settings) { s.PublicURL = "sign.example" }, "--public-url", nil},
		{"public address of another scheme", func(s *settings) { s.PublicURL = "ftp://sign.example" }, "--public-url", nil},
		{"public address with a query", func(s *settings) { s.PublicURL = "http://127.0.0.1/?x=1" }, "--public-url", nil},
		{"public address with a user", func(s *settings) { s.PublicURL = "http://u:p@127.0.0.1/" }, "--public-url", nil},
		{"admin without a port", func(s *settings) { s.AdminListen = "localhost" }, "--admin-listen", nil},
		{"other database", func(s *settings) { s.Database = "mysql://h/db" }, "--database", nil},
		{"postgres", func(s *settings) { s.Database = "postgres://h/db" }, "", func(p plan) bool { return !p.sqlite() && p.ownKey }},
		{"a key of the operator's", func(s *settings) { s.Key = "env:KEK" }, "", func(p plan) bool { return p.keySpec == "env:KEK" && !p.ownKey }},
		{"proxies", func(s *settings) { s.TrustedProxies = "10.0.0.0/8, ::1" }, "", func(p plan) bool { return len(p.proxies) == 2 }},
		{"proxies that are none", func(s *settings) { s.TrustedProxies = "proxy.example" }, "--trusted-proxies", nil},
		{"networks for webhooks", func(s *settings) { s.WebhookAllow = "10.0.0.0/33" }, "--webhook-allow", nil},
		{"networks for certificates", func(s *settings) { s.PKIAllow = "10.0.0.0/8,fd00::/8" }, "", func(p plan) bool { return len(p.pkiAllow) == 2 }},
		{"networks for certificates that are none", func(s *settings) { s.PKIAllow = "ocsp.example" }, "--pki-allow", nil},
		{"too many connections", func(s *settings) { s.SMTPConnections = 17 }, "--smtp-connections", nil},
		{"all connections", func(s *settings) { s.SMTPConnections = 16 }, "", func(p plan) bool { return p.SMTPConnections == 16 }},
		{"mails at once", func(s *settings) { s.MailsAtOnce = -1 }, "--mails-at-once", nil},
		{"mails a minute", func(s *settings) { s.MailsAMinute = 60_001 }, "--mails-a-minute", nil},
		{"mails an hour", func(s *settings) { s.MailsAnHour = -1 }, "--mails-an-hour", nil},
		{"sender", func(s *settings) { s.MailFrom = "Innsigli <a@b.example>" }, "--mail-from", nil},
		{"time", func(s *settings) { s.ExpireAfter = time.Second }, "--expire-after", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := settings{base: base{Data: "data"}, Listen: "127.0.0.1:8080", ExpireAfter: 720 * time.Hour, LogFormat: "text"}
			c.change(&s)
			p, err := s.check()
			if c.wrong != "" {
				var usage usageError
				if !errors.As(err, &usage) || !strings.HasPrefix(err.Error(), c.wrong) {
					t.Errorf("got %v, want a wrong %s", err, c.wrong)
				}
				return
			}
			if err != nil || !c.check(p) {
				t.Errorf("got %+v, %v", p, err)
			}
		})
	}
}

// exe runs the real program and gives its exit code and all that it printed. It must end by itself.
func exe(t *testing.T, env []string, args ...string) (code int, output string) {
	t.Helper()
	file, _ := program(t)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, file, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("innsigli %q does not end: %s", args, out)
	}
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	for _, c := range []struct {
		want int
		says string
		args []string
	}{
		{exitDone, "innsigli ", []string{"version"}},
		{exitDone, "Usage: innsigli", []string{"--help"}},
		{exitDone, "--public-url", []string{"serve", "--help"}},
		{exitDone, "127.0.0.1:8080", []string{"config"}},
		{exitUsage, "expected one of", nil},
		{exitUsage, "bogus", []string{"bogus"}},
		{exitUsage, "--bogus", []string{"serve", "--bogus"}},
		{exitUsage, "extra", []string{"serve", "extra"}},
		{exitUsage, "--listen", []string{"serve", "--listen", "nonsense"}},
		{exitUsage, "--log-format", []string{"serve", "--log-format", "xml"}},
		{exitUsage, "--expire-after", []string{"serve", "--expire-after", "soon"}},
		{exitUsage, "--smtp is required", []string{"serve", "--data", data, "--public-url", "https://sign.example"}},
		{exitUsage, "--smtp is required", []string{"serve", "--data", data, "--listen", "0.0.0.0:0"}},
		{exitUsage, "--smtp", []string{"serve", "--data", data, "--smtp", "ftp://mail.example"}},
		{exitUsage, "--email", []string{"company", "create", "--data", data, "--name", "A"}},
		{exitUsage, "e-mail", []string{"company", "create", "--data", data, "--name", "A", "--email", "nonsense"}},
		{exitFailed, "connection refused", []string{"company", "create", "--data", data, "--database", "postgres://127.0.0.1:1/db", "--name", "A", "--email", "a@a.example"}},
		{exitFailed, "variable is not set", []string{"serve", "--data", data, "--key", "env:INNSIGLI_NO_SUCH_KEY"}},
		{exitFailed, "data folder", []string{"serve", "--data", "/dev/null/data"}},
	} {
		code, out := exe(t, nil, c.args...)
		if code != c.want || !strings.Contains(out, c.says) {
			t.Errorf("innsigli %q: got %d, want %d and %q: %s", c.args, code, c.want, c.says, out)
		}
	}
}

// TestCommandsMakeNoInstallation: where there is none, nothing is verified, and nothing is left.
func TestCommandsMakeNoInstallation(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"log", "verify"},
		{"log", "checkpoint"},
		{"log", "key"},
		{"log", "prove", "sp00"},
		{"keys", "rotate"},
		{"webhook", "list"},
		{"webhook", "rotate", "--company", "c0"},
		{"company", "set", "--company", "c0", "--name", "A"},
	} {
		data := filepath.Join(t.TempDir(), "data")
		code, out := exe(t, nil, append(args, "--data", data)...)
		if code != exitFailed || !strings.Contains(out, "there is no company at") {
			t.Errorf("innsigli %q: %d %s", args, code, out)
		}
		if _, err := os.Stat(data); err == nil {
			t.Errorf("innsigli %q made a folder", args)
		}
	}
	if code, out := exe(t, nil, "log", "verify", "--database", innsiglitest.PostgresURL(t), "--data", t.TempDir()); code != exitFailed || !strings.Contains(out, "there is no company at") {
		t.Errorf("an empty database: %d %s", code, out)
	}
}

// settingsOf reads the lines that the config command prints.
func settingsOf(out string) map[string]string {
	got := map[string]string{}
	for line := range strings.Lines(out) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			got[name] = strings.TrimSpace(value)
		}
	}
	return got
}

func TestConfigFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "innsigli.conf")
	writeFile(t, file, []byte(`
# how the file may be written
listen 127.0.0.1:9001
--public-url=https://sign.example
  sms = https://gateway.example/send?token=s3cret&from=s3cret
smtp	smtp://mail:s3cret@mail.example:587?tls=starttls
expire-after 48h
database postgres://innsigli:s3cret@db.example/innsigli?sslmode=require&password=s3cret
`))
	code, out := exe(t, nil, "config", "--config", file)
	if code != exitDone || strings.Contains(out, "s3cret") {
		t.Fatalf("config: %d: %s", code, out)
	}
	got := settingsOf(out)
	for name, want := range map[string]string{
		"listen": "127.0.0.1:9001", "public-url": "https://sign.example", "expire-after": "48h0m0s", "mail-from": "innsigli@sign.example",
		"smtp": "smtp://mail:xxxxx@mail.example:587?tls=starttls", "sms": "https://gateway.example/send?from=xxxxx&token=xxxxx",
		"database": "postgres://innsigli:xxxxx@db.example/innsigli?password=xxxxx&sslmode=require",
	} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
	// Flag before environment, environment before file.
	env := []string{"INNSIGLI_LISTEN=127.0.0.1:9002", "INNSIGLI_EXPIRE_AFTER=24h", "INNSIGLI_CONFIG=" + file}
	_, out = exe(t, env, "config", "--expire-after", "12h")
	if got := settingsOf(out); got["listen"] != "127.0.0.1:9002" || got["expire-after"] != "12h0m0s" || got["public-url"] != "https://sign.example" {
		t.Errorf("flag, environment and file: %s", out)
	}
	// What the command prints can be read again, but for the secrets.
	_, out = exe(t, nil, "config", "--data", "elsewhere", "--listen", "127.0.0.1:9003", "--trusted-proxies", "10.0.0.0/8")
	writeFile(t, file, []byte(out))
	if code, again := exe(t, nil, "config", "--config="+file); code != exitDone || again != out {
		t.Errorf("read again: %d %s, want %s", code, again, out)
	}
	for text, says := range map[string]string{"listen\n": "line 1", "\nbogus 1\n": "line 2", "config x\n": "config", "listen nonsense": "--listen", "expire-after soon": "expire-after"} {
		writeFile(t, file, []byte(text))
		if code, out := exe(t, nil, "config", "--config", file); code != exitUsage || !strings.Contains(out, says) {
			t.Errorf("%q: %d %s", text, code, out)
		}
	}
	if code, _ := exe(t, nil, "config", "--config", file+".missing"); code != exitUsage {
		t.Errorf("missing file: %d", code)
	}
}

func TestNoSecretIsPrinted(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"config", "--smtp", "smtp://u:s3cret%zz@mail.example"},
		{"config", "--sms", "https://h.example/?token=s3cret"},
		{"config", "--database", "postgres://u:s3cret%zz@h/db"},
		{"config", "--smtp", "u:s3cret@mail.example"},
		{"serve", "--smtp", "smtp://u:s3cret%zz@mail.example"},
		{"serve", "--smtp", "smtp://u:s3cret@mail.example?tls=maybe"},
		{"serve", "--sms", "https://u:s3cret@h.example:port/"},
		{"serve", "--sms", "gopher://u:s3cret@h.example/"},
		{"serve", "--database", "postgres://u:s3cret%zz@h/db"},
		{"serve", "--database", "postgres://u:s3cret@127.0.0.1:1/db"},
		{"serve", "--database", "mysql://u:s3cret@h/db"},
	} {
		code, out := exe(t, nil, args...)
		if strings.Contains(out, "s3cret") || args[0] == "serve" && code == exitDone {
			t.Errorf("innsigli %q: %d %s", args, code, out)
		}
	}
}
