# Each target builds .venv by itself the first time, and again when the requirements change.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo gradio site spaces test lint bench clean

demo: .venv/app
	$(BIN)/streamlit run demo/app.py

gradio: .venv/gradio
	$(BIN)/python demo/gradio_app.py

site: .venv/dev
	$(BIN)/python -m demo.static

spaces: .venv/app
	$(BIN)/python -m demo.spaces

test: .venv/dev
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy unit_core demo train.py

bench: site
	for name in translation bulk training drawing pages slider map static load; do \
		$(BIN)/python benchmarks/$$name.py --json benchmarks/results/$$name.json || exit 1; done

clean:
	rm -rf .venv

.venv/app: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check -q -r requirements.txt
	touch $@

.venv/gradio: requirements-gradio.txt .venv/app
	$(BIN)/pip install --disable-pip-version-check -q -r requirements-gradio.txt
	touch $@

.venv/dev: requirements-dev.txt requirements-gradio.txt .venv/app
	$(BIN)/pip install --disable-pip-version-check -q -r requirements-dev.txt
	touch $@
