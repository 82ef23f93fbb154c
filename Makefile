# `make help` lists the targets. Variables of the batch (all optional):
DATASET     ?=
DATA_ROOT   ?=
CATEGORIES  ?=
PRESET      ?=
SEED        ?= 0
SEEDS       ?=
OVERRIDES   ?=
TENSORBOARD ?=
TEXTURES    ?=
WEIGHTS     ?=
MINUTES     ?= 9
JOBS        ?= 0
PROFILE     ?=
DRY_RUN     ?=
PYTHON      ?= python3

BIN   := .venv/bin
STAMP := .make
LIBRARY  := $(shell find prn_lib -name '*.py' -o -name '*.json' -o -path '*/web/page/*')
CHAPTERS := $(wildcard book/*.ipynb)
BOOK     := _config.yml _toc.yml $(shell find book -type f -not -path 'book/_build/*' -not -path 'book/pages/node_modules/*' -not -path 'book/pages/alive/*' -not -path '*/.ipynb_checkpoints/*' -not -name '*.mo')
TESTS    := .pre-commit-config.yaml $(shell find tests workflow benchmarks data/paper results .ci .github binder -type f -not -name '*.pyc')
RECORDS   = $(shell find runs results data/paper -name result.json -o -path 'results/*.json' -o -name '*.csv' -o -path '*/figures/*.png' 2>/dev/null | sed 's/ /\\ /g')
HTML     := book/_build/html/index.html
SHOWN    := runs/mini/button/quick-seed0/result.json
SHOW     := $(BIN)/prn run --category button
PAINTED   = $(wildcard runs/mini/*/quick-seed0/result.json)

export PRN_PROGRESS ?= text
.DELETE_ON_ERROR:
TABLES := $(addprefix table,1 2 3 4 5 6 7 8 9 10) readings figure6 figure8 all-tables
.PHONY: help setup reproduce $(TABLES) status gpu test book paint pdf lab clean

help:
	@echo 'make setup       install into .venv, nothing else'
	@echo 'make reproduce   train and evaluate PRN on every category, write the table, build the book'
	@echo '                 DATASET=mini|mvtec|dagm|btad|ksdd2|magnetic_tile|elpv|folder'
	@echo '                 DATA_ROOT=<folder of the images; default data/<DATASET>> CATEGORIES=a,b'
	@echo '                 PRESET=paper|narrow|quick|smoke SEED=0 OVERRIDES=<JSON of options>'
	@echo '                 TENSORBOARD=<folder for the curves of every training>'
	@echo 'make table1      every run that a table of the paper needs (table1 to table10), readings,'
	@echo '                 figure6, figure8 or all-tables, on the datasets of the paper or DATASET=;'
	@echo '                 DATA_ROOT=<folder that holds mvtec, dagm, btad, ksdd2> SEEDS=0,1,2'
	@echo '                 PRESET=paper (mini: quick) JOBS=<runs at once; default one a GPU, or 1>'
	@echo '                 DRY_RUN=1: only say what would run, and how long it should take'
	@echo '                 PROFILE=workflow/profiles/slurm: on a cluster'
	@echo 'make status      how the last batch stands: done, running, failed, time left'
	@echo 'make gpu         every figure of speed on this GPU, and the paper'"'"'s preset on bottle, in MINUTES=9;'
	@echo '                 DATA_ROOT=<folder of MVTec AD> TEXTURES=<of DTD> WEIGHTS=<imagenet or a file>'
	@echo '                 DRY_RUN=1: all parts with tiny sizes, on any machine'
	@echo 'make test        style, types, unit tests, every chapter, the book with warnings as errors'
	@echo 'make book        build the book into book/_build/html, the Chinese edition into zh/ there'
	@echo 'make paint       the book, with all three products on its page "Paint a defect"; six trainings'
	@echo 'make pdf         print the built book into book/_build/prn-book.pdf; needs Chromium'
	@echo 'make lab         open the chapters in JupyterLab'
	@echo 'make clean       remove the built book, generated and cached images; runs/ and .venv stay'

$(STAMP)/installed: requirements.txt pyproject.toml
	@echo '== installing into .venv (once; about a minute and a half)'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=<path>")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@# Kernels of this environment warn at every start that they listen on this machine's ports.
	@mkdir -p .venv/etc/ipython $(STAMP)
	@echo 'c.IPKernelApp.log_level = "ERROR"' > .venv/etc/ipython/ipython_kernel_config.py
	@touch $@

setup: $(STAMP)/installed
	@echo '== installed; next: $(BIN)/prn --help, or $(BIN)/prn data check --dataset folder --root <your folder>'

# A value as one word of the shell, also with apostrophes in it.
quoted = '$(subst ','\'',$(1))'
# One call of the batch: $(1) its target, $(2) dataset, $(3) preset, $(4) seeds.
batch = $(BIN)/prn tables $(if $(DRY_RUN),plan,run) $(1) --dataset $(call quoted,$(2)) \
    --preset $(call quoted,$(3)) --seeds $(call quoted,$(4)) --data-root $(call quoted,$(DATA_ROOT)) \
    --categories $(call quoted,$(CATEGORIES)) --overrides $(call quoted,$(OVERRIDES)) \
    --tensorboard $(call quoted,$(TENSORBOARD)) --jobs $(call quoted,$(JOBS)) \
    $(if $(DRY_RUN),,--profile $(call quoted,$(PROFILE)))
