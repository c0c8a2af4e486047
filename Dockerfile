# A container with the locked environment and this checkout, like envs/medattn.def: `docker build --tag medattn .` in the
# root of the checkout, then `docker run --gpus all --volume "$PWD:/work" medattn demo` in a folder that its user may write to.
# PyTorch brings CUDA along.
FROM python:3.11-slim-bookworm

# Versions of Debian's packages are not pinned: its mirrors keep only the newest one.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 medattn \
    && mkdir /work \
    && chown 1000 /work

# The environment is a layer of its own, which changes of the code do not build again.
COPY envs/requirements.txt /opt/medattn/envs/requirements.txt
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes -r /opt/medattn/envs/requirements.txt
ENV PATH=/opt/venv/bin:$PATH

# With .git, from which records take the commit.
COPY . /opt/medattn
RUN git config --system --add safe.directory /opt/medattn \
    && pip install --no-cache-dir --no-deps --no-build-isolation --editable /opt/medattn

USER 1000
WORKDIR /work
ENTRYPOINT ["medattn"]
CMD ["--help"]
