# Two commands: `make run` and `make test`. The rest is for those who work on Emporion.

.PHONY: help run test build dev lint bench torture histories clean

help: ## print this list
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

run: build ## install what is missing, build, and serve the shop (SQLite, demo data)
	@exec target/release/emporion serve

test: ## install what is missing and run everything: rules, both databases, HTTP, browser
	@scripts/test

build: ## the release binary and its site files
	@scripts/build

dev: ## serve a debug build, rebuild and reload on change
	@scripts/dev

lint: ## formatting, clippy, types: what `make test` starts with
	@scripts/lint

bench: ## measure speed on both databases; SEED=100000 also times the seeding of so many products
	@scripts/bench $(if $(SEED),--seed $(SEED))

torture: ## many buyers at once, then KILLS=200 kills of the shop and its servers while people buy; SEED=N repeats one
	@scripts/torture --kills $(or $(KILLS),200) $(if $(SEED),--seed $(SEED))

histories: ## random histories of orders and stock beside their models: TIMES=20 times as many as make test, and others
	@scripts/histories $(or $(TIMES),20)

clean: ## remove what was built; data/ and installed tools stay
	@scripts/clean
