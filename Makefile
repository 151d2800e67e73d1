# What can be done here. The work itself is in tests/scripts.

.PHONY: demo test check fmt regen fuzz bench

demo: ## a release travels from dev to prod on real servers; ARGS=--exit ends it, SEED=echo-server is the other example
	@tests/scripts/demo $(ARGS)

test: ## all that must hold before a change lands
	@tests/scripts/test

check: ## the quick loop: formatting, lints, documentation, unit tests
	@tests/scripts/check

fmt: ## put the code in form
	cargo fmt --all

regen: ## write generated files anew
	UPDATE=1 cargo test --workspace --quiet

fuzz: ## fuzz for an hour each; SECONDS_EACH=60 for less
	@tests/scripts/fuzz $(or $(SECONDS_EACH),3600)

bench: ## measure, print and keep the figures in target/bench
	@tests/scripts/bench $(ARGS)
