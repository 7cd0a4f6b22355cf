# Everything a newcomer needs: `make demo` and `make test`, each in a fresh virtual environment of its own.
PYTHON ?= python3
DEMO := .venv-demo
TEST := .venv-test

.PHONY: demo test lint clean

demo: $(DEMO)/.installed
	mkdir -p demo-output
	$(DEMO)/bin/monalive animate sdk/monalive/assets/sample_portrait.jpg --motion smile -o demo-output/smile.mp4
	@echo "The animated portrait is in $(CURDIR)/demo-output/smile.mp4"

test: $(TEST)/.installed lint
	$(TEST)/bin/python -m pytest -q

lint: $(TEST)/.installed
	$(TEST)/bin/ruff check .
	$(TEST)/bin/mypy

clean:
	rm -rf $(DEMO) $(TEST) demo-output

$(DEMO)/.installed: pyproject.toml
	$(PYTHON) -m venv --clear $(DEMO)
	$(DEMO)/bin/pip install --quiet --disable-pip-version-check -e .
	touch $@

$(TEST)/.installed: pyproject.toml
	$(PYTHON) -m venv --clear $(TEST)
	$(TEST)/bin/pip install --quiet --disable-pip-version-check -e '.[export,dev]'
	touch $@
