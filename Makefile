# Everything a newcomer needs: `make demo` and `make test`, each in a fresh virtual environment of its own.
PYTHON ?= python3
DEMO := .venv-demo
TEST := .venv-test
# Exact files by their hashes where there is a lock file for this platform and Python (`make lock` makes one).
PLACE := $(shell $(PYTHON) -c "import platform as p, sys; print(f'{sys.platform}-{p.machine().lower()}-py' + ''.join(p.python_version_tuple()[:2]))")
DEMO_LOCK := $(wildcard requirements/demo-$(PLACE).lock)
TEST_LOCK := $(wildcard requirements/test-$(PLACE).lock)
PINS = $(shell $(PYTHON) -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb')); print(*p['project']['dependencies'], *p['build-system']['requires'], 'editables==0.5')")
TEST_PINS = $(shell $(PYTHON) -c "import tomllib; extras = tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']; print(*(line for name in ('train', 'onnx', 'coreml', 'export', 'dev') for line in extras[name] if not line.startswith('monalive')))")
# A file or folder of advisories in the OSV format, for `make audit`.
ADVISORIES ?= advisories.zip

TFLITE := .venv-tflite-runtime

.PHONY: demo test test-tflite-runtime lint lock sbom audit clean

demo: $(DEMO)/.installed
	mkdir -p demo-output
	$(DEMO)/bin/monalive animate sdk/monalive/assets/sample_portrait.jpg --motion smile --consent artwork --badge -o demo-output/smile.mp4
	@echo "The animated portrait is in $(CURDIR)/demo-output/smile.mp4"

test: $(TEST)/.installed lint
	$(TEST)/bin/python -m pytest -q

# The runtimes' golden vectors on TensorFlow Lite's last own package, which needs an older numpy.
test-tflite-runtime: $(TFLITE)/.installed
	PYTHONPATH=sdk $(TFLITE)/bin/python -m pytest -q -p no:cacheprovider tests/sdk/test_runtimes.py

lint: $(TEST)/.installed
	$(TEST)/bin/ruff check .
	$(TEST)/bin/mypy

lock:
	$(PYTHON) requirements/make_lock.py demo $(PINS)
	$(PYTHON) requirements/make_lock.py test $(PINS) $(TEST_PINS)

audit: $(TEST)/.installed
	$(TEST)/bin/python requirements/audit.py --advisories $(ADVISORIES) requirements/*.lock

sbom:
	$(PYTHON) -m pip wheel --quiet --no-deps -w dist .
	$(PYTHON) requirements/make_sbom.py dist/monalive-*.whl -o dist/sbom.json $(if $(DEMO_LOCK),--lock $(DEMO_LOCK))

clean:
	rm -rf $(DEMO) $(TEST) $(TFLITE) demo-output

$(DEMO)/.installed: pyproject.toml $(DEMO_LOCK)
	$(PYTHON) -m venv --clear $(DEMO)
ifneq ($(DEMO_LOCK),)
	$(DEMO)/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(DEMO_LOCK)
	$(DEMO)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
else
	$(DEMO)/bin/pip install --quiet --disable-pip-version-check -e .
endif
	touch $@

$(TEST)/.installed: pyproject.toml $(TEST_LOCK)
	$(PYTHON) -m venv --clear $(TEST)
ifneq ($(TEST_LOCK),)
	$(TEST)/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(TEST_LOCK)
# What is not in the lock file yet comes by its pinned version; PyTorch for CUDA adds its own libraries here.
	$(TEST)/bin/pip install --quiet --disable-pip-version-check --no-build-isolation -e '.[export,dev]'
else
	$(TEST)/bin/pip install --quiet --disable-pip-version-check -e '.[export,dev]'
endif
	touch $@

$(TFLITE)/.installed: tests/environments/tflite-runtime.txt
	$(PYTHON) -m venv --clear $(TFLITE)
	$(TFLITE)/bin/pip install --quiet --disable-pip-version-check -r tests/environments/tflite-runtime.txt
	touch $@
