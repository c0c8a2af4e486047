# `make demo` and `make test` include the setup.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all check docs bench bench-gpu lock clean

DEMO := config/demo.yaml
export PATH := $(CURDIR)/.venv/bin:$(PATH)

help:
	@echo "make demo      set up, then run the whole workflow on small images: tables, figures, report, audit (a few minutes)"
	@echo "make test      set up, then run every check and every test except those marked heavy"
	@echo "make test-all  like make test, with the heavy tests: thousands of damaged files, every network at its full size"
	@echo "make setup     create .venv from the lock file in envs/ (needs Python >= 3.11)"
	@echo "make check     style, types, workflow and import contract, without the tests"
	@echo "make docs      build the documentation site in site/"
	@echo "make bench     measure speed ratios and compare them with their limits (BENCH=--full: larger cases)"
	@echo "make bench-gpu check and measure a GPU in nine minutes, with the Python and PyTorch that are there"
	@echo "make lock      resolve the dependencies of pyproject.toml into envs/ (LOCK=--upgrade: newest versions)"
	@echo "make clean     remove .venv and tool caches; keep results and data"

setup:
	@envs/setup

demo: setup
	@echo "demo 1/4: train, measure, compare, render, seal and report ($(DEMO))"
	@snakemake --cores all --configfile $(DEMO)
	@echo "demo 2/4: Snakemake's report"
	@snakemake --cores 1 --configfile $(DEMO) --report results/demo/snakemake-report.html
	@echo "demo 3/4: audit"
	@medattn audit results/demo --write || [ $$? -eq 3 ]
	@medattn render --config $(DEMO) --report
	@echo "demo 4/4: summary of the results"
	@medattn summary --config $(DEMO)

test: check
	@echo "== tests"
	@pytest -n 2 --dist worksteal

test-all: check
	@echo "== tests, including heavy ones"
	@pytest -n 2 --dist worksteal -m ""

check: setup
	@.ci/check

docs: setup
	@.ci/build-site site
	@echo "docs: site/index.html; the search needs a server: python -m http.server --directory site"

bench: setup
	@python benchmarks/bench.py $(BENCH)

# Without set-up: GPU machines bring their own PyTorch.
bench-gpu:
	@PYTHONPATH=workflow python3 benchmarks/gpu.py

lock: setup
	@uv pip compile $(LOCK) --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	    --no-emit-index-url --no-header --no-annotate pyproject.toml --extra develop --extra medical -o envs/requirements.txt
	@uv pip compile $(LOCK) --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header --no-annotate - -o envs/bootstrap.txt <<<uv

clean:
	rm -rf .venv .snakemake site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find workflow tests -name __pycache__ -prune -exec rm -rf {} +
	rm -rf workflow/medattn.egg-info