# The book shows what was run, also if something failed; not after a wrong request or a dry run.
define batch_and_book
	@status=0; $(call batch,$(1),$(2),$(3),$(4)) || status=$$?; \
	test $$status -eq 2 -o -n '$(DRY_RUN)' || $(MAKE) --no-print-directory book || status=1; \
	exit $$status
endef

reproduce: $(STAMP)/installed $(STAMP)/scripts
	@echo '== one notebook for every category of $(or $(DATASET),mini)'
	$(call batch_and_book,reproduce,$(or $(DATASET),mini),$(or $(PRESET),quick),$(or $(SEEDS),$(SEED)))
	@echo '== executed notebooks: runs/$(or $(DATASET),mini)/<category>/<run>/reproduce.ipynb'

$(TABLES): $(STAMP)/installed $(STAMP)/scripts
	@echo '== every run that $@ needs; finished runs are kept'
	$(call batch_and_book,$(patsubst all-tables,all,$@),$(DATASET),$(PRESET),$(SEEDS))

status: $(STAMP)/installed
	@$(BIN)/prn tables status --jobs $(call quoted,$(JOBS))

gpu: $(STAMP)/installed
	@$(BIN)/python benchmarks/on_gpu.py --minutes $(MINUTES) $(if $(DRY_RUN),--dry-run) \
	    --mvtec $(call quoted,$(or $(DATA_ROOT),data/mvtec)) \
	    $(if $(TEXTURES),--textures $(call quoted,$(TEXTURES))) \
	    $(if $(WEIGHTS),--weights $(call quoted,$(WEIGHTS)))

book: $(HTML)
	@echo '== the book: open $(HTML)'

$(STAMP)/scripts: $(STAMP)/installed book/pages/package-lock.json workflow/page_scripts.py
	@echo '== the scripts of the pages (once)'
	@$(BIN)/python workflow/page_scripts.py
	@touch $@

# Several chapters show this run; made first, so that its bar is seen and none of them waits.
$(SHOWN): $(STAMP)/installed
	@test -f $@ || { echo '== one training, which several chapters show'; $(SHOW); }
	@touch $@

$(STAMP)/painted: $(STAMP)/installed $(SHOWN) $(PAINTED) workflow/paint_page.py $(wildcard prn_lib/web/*.py prn_lib/web/page/*)
	@echo '== the page on which defects are painted'
	@$(BIN)/python workflow/paint_page.py
	@touch $@

$(HTML): $(STAMP)/installed $(STAMP)/scripts $(STAMP)/painted $(SHOWN) $(BOOK) $(LIBRARY) $(RECORDS)
	@echo '== building the book (its chapters run; a finished run is not computed again)'
	@$(BIN)/jupyter-book build . --path-output book --warningiserror --nitpick --keep-going --quiet
	@echo '== the Chinese edition (with the same outputs)'
	@$(BIN)/python workflow/chinese_edition.py build
	@touch $@

paint: $(STAMP)/installed
	@for category in button grain weave; do \
	    $(BIN)/prn run --category $$category && \
	    $(BIN)/prn run --category $$category --set use_prototypes=false || exit 1; \
	done
	@rm -f $(STAMP)/painted
	@$(MAKE) --no-print-directory book

pdf: $(HTML)
	@$(BIN)/python workflow/book_pdf.py

# Three processes with a thread each, on two cores: a third of the time one of them only waits.
KEPT := $(STAMP)/chapters
AT_ONCE := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 3 --durations=25

test: $(STAMP)/tested
	@echo '== all tests passed (nothing is run again until a file changes)'

$(STAMP)/tested: $(STAMP)/installed $(BOOK) $(LIBRARY) $(TESTS) README.md Makefile
	@echo '== style, types and unit tests; beside them one training, which several chapters show'
	@OMP_NUM_THREADS=1 $(MAKE) --no-print-directory $(STAMP)/painted > $(STAMP)/shown.log 2>&1 & shown=$$!; \
	$(BIN)/pre-commit run --all-files && $(BIN)/mypy \
	    && echo '== unit tests, three at once' \
	    && $(AT_ONCE) --dist worksteal tests --ignore=tests/pages; status=$$?; \
	wait $$shown || { cat $(STAMP)/shown.log; exit 1; }; exit $$status
	@echo '== every chapter, three at once; the book takes over what most of them show'
	@rm -rf $(KEPT)
	@PRN_CHAPTERS=$(KEPT) $(AT_ONCE) --dist loadfile --nbval-lax --nbval-cell-timeout=1800 \
	    -p no:cacheprovider -p tests.kept_chapters $(CHAPTERS)
	@PRN_CHAPTERS=$(KEPT) $(MAKE) --no-print-directory book
	@echo '== the built pages'
	@$(AT_ONCE) --dist worksteal tests/pages
	@touch $@

lab: $(STAMP)/installed
	@echo '== JupyterLab on the chapters; stop it with Ctrl-C'
	@PRN_PROGRESS= $(BIN)/jupyter lab book

clean:
	@echo '== removing the built book, the generated and the cached images, and the stamps'
	@echo '   (runs/ and .venv stay; remove them by hand to compute or install again)'
	@rm -rf book/_build book/pages/alive data/mini data/example data/cache $(STAMP)/tested $(STAMP)/painted
