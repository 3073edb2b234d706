# One image for both processes: `python -m matcher` and `python -m gateway`.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
COPY pyproject.toml README.md LICENSE /source/
COPY protocol /source/protocol
COPY process /source/process
COPY matcher /source/matcher
COPY gateway /source/gateway
COPY tools /source/tools
# All dependencies come as wheels: no compiler is in the image.
RUN python -m venv /exchange && /exchange/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: --no-binary matching-exchange /source

FROM ${PYTHON_IMAGE}
RUN useradd --system --uid 10001 --user-group --no-create-home exchange && install -d -o exchange -g exchange /data
COPY --from=build /exchange /exchange
ENV PATH=/exchange/bin:$PATH PYTHONUNBUFFERED=1 MATCHER_DATA_DIR=/data
USER exchange
VOLUME /data
CMD ["python", "-m", "matcher"]
