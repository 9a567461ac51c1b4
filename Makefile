# What can be done in a checkout; `make help` lists it. Needs python3 (3.11 to 3.13), make, bash and
# a network. Everything is written below the checkout, in folders that git ignores.

SHELL := bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo check style types layers unit test bench lock airflow backfill crash distributed fuzz \
	hostile tools torch vulnerabilities sbom clean

STARTED := $(shell date +%s)
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$p && break; done)
# Another Python beside the usual one: make check PYTHON=python3.13 VENV=.venv-3.13
VENV := .venv
BIN := $(VENV)/bin

# Nothing of the tools' own outside the checkout: no cache, no settings, no scratch files.
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
export XDG_CACHE_HOME := $(CURDIR)/.cache
export KERAS_HOME := $(CURDIR)/.cache/keras
export MPLCONFIGDIR := $(CURDIR)/.cache/matplotlib
export TMPDIR := $(CURDIR)/.cache/tmp
$(shell mkdir -p '$(TMPDIR)')
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_PYTHON_DOWNLOADS := never
# The environment of this checkout, whatever the caller's shell has active.
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
unexport PYTHONPATH PYTHONHOME CONDA_PREFIX
# Each of the hundreds of processes that the tests start would compile its packages again.
unexport PYTHONDONTWRITEBYTECODE

help: ## list what can be done here
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- Installing: every download is checked against the hashes of a lock ------------------------

# Once the developers' packages are in, `make demo` uses them: they hold its own, at the same versions.
INSTALLED := $(VENV)/.installed-$(if $(wildcard $(VENV)/.installed-all),all,demo)

$(VENV)/.installed-%: requirements/%.lock requirements/bootstrap.lock pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
		echo "No Python 3.11, 3.12 or 3.13 found; name one: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; fi
	@if [ ! -x $(BIN)/uv ] || ! $(BIN)/python -c '' 2>/dev/null; then \
		echo "Making $(VENV) with $(PYTHON)"; \
		env -u VIRTUAL_ENV $(PYTHON) -m venv --clear $(VENV) || { \
			echo "Could not make $(VENV); on Debian and Ubuntu, install python3-venv" >&2; exit 1; }; \
		$(BIN)/python -m pip install --quiet --require-hashes -r requirements/bootstrap.lock; fi
	@echo "Installing from requirements/$*.lock"
	@$(BIN)/uv pip sync --quiet --require-hashes $< requirements/bootstrap.lock
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.installed-*
	@touch $@

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header

# base.lock is what `pip install auditor` brings; demo.lock adds Airflow and insights.
lock: $(INSTALLED) ## renew the locks after a change of pyproject.toml (UPGRADE=1: newest versions)
	$(LOCK) $(if $(UPGRADE),--upgrade) --all-extras pyproject.toml -o requirements/all.lock
	$(LOCK) $(if $(UPGRADE),--upgrade) -c requirements/all.lock pyproject.toml \
		-o requirements/base.lock
	$(LOCK) $(if $(UPGRADE),--upgrade) -c requirements/all.lock --extra airflow --extra insights \
		pyproject.toml -o requirements/demo.lock
	$(LOCK) $(if $(UPGRADE),--upgrade) -c requirements/all.lock --extra airflow --extra insights \
		--extra s3 --extra celery --extra statsd --extra kubernetes --extra sql --extra xlsx pyproject.toml \
		-o requirements/deploy.lock
	$(LOCK) $(if $(UPGRADE),--upgrade) -c requirements/all.lock requirements/bootstrap.in \
		-o requirements/bootstrap.lock
	$(LOCK) $(if $(UPGRADE),--upgrade) requirements/peer.in -o requirements/peer.lock
	$(LOCK) $(if $(UPGRADE),--upgrade) requirements/tools.in -o requirements/tools.lock
	$(LOCK) $(if $(UPGRADE),--upgrade) -c requirements/all.lock requirements/torch.in \
		-o requirements/torch.lock

# ---- Trying it -----------------------------------------------------------------------------------

DEMO_DAY := 2026-03-27
DEMO_LOG := .demo/demo.log
CHAIN := $(CURDIR)/.demo/chain
PORT := 8080

# Airflow of this checkout only: its DAGs, its database, no examples, no usage figures sent away.
export AIRFLOW_HOME := $(CURDIR)/.airflow
export AIRFLOW__CORE__DAGS_FOLDER := $(CURDIR)/dags
export AIRFLOW__CORE__LOAD_EXAMPLES := False
export AIRFLOW__USAGE_DATA_COLLECTION__ENABLED := False
# Airflow's own logs are as private as what it runs: it would make them readable for everybody.
export AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS := 0o700
export AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS := 0o600
export AIRFLOW__DATABASE__SQL_ALCHEMY_CONN = sqlite:///$(AIRFLOW_HOME)/airflow.db
unexport AIRFLOW_CONFIG

