.PHONY: setup run dev test lint bench screenshots lock

setup:  # the virtual environment .venv, and nothing else; does nothing while it is up to date
	@scripts/setup requirements.lock

run: setup  # the whole system with simulated workers; more options: make run ARGS='--port 8081 --data var2'
	@.venv/bin/worker-voice serve --sandbox $(ARGS)

dev:  # setup, and what tests and checks need
	@scripts/setup requirements-dev.lock

test: dev  # every test; fewer: make test ARGS=tests/unit
	@.venv/bin/python -m pytest -n 3 --dist worksteal $(ARGS)

lint: dev  # layout, mistakes, types, floors
	@.venv/bin/ruff format --check . && .venv/bin/ruff check . && .venv/bin/mypy --strict && .venv/bin/lint-imports

bench: dev  # how fast, as ratios to a floor measured in the same run
	@.venv/bin/python -m bench $(ARGS)

screenshots: dev  # docs/screens/*.png, made anew from the demo; needs Chromium
	@.venv/bin/python -m tests.browser.screenshots $(ARGS)

LOCK = .venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate
lock: dev  # pin the newest versions that pyproject.toml allows
	@$(LOCK) --upgrade --quiet -o requirements.lock && $(LOCK) --quiet --extra dev -c requirements.lock -o requirements-dev.lock
