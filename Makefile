# Innsigli. `make run` starts it, `make test` is what must pass, `make check` is every gate.
GO        ?= go
TOOL       = $(GO) tool -modfile=tools/go.mod
BENCH     ?= .
BENCHTIME ?= 1s
FUZZTIME  ?= 30s
FUZZTEST  ?= 20s
ROUNDS    ?= 200
PDFCPU     = v0.15.0

# The race detector watches our code, the standard library and the driver, but not the inside of SQLite: that is C made Go,
# and half of all time went into reporting its accesses. Its locks are Go's, and are still seen.
RACE       = -race -gcflags=modernc.org/libc/...=-race=false -gcflags=modernc.org/memory=-race=false -gcflags=modernc.org/sqlite/lib=-race=false

# The product never needs C; only the race detector does.
export CGO_ENABLED = 0
test races: export CGO_ENABLED = 1

.PHONY: all run build test races bench storybook corpus fuzz validators lint format check setup clean
all: build

## build: leaves bin/innsigli
build:
	$(GO) build -trimpath -buildvcs=false -ldflags '-s -w' -o bin/innsigli ./cmd/innsigli

## run: builds and starts it with the embedded defaults
run: build
	bin/innsigli serve

## setup: installs what the tests want, where it may
setup:
	@tools/setup.sh

## test: every test, with the race detector, in random order; every byte of a sealed file, without it; then every fuzz target for FUZZTEST
test: setup
	$(GO) test $(RACE) -shuffle=on -timeout 45m ./...
	CGO_ENABLED=0 $(GO) test -run FlippedByte ./pades
	@CGO_ENABLED=0 GO=$(GO) tools/fuzz.sh $(FUZZTEST) 2

## races: the races of the verbs, and random verbs against a model, many rounds
races: setup
	INNSIGLI_ROUNDS=$(ROUNDS) $(GO) test $(RACE) -count=1 -run 'Races|AnyVerbs' -timeout 90m ./...

## bench: one package at a time, so that they do not disturb each other
bench: setup
	$(GO) test -p 1 -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -timeout 60m ./...

## bench-large: cancel, activity page and reminders with a million processes against ten thousand; 100,000 mails and webhooks go out
bench-large: setup
	INNSIGLI_DRAIN=100000 $(GO) test ./cmd/innsigli -run '^$$' -bench Drain -benchtime 1x -timeout 120m
	INNSIGLI_PROCESSES=1000000 $(GO) test ./store -run '^$$' -bench Growth -benchtime 50x -timeout 120m

## storybook: pictures of every page in every state, language, width and colour in bin/storybook, index.html first; LANGUAGES="is en" for some
storybook: setup
	INNSIGLI_STORYBOOK=$(CURDIR)/bin/storybook INNSIGLI_LANGUAGES='$(LANGUAGES)' $(GO) test -count=1 -timeout 60m -run '^TestStorybook$$' ./page

## validators: what EU DSS and pyHanko say of FILES="a.pdf b.pdf" signed under ANCHOR=root.pem
validators: setup
	@printf '%s\n' $(FILES) | tools/validators/judge.sh dss $(ANCHOR)
	@printf '%s\n' $(filter-out %.xml,$(FILES)) | tools/validators/judge.sh pyhanko $(ANCHOR)

## corpus: every PDF that pdfcpu (286 MB to download) and PDFium's binding test with is sealed, and judged by strangers
corpus: setup
	@pdfcpu=$$($(GO) mod download -json github.com/pdfcpu/pdfcpu@$(PDFCPU) | sed -n 's/^.*"Dir": "\(.*\)".*$$/\1/p') && \
		pdfium=$$($(GO) list -m -f '{{.Dir}}' github.com/klippa-app/go-pdfium) && \
		INNSIGLI_CORPUS="$$pdfcpu:$$pdfium" $(GO) test -count=1 -v -timeout 110m -run TestStrangersAcceptWhatIsSealed ./cmd/innsigli

## fuzz: every fuzz target, FUZZTIME each
fuzz:
	@GO=$(GO) tools/fuzz.sh $(FUZZTIME)

## lint: format, vet, linters, and functions that nobody reaches
lint:
	@files=$$($(TOOL) gofumpt -l $$(find . -name '*.go' -not -path './bin/*' -not -path './data/*')) && \
		if [ -n "$$files" ]; then echo "make format would change:"; echo "$$files"; exit 1; fi
	$(GO) vet ./...
	$(TOOL) golangci-lint run
	@dead=$$($(TOOL) deadcode -test ./...) && if [ -n "$$dead" ]; then echo "$$dead"; exit 1; fi

## format: rewrites the Go files
format:
	$(TOOL) golangci-lint fmt

## check: every gate
check: lint build test
	$(GO) mod verify
	$(GO) mod tidy -diff

## clean: takes away what was built
clean:
	rm -rf bin