demo .demo/airflow/.ready: export AIRFLOW_HOME := $(CURDIR)/.demo/airflow

# The demo's own addresses, whatever the caller's shell says; `make airflow` takes the caller's.
demo: export AUDITOR_SALES := $(CHAIN)/sales
demo: export AUDITOR_SNAPSHOTS := $(CHAIN)/snapshots
demo: export AUDITOR_POLICY := $(CHAIN)/policy.toml
demo: export AUDITOR_OUT := $(CURDIR)/.demo/out
demo: export AUDITOR_TIME_ZONE := Europe/London
airflow: export AUDITOR_SALES ?= $(CHAIN)/sales
airflow: export AUDITOR_SNAPSHOTS ?= $(CHAIN)/snapshots
airflow: export AUDITOR_POLICY ?= $(CHAIN)/policy.toml
airflow: export AUDITOR_OUT ?= $(CURDIR)/.demo/out
airflow: export AUDITOR_TIME_ZONE ?= Europe/London

.demo/.chain-written: $(INSTALLED) $(wildcard auditor/demo/*.py)
	@umask 077; mkdir -p .demo
	@echo "Writing a chain of demo shops to .demo/chain"
	@$(BIN)/auditor demo .demo/chain --past .demo/out >/dev/null
	@touch $@

%/.ready: $(INSTALLED)
	@echo "Preparing Airflow's database"
	@umask 077; mkdir -p $(@D)
	@umask 077; { $(BIN)/airflow db migrate && \
		$(BIN)/airflow pools set auditor_scoring 1 'Scoring batches at a time'; } \
		>$(@D)/prepare.log 2>&1 || { tail -n 40 $(@D)/prepare.log >&2; exit 1; }
	@umask 077; touch $@

# What a person reads of Airflow's log while it runs: tasks as they start, errors as they come.
PROGRESS := awk '/\[DAG TEST\] starting task_id=/ { \
	sub(/.*task_id=/, ""); split($$0, part, " "); sub(/map_index=/, "", part[2]); \
	print "  " part[1] (part[2] >= 0 ? " " part[2] + 1 : ""); fflush() } \
	/^[A-Za-z_.]+(Error|Exception): / && !/see the task in red/ { print "    " $$0; fflush() }'

demo: $(INSTALLED) .demo/.chain-written .demo/airflow/.ready ## audit a day of demo shops
	@echo "Auditing $(DEMO_DAY) with Airflow; its log is $(DEMO_LOG)"
	@set -o pipefail; umask 077; PYTHONUNBUFFERED=1 $(BIN)/airflow dags test nightly_audit \
		-c '{"business_date": "$(DEMO_DAY)"}' 2>&1 | tee $(DEMO_LOG) | $(PROGRESS) || { \
		echo "The audit failed; the whole log is $(DEMO_LOG)"; exit 1; } >&2
	@test -s .demo/out/reports/$(DEMO_DAY)/index.html
	@s=$$(($$(date +%s) - $(STARTED))); page=.demo/out/reports/$(DEMO_DAY)/index.html; echo; \
		echo "Done in $$((s / 60)) min $$((s % 60)) s. The report is $$page" \
		"($$($(BIN)/python -c 'import pathlib; print(pathlib.Path("'$$page'").resolve().as_uri())'))"

# The parts of `airflow standalone` that are needed, each on 127.0.0.1 or on no port at all:
# standalone's scheduler and triggerer serve their logs on every interface. A task that still runs ten
# seconds after Ctrl-C is killed; the scheduler runs it again when it is back.
airflow: $(INSTALLED) $(AIRFLOW_HOME)/.ready ## run Airflow with its scheduler and web page on 127.0.0.1
	@test "$$AUDITOR_SALES" != "$(CHAIN)/sales" || $(MAKE) -s .demo/.chain-written
	@umask 077; export AIRFLOW__CORE__PARALLELISM=2 AIRFLOW__API__HOST=127.0.0.1 AIRFLOW__API__PORT=$(PORT) \
		AIRFLOW__CORE__EXECUTION_API_SERVER_URL=http://127.0.0.1:$(PORT)/execution/; \
	set -m; stop() { trap - INT TERM; parts=$$(jobs -p); kill $$parts; \
		for s in 1 2 3 4 5 6 7 8 9 10; do [ -n "$$(jobs -rp)" ] || break; sleep 1; done; \
		for part in $$parts; do kill -KILL -- -$$part; done; exit $$1; } 2>/dev/null; \
	trap 'echo Stopping; stop 0' INT TERM; \
	for part in api-server dag-processor "scheduler --skip-serve-logs"; do \
		$(BIN)/airflow $$part >"$$AIRFLOW_HOME/$${part%% *}.log" 2>&1 & done; \
	echo "Airflow is starting on http://127.0.0.1:$(PORT); Ctrl-C stops it. Its logs are in $(AIRFLOW_HOME)."; \
	echo "User and password: $(AIRFLOW_HOME)/simple_auth_manager_passwords.json.generated"; \
	while [ $$(jobs -rp | wc -l) -eq 3 ]; do sleep 1; done; \
	echo "A part of Airflow has ended: see $(AIRFLOW_HOME)/*.log" >&2; stop 1

# ---- Checking ------------------------------------------------------------------------------------

# Three workers on two cores, for a test often waits: for a disk, for Airflow. A library that starts a
# thread for each core would only get in the way. A file's tests share what they set up, so they stay
# together; the longest files come first.
PYTEST := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 \
	$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

check: style types layers unit ## check style, types and layers, and run the unit tests: three minutes

style: $(VENV)/.installed-all
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.installed-all
	$(BIN)/mypy

layers: $(VENV)/.installed-all
	$(BIN)/lint-imports

unit: $(VENV)/.installed-all
	$(PYTEST) --hypothesis-profile quick tests/unit $(PYTEST_OPTIONS)

test: style types layers ## check, and run all tests: a quarter of an hour on two cores
	$(PYTEST) $(PYTEST_OPTIONS)

crash: $(VENV)/.installed-all ## cut a run off at every change of a file (kill, power, no room); some 20 minutes
	$(BIN)/pytest -m crash --log-cli-level=INFO tests/robustness/test_crash.py $(PYTEST_OPTIONS)

hostile: $(VENV)/.installed-all ## put all hostile inputs through the readers, some through whole days
	$(BIN)/python -m tests.robustness.hostile $(HOSTILE_OPTIONS)

fuzz: $(VENV)/.installed-all ## change hostile inputs as the readers' code leads; two minutes a reader
	$(BIN)/python -m tests.robustness.fuzz $(FUZZ_OPTIONS)

distributed: $(VENV)/.installed-all ## a night on PostgreSQL, Redis and two workers, one killed
	$(BIN)/pytest -m distributed -rs \
		tests/integration/test_make_airflow.py tests/services/test_distributed.py $(PYTEST_OPTIONS)

backfill: $(VENV)/.installed-all ## 30 days by airflow backfill create, tasks killed on the way
	$(BIN)/pytest -m backfill tests/integration/test_month.py $(PYTEST_OPTIONS)

# What checks deploy/ and the dependencies, in an environment of its own.
tools: .tools/.installed ## install what checks deploy/ and the dependencies; `make test` uses it
.tools/.installed: requirements/tools.lock $(VENV)/.installed-all
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .tools
	@VIRTUAL_ENV=.tools $(BIN)/uv pip sync --quiet --require-hashes $<
	@touch $@

# Most of its five gigabytes are for graphics cards, so the environment has it not. For `make test`, and
# to train: PYTHONPATH=.torch KERAS_BACKEND=torch .venv/bin/python -m models.training.train ...
torch: .torch/.installed ## install PyTorch to train with, in a folder beside; `make test` uses it
.torch/.installed: requirements/torch.lock $(VENV)/.installed-all
	@rm -rf .torch
	@$(BIN)/uv pip install --quiet --require-hashes --target .torch -r $<
	@touch $@

vulnerabilities: .tools/.installed ## look up known vulnerabilities of what deploy/ installs
	.tools/bin/pip-audit --requirement requirements/deploy.lock --require-hashes --disable-pip \
		--progress-spinner off --strict

sbom: .tools/.installed ## write the bill of materials of deploy/, CycloneDX, to dist/sbom.cdx.json
	@mkdir -p dist
	.tools/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
		--output-file dist/sbom.cdx.json requirements/deploy.lock
	@echo "dist/sbom.cdx.json"

.bench/.peer: requirements/peer.lock $(VENV)/.installed-all
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .bench/peer
	@VIRTUAL_ENV=.bench/peer $(BIN)/uv pip sync --quiet --require-hashes $<
	@touch $@

bench: $(VENV)/.installed-all .bench/.peer ## measure speed beside its peers; writes benchmarks/README.md, docs/capacity.md
	$(BIN)/python -m benchmarks --peer-python .bench/peer/bin/python $(BENCH_OPTIONS)
	$(BIN)/python -m benchmarks.capacity --write docs/capacity.md

clean: ## remove all that the above made, the environment included
	rm -rf .venv .venv-3.* .cache .demo .airflow .bench .tools .torch build dist tests/actual \
		.mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
