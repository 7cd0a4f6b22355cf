# Everything a newcomer needs: `make demo` and `make test`, each in a fresh virtual environment of its own.
PYTHON ?= python3
DEMO := .venv-demo
TEST := .venv-test

TFLITE := .venv-tflite-runtime

.PHONY: demo test test-tflite-runtime lint clean

demo: $(DEMO)/.installed
	mkdir -p demo-output
	$(DEMO)/bin/monalive animate sdk/monalive/assets/sample_portrait.jpg --motion smile -o demo-output/smile.mp4
	@echo "The animated portrait is in $(CURDIR)/demo-output/smile.mp4"

test: $(TEST)/.installed lint
	$(TEST)/bin/python -m pytest -q

# The runtimes' golden vectors on TensorFlow Lite's last own package, which needs an older numpy.
test-tflite-runtime: $(TFLITE)/.installed
	PYTHONPATH=sdk $(TFLITE)/bin/python -m pytest -q -p no:cacheprovider tests/sdk/test_runtimes.py

lint: $(TEST)/.installed
	$(TEST)/bin/ruff check .
	$(TEST)/bin/mypy

clean:
	rm -rf $(DEMO) $(TEST) $(TFLITE) demo-output

$(DEMO)/.installed: pyproject.toml
	$(PYTHON) -m venv --clear $(DEMO)
	$(DEMO)/bin/pip install --quiet --disable-pip-version-check -e .
	touch $@

$(TEST)/.installed: pyproject.toml
	$(PYTHON) -m venv --clear $(TEST)
	$(TEST)/bin/pip install --quiet --disable-pip-version-check -e '.[export,dev]'
	touch $@

$(TFLITE)/.installed: tests/environments/tflite-runtime.txt
	$(PYTHON) -m venv --clear $(TFLITE)
	$(TFLITE)/bin/pip install --quiet --disable-pip-version-check -r tests/environments/tflite-runtime.txt
	touch $@
