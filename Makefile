# `make help` lists the targets. Variables of `make reproduce` (all optional):
DATASET    ?= mini
DATA_ROOT  ?=
CATEGORIES ?=
PRESET     ?= quick
SEED       ?= 0
OVERRIDES  ?=
TENSORBOARD ?=
PYTHON     ?= python3

BIN   := .venv/bin
STAMP := .make
LIBRARY  := $(shell find prn_lib -name '*.py')
CHAPTERS := $(wildcard book/*.ipynb)
BOOK     := _config.yml _toc.yml $(shell find book -type f -not -path 'book/_build/*' -not -path 'book/pages/node_modules/*' -not -path '*/.ipynb_checkpoints/*')
TESTS    := $(shell find tests workflow .ci -type f -not -name '*.pyc')
RECORDS   = $(shell find runs -name result.json 2>/dev/null)
HTML     := book/_build/html/index.html

export PRN_PROGRESS ?= text
.DELETE_ON_ERROR:
.PHONY: help reproduce test book lab clean

help:
	@echo 'make reproduce   train and evaluate PRN on every category, write the table, build the book'
	@echo '                 DATASET=mini|mvtec|dagm|btad|ksdd2|magnetic_tile|folder'
	@echo '                 DATA_ROOT=<folder of the images; default data/<DATASET>> CATEGORIES=a,b'
	@echo '                 PRESET=paper|quick|smoke SEED=0 OVERRIDES=<JSON of options>'
	@echo '                 TENSORBOARD=<folder for the curves of every training>'
	@echo 'make test        style, unit tests, every chapter, the book with warnings as errors'
	@echo 'make book        build the book into book/_build/html'
	@echo 'make lab         open the chapters in JupyterLab'
	@echo 'make clean       remove the built book, generated and cached images; runs/ and .venv stay'

$(STAMP)/installed: requirements.txt pyproject.toml
	@echo '== installing into .venv (once)'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=<path>")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@mkdir -p $(STAMP) && touch $@

reproduce: $(STAMP)/installed $(STAMP)/scripts
	@echo '== one notebook for every category of $(DATASET), preset $(PRESET), seed $(SEED)'
	@status=0; \
	$(BIN)/python workflow/reproduce.py --dataset '$(DATASET)' --data-root '$(DATA_ROOT)' \
	    --categories '$(CATEGORIES)' --preset '$(PRESET)' --seed '$(SEED)' \
	    --overrides '$(OVERRIDES)' --tensorboard '$(TENSORBOARD)' || status=$$?; \
	test $$status -eq 2 || $(MAKE) --no-print-directory book || status=1; \
	exit $$status
	@echo '== executed notebooks: runs/$(DATASET)/<category>/<run>/reproduce.ipynb'

book: $(HTML)
	@echo '== the book: open $(HTML)'

$(STAMP)/scripts: $(STAMP)/installed book/pages/package-lock.json workflow/page_scripts.py
	@echo '== the scripts of the pages (once)'
	@$(BIN)/python workflow/page_scripts.py
	@touch $@

$(HTML): $(STAMP)/installed $(STAMP)/scripts $(BOOK) $(LIBRARY) $(RECORDS)
	@echo '== building the book (its chapters run; a finished run is not computed again)'
	@$(BIN)/jupyter-book build . --path-output book --warningiserror --nitpick --keep-going --quiet
	@touch $@

test: $(STAMP)/tested
	@echo '== all tests passed (nothing is run again until a file changes)'

$(STAMP)/tested: $(STAMP)/installed $(BOOK) $(LIBRARY) $(TESTS) README.md Makefile
	@echo '== style'
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo '== unit tests'
	@$(BIN)/python -m pytest tests --ignore=tests/pages
	@echo '== every chapter'
	@$(BIN)/python -m pytest --nbval-lax --nbval-cell-timeout=1800 -p no:cacheprovider $(CHAPTERS)
	@$(MAKE) --no-print-directory book
	@echo '== the built pages'
	@$(BIN)/python -m pytest tests/pages
	@touch $@

lab: $(STAMP)/installed
	@echo '== JupyterLab on the chapters; stop it with Ctrl-C'
	@PRN_PROGRESS= $(BIN)/jupyter lab book

clean:
	@echo '== removing the built book, the generated and the cached images, and the stamps'
	@echo '   (runs/ and .venv stay; remove them by hand to compute or install again)'
	@rm -rf book/_build data/mini data/example data/cache $(STAMP)/tested
