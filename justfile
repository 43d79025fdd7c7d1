# The few commands people use. `just` lists them.

_default:
    @just --list

# Does it compile?
check:
    cargo check --all-features --all-targets

# All tests, with the real services that they need.
test *ARGS:
    scripts/test {{ARGS}}

# What CI checks besides the tests.
lint:
    scripts/lint

# The main job, on loopback servers: calls, spans, rows, a report.
demo:
    cargo run --release --example quickstart

# Each fuzz target for a minute (needs nightly and cargo-fuzz): fuzz/README.md.
fuzz SECONDS="60":
    fuzz/run {{SECONDS}}

# What we add to a call, beside what others add: minutes, on a machine that has nothing else to do.
bench:
    cargo bench --bench overhead
    cargo bench --bench counts
    cargo bench --bench drain
    cargo bench --bench reports
