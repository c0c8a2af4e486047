# Two commands do everything, set-up included: `make demo` and `make test`.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all check bench lock clean

DEMO := config/demo.yaml
export PATH := $(CURDIR)/.venv/bin:$(PATH)

help:
	@echo "make demo      set up, then run the whole chain on small images: tables, figures, report, audit (a few minutes)"
	@echo "make test      set up, then run every check and every test but the heavy ones"
	@echo "make test-all  the same with the heavy tests: every network at its own size, for an epoch"
	@echo "make setup     make .venv from the lock file in envs/ (needs Python >= 3.11)"
	@echo "make check     style, types, workflow and import contract, without the tests"
	@echo "make bench     measure what speed is promised, as ratios in one run (BENCH=--full: more of it)"
	@echo "make lock      resolve the dependencies of pyproject.toml anew into envs/ (LOCK=--upgrade: newest versions)"
	@echo "make clean     remove .venv and what tools have cached; results and data stay"

setup:
	@envs/setup

demo: setup
	@echo "demo 1/4: train, measure, compare, draw, seal and report ($(DEMO))"
	@snakemake --cores all --configfile $(DEMO)
	@echo "demo 2/4: Snakemake's report"
	@snakemake --cores 1 --configfile $(DEMO) --report results/demo/snakemake-report.html
	@echo "demo 3/4: audit"
	@medattn audit results/demo
	@medattn render --config $(DEMO) --report
	@echo "demo 4/4: where everything is"
	@medattn summary --config $(DEMO)

test: check
	@echo "== tests"
	@pytest -n 2 --dist worksteal

test-all: check
	@echo "== tests, the heavy ones too"
	@pytest -n 2 --dist worksteal -m ""

check: setup
	@.ci/check

bench: setup
	@python benchmarks/bench.py $(BENCH)

lock: setup
	@uv pip compile $(LOCK) --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	    --no-emit-index-url --no-header --no-annotate pyproject.toml --extra develop -o envs/requirements.txt
	@uv pip compile $(LOCK) --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header --no-annotate - -o envs/bootstrap.txt <<<uv

clean:
	rm -rf .venv .snakemake .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find workflow tests -name __pycache__ -prune -exec rm -rf {} +
	rm -rf workflow/medattn.egg-info
