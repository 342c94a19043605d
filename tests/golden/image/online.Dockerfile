# Written by aimlock image; edit aimlock.toml instead of this file.
# Target gpu: 11 packages in 6 layers, fetched while building.
ARG BASE=nvidia/cuda:12.2.2-base-ubuntu22.04@sha256:cae662172fd450bb0cd710a769079c05bfc5d8e35efa6576edc7d0377afdd4a2

FROM ${BASE} AS ground
RUN apt-get update && \
    apt-get install -y --no-install-recommends tini=0.19.0-1 && \
    rm -rf /var/lib/apt/lists/*
RUN known=; while IFS=: read -r _ _ id _; do if [ "$id" = 1000 ]; then known=yes; fi; done < /etc/passwd; \
    if [ -z "$known" ]; then echo 'aimlock:x:1000:1000::/home/aimlock:/bin/sh' >> /etc/passwd; fi && \
    mkdir -p /home/aimlock /workspace && chown 1000:1000 /home/aimlock /workspace

FROM ${BASE} AS interpreter
RUN --mount=type=bind,source=.aimlock/bin/aimlock,target=/usr/local/bin/aimlock \
    --mount=type=bind,source=aimlock.lock.d/interpreter.lock,target=/run/aimlock.lock \
    --mount=type=bind,source=.aimlock/byte_code.py,target=/run/byte_code.py \
    --mount=type=cache,id=aimlock,target=/var/cache/aimlock \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=secret,id=netrc,target=/run/secrets/netrc \
    test "$(sha256sum < /usr/local/bin/aimlock)" = "36b88446586b04e3c86320db363516229ae74a07ec30928b800aee7d751374da  -" && \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi && \
    NETRC=/run/secrets/netrc AIMLOCK_CACHE_DIR=/var/cache/aimlock aimlock install --lock /run/aimlock.lock --target gpu --frozen --prefix /opt/env --root /out && \
    PYTHONHASHSEED=0 /out/opt/env/bin/python -B -s -S /run/byte_code.py /out /opt/env/lib/python3.12

FROM ${BASE} AS conda-libcublas
RUN --mount=type=bind,source=.aimlock/bin/aimlock,target=/usr/local/bin/aimlock \
    --mount=type=bind,source=aimlock.lock.d/conda-libcublas.lock,target=/run/aimlock.lock \
    --mount=type=cache,id=aimlock,target=/var/cache/aimlock \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=secret,id=netrc,target=/run/secrets/netrc \
    test "$(sha256sum < /usr/local/bin/aimlock)" = "36b88446586b04e3c86320db363516229ae74a07ec30928b800aee7d751374da  -" && \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi && \
    NETRC=/run/secrets/netrc AIMLOCK_CACHE_DIR=/var/cache/aimlock aimlock install --lock /run/aimlock.lock --target gpu --frozen --prefix /opt/env --root /out

FROM ${BASE} AS conda-numpy
RUN --mount=type=bind,source=.aimlock/bin/aimlock,target=/usr/local/bin/aimlock \
    --mount=type=bind,source=aimlock.lock.d/conda-numpy.lock,target=/run/aimlock.lock \
    --mount=type=cache,id=aimlock,target=/var/cache/aimlock \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=secret,id=netrc,target=/run/secrets/netrc \
    test "$(sha256sum < /usr/local/bin/aimlock)" = "36b88446586b04e3c86320db363516229ae74a07ec30928b800aee7d751374da  -" && \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi && \
    NETRC=/run/secrets/netrc AIMLOCK_CACHE_DIR=/var/cache/aimlock aimlock install --lock /run/aimlock.lock --target gpu --frozen --prefix /opt/env --root /out

FROM ${BASE} AS large-1
RUN --mount=type=bind,source=.aimlock/bin/aimlock,target=/usr/local/bin/aimlock \
    --mount=type=bind,source=aimlock.lock.d/large-1.lock,target=/run/aimlock.lock \
    --mount=type=bind,source=.aimlock/byte_code.py,target=/run/byte_code.py \
    --mount=type=bind,from=interpreter,source=/out/opt/env,target=/opt/env \
    --mount=type=cache,id=aimlock,target=/var/cache/aimlock \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=secret,id=netrc,target=/run/secrets/netrc \
    test "$(sha256sum < /usr/local/bin/aimlock)" = "36b88446586b04e3c86320db363516229ae74a07ec30928b800aee7d751374da  -" && \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi && \
    NETRC=/run/secrets/netrc AIMLOCK_CACHE_DIR=/var/cache/aimlock aimlock install --lock /run/aimlock.lock --target gpu --frozen --prefix /opt/env --root /out && \
    PYTHONHASHSEED=0 /opt/env/bin/python -B -s -S /run/byte_code.py /out /opt/env/lib/python3.12

FROM ${BASE} AS medium-1
RUN --mount=type=bind,source=.aimlock/bin/aimlock,target=/usr/local/bin/aimlock \
    --mount=type=bind,source=aimlock.lock.d/medium-1.lock,target=/run/aimlock.lock \
    --mount=type=bind,source=.aimlock/byte_code.py,target=/run/byte_code.py \
    --mount=type=bind,from=interpreter,source=/out/opt/env,target=/opt/env \
    --mount=type=cache,id=aimlock,target=/var/cache/aimlock \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=secret,id=netrc,target=/run/secrets/netrc \
    test "$(sha256sum < /usr/local/bin/aimlock)" = "36b88446586b04e3c86320db363516229ae74a07ec30928b800aee7d751374da  -" && \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi && \
    NETRC=/run/secrets/netrc AIMLOCK_CACHE_DIR=/var/cache/aimlock aimlock install --lock /run/aimlock.lock --target gpu --frozen --prefix /opt/env --root /out && \
    PYTHONHASHSEED=0 /opt/env/bin/python -B -s -S /run/byte_code.py /out /opt/env/lib/python3.12

FROM ${BASE} AS small-1
RUN --mount=type=bind,source=.aimlock/bin/aimlock,target=/usr/local/bin/aimlock \
    --mount=type=bind,source=aimlock.lock.d/small-1.lock,target=/run/aimlock.lock \
    --mount=type=bind,source=.aimlock/byte_code.py,target=/run/byte_code.py \
    --mount=type=bind,from=interpreter,source=/out/opt/env,target=/opt/env \
    --mount=type=cache,id=aimlock,target=/var/cache/aimlock \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=secret,id=netrc,target=/run/secrets/netrc \
    test "$(sha256sum < /usr/local/bin/aimlock)" = "36b88446586b04e3c86320db363516229ae74a07ec30928b800aee7d751374da  -" && \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi && \
    NETRC=/run/secrets/netrc AIMLOCK_CACHE_DIR=/var/cache/aimlock aimlock install --lock /run/aimlock.lock --target gpu --frozen --prefix /opt/env --root /out && \
    PYTHONHASHSEED=0 /opt/env/bin/python -B -s -S /run/byte_code.py /out /opt/env/lib/python3.12

FROM ground
COPY --from=conda-libcublas /out/ /
COPY --from=conda-numpy /out/ /
COPY --from=interpreter /out/ /
COPY --from=large-1 /out/ /
COPY --from=medium-1 /out/ /
COPY --from=small-1 /out/ /
ENV PATH=/opt/env/bin:${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin} \
    CONDA_PREFIX="/opt/env" \
    HF_HOME="/workspace/.cache/\$USER \"x\"" \
    NVIDIA_DRIVER_CAPABILITIES="compute,utility" \
    NVIDIA_REQUIRE_CUDA="cuda>=12.2" \
    NVIDIA_VISIBLE_DEVICES="all" \
    PYTHONDONTWRITEBYTECODE="1" \
    SSL_CERT_FILE="/opt/env/ssl/cacert.pem"
RUN ["/opt/env/bin/python", "-c", "import glob, platform; assert platform.python_version() == '3.12.7', platform.python_version(); assert len(glob.glob('/opt/env/conda-meta/*.json')) >= 8, 'conda packages are missing'; assert len(glob.glob('/opt/env/lib/python3.12/site-packages/*.dist-info/RECORD')) >= 3, 'wheels are missing'"]
LABEL org.opencontainers.image.title="aiml-hybrid-gpu" \
    org.opencontainers.image.base.name="nvidia/cuda:12.2.2-base-ubuntu22.04@sha256:cae662172fd450bb0cd710a769079c05bfc5d8e35efa6576edc7d0377afdd4a2" \
    io.aimlock.target="gpu" \
    io.aimlock.lock.digest="sha256:3686944ad1075edb10f6ccb366bf0a88a3e7631a992d879b5e135f13a06daa34" \
    io.aimlock.plan.digest="sha256:0f67c848bf20f706d6415903a000b58394c7051ee7f7c3ace29a0e5a85643d29"
WORKDIR /workspace
EXPOSE 8888
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "-c", "import torch"]
USER 1000:1000
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser"]
