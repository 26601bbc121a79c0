# Everything here also works by hand; see the targets for how.

GO ?= go
# What random tests start from; another number, other sessions.
DEALWIKI_SEED ?= 1
# How long each measurement of the benchmarks takes, in seconds.
DEALWIKI_BENCH_SECONDS ?= 10

.PHONY: test soak bench

# All tests, with seeded parts of the long ones.
test:
	$(GO) test ./...

# The long tests in full: random sessions with yjs, kills while people type,
# power cuts. Takes an hour.
soak:
	DEALWIKI_SOAK=1 DEALWIKI_SEED=$(DEALWIKI_SEED) $(GO) test -timeout 3h -count 1 ./realtime/... ./cmd/dealwiki ./content ./search/extract ./web
	CGO_ENABLED=1 $(GO) test -race -timeout 1h -count 1 ./cmd/dealwiki

# Figures of live editing beside two other servers (which need node and npm).
# The machine should have nothing else to do.
bench:
	DEALWIKI_BENCH_SECONDS=$(DEALWIKI_BENCH_SECONDS) $(GO) test ./realtime/load -run '^$$' -bench . -benchtime 1x -timeout 1h -v
	$(GO) test ./realtime/yjs ./realtime/journal -run '^$$' -bench . -benchtime 1x
