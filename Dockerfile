# One image for all processes: `python -m matcher`, `python -m gateway` and `python -m history`.
ARG PYTHON_IMAGE=python:3.13-slim

# The dependencies have a layer of their own, made again only when their versions change. All of them come as wheels.
FROM ${PYTHON_IMAGE} AS dependencies
COPY requirements/run.txt /requirements.txt
RUN python -m venv --without-pip /exchange/python \
 && python -m pip --python /exchange/python/bin/python install --no-cache-dir --disable-pip-version-check --only-binary :all: \
    --require-hashes --requirement /requirements.txt

# What compiles the core: `auto` does without where no compiler can be had, `always` fails there, `never` compiles nothing.
FROM dependencies AS compiler
ARG EXCHANGE_COMPILE=auto
COPY requirements/compile.txt /requirements.txt
RUN if [ "$EXCHANGE_COMPILE" = never ]; then exit; fi; \
    missing=$(command -v cc >/dev/null || echo gcc libc6-dev) \
 && headers=$(python -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h \
 && missing="$missing $(test -e "$headers" || echo python3-dev)" \
 && if [ "$missing" != " " ]; then \
      { apt-get update && apt-get install --yes --no-install-recommends $missing; } || echo "not installed: $missing" >&2; \
    fi \
 && python -m pip --python /exchange/python/bin/python install --no-cache-dir --disable-pip-version-check --only-binary :all: \
    --require-hashes --requirement /requirements.txt

# Compiled and made readable here, since the processes may not change their own code.
FROM compiler AS sources
ARG EXCHANGE_COMPILE=auto
# How much the C compiler optimizes: less is built sooner.
ARG MYPYC_OPT_LEVEL=3
COPY . /exchange/sources
WORKDIR /exchange/sources
RUN EXCHANGE_COMPILE=$EXCHANGE_COMPILE MYPYC_OPT_LEVEL=$MYPYC_OPT_LEVEL /exchange/python/bin/python -m matching_exchange.tools.build --where-possible \
 && rm --recursive --force build setup.py README.md requirements/compile.txt \
 && python -m compileall -q --invalidation-mode unchecked-hash /exchange/sources \
 && chmod --recursive go=rX /exchange/sources

FROM ${PYTHON_IMAGE}
# Named volumes that are mounted on these directories take over their owner.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin exchange \
 && install --directory --owner exchange --group exchange --mode 0700 /data /keys /keys/matcher /keys/gateway /keys/server
COPY --from=dependencies /exchange/python /exchange/python
COPY --from=sources /exchange/sources /exchange/sources
ENV PATH=/exchange/python/bin:$PATH PYTHONUNBUFFERED=1 MATCHER_DATA_DIR=/data
WORKDIR /exchange/sources
USER exchange
CMD ["python", "-m", "matcher"]
