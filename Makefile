# Two commands: `make demo` sets everything up and plays the story; `make test` sets everything up and proves it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Python keeps what it has compiled, whatever the environment says: the tests start hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE

# Many tests wait for a server: one process more than there are cores, but no more than four.
TESTERS := $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n < 3 ? n + 1 : 4)))

# Debian and Ubuntu keep the venv module apart: root gets it, others are told.
GET_VENV = test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y python3-venv

.PHONY: demo test test-long bench model encoder policy score schema catalogues lint lock clean
.DELETE_ON_ERROR:

demo: $(VENV)/.run
	$(BIN)/askonce demo

test: $(VENV)/.dev
	$(BIN)/python tests/real_parts.py
	$(BIN)/ruff format --check gateway tests
	$(BIN)/ruff check gateway tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -m "not long" --numprocesses $(TESTERS) --dist loadfile --no-loadscope-reorder

test-long: $(VENV)/.dev
	$(BIN)/python tests/real_parts.py
	$(BIN)/pytest -m long

bench: $(VENV)/.dev
	$(BIN)/python tests/real_parts.py
	$(BIN)/python -m tests.benchmarks

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("askonce needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); $(GET_VENV) && $(PYTHON) -m venv $(VENV); } || { rm -rf $(VENV); \
	  echo "Python's venv module is missing. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/.run: $(VENV)/bin/python requirements.lock pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

# The sieve and the second opinion, from the labelled cases: the same cases give the same weights.
model: $(VENV)/.dev
	$(BIN)/python -m tests.training.sieve
	$(BIN)/python -m tests.training

# The encoders beside it, some hours on two cores, in an environment of its own: PyTorch is large.
encoder: $(VENV)-encoder/.run
	$(VENV)-encoder/bin/python -m tests.training.encoder english --keep $(VENV)-encoder/kept.pt
	$(VENV)-encoder/bin/python -m tests.training.encoder others --keep $(VENV)-encoder/kept-others.pt

$(VENV)-encoder/.run: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)-encoder
	$(VENV)-encoder/bin/pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(VENV)-encoder/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(VENV)-encoder/bin/pip install --quiet --disable-pip-version-check --group encoder
	touch $@

# Every message of the program into gateway/language/locale/*.po; exit 1 while words are missing.
catalogues: $(VENV)/.dev
	$(BIN)/python -m tests.catalogues

# The packs' own examples, and everything there is to say about their files.
policy: $(VENV)/.run
	$(BIN)/askonce policy test
	$(BIN)/askonce policy lint

# How good the packs are on the labelled mails; the locked ones are counted, never shown.
score: $(VENV)/.run
	$(BIN)/askonce policy score --split all --by language,label
	$(BIN)/askonce policy score --split locked --by language,batch

# What editors know of rule files, from the types that read them.
schema: $(VENV)/.run
	$(BIN)/askonce policy schema --write policies/schema

# Needs `uv` on the path; hashes only, no index addresses.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --all-extras pyproject.toml deploy/build.in -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --all-extras --group dev pyproject.toml deploy/build.in -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) $(VENV)-encoder build artefacts
