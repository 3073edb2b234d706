# One image for both processes: `python -m matcher` and `python -m gateway`.
ARG PYTHON_IMAGE=python:3.13-slim

# The dependencies have a layer of their own, made again only when their versions change. All of them come as wheels: no compiler is needed.
FROM ${PYTHON_IMAGE} AS dependencies
COPY requirements/run.txt /requirements.txt
RUN python -m venv --without-pip /exchange/python \
 && python -m pip --python /exchange/python/bin/python install --no-cache-dir --disable-pip-version-check --only-binary :all: \
    --require-hashes --requirement /requirements.txt

# Compiled and made readable here, since the processes may not change their own code.
FROM ${PYTHON_IMAGE} AS sources
COPY . /exchange/sources
RUN python -m compileall -q --invalidation-mode unchecked-hash /exchange/sources \
 && chmod --recursive go=rX /exchange/sources

FROM ${PYTHON_IMAGE}
# A named volume that is mounted on /data takes over its owner.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin exchange \
 && install --directory --owner exchange --group exchange --mode 0700 /data
COPY --from=dependencies /exchange/python /exchange/python
COPY --from=sources /exchange/sources /exchange/sources
ENV PATH=/exchange/python/bin:$PATH PYTHONUNBUFFERED=1 MATCHER_DATA_DIR=/data
WORKDIR /exchange/sources
USER exchange
CMD ["python", "-m", "matcher"]
