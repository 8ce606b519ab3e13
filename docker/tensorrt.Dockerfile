# SPDX-License-Identifier: Apache-2.0
# A service on NVIDIA GPUs: NVIDIA's TensorRT image and Node. Build it in the folder of the service:
#   docker build -f tensorrt.Dockerfile -t service:gpu .
# The tag decides TensorRT's version and the driver that it needs; the image is several gigabytes.
ARG TENSORRT_TAG=25.10-py3
ARG NODE_IMAGE=node:22-bookworm-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
# The third is there while the package comes from a tarball, not from a registry.
COPY package.json package-lock.json tensorrt-node*.tgz ./
# No install script is needed: binaries come prebuilt, and onnxruntime-node's script would download GPU libraries.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf node_modules/onnxruntime-node/bin/napi-v*/darwin node_modules/onnxruntime-node/bin/napi-v*/win32 \
 && mkdir /engines

FROM nvcr.io/nvidia/tensorrt:${TENSORRT_TAG}
# "compute" is CUDA's driver, "utility" its sensors (libnvidia-ml), which `bench` and monitorGpu() read.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DEVICE=cuda:0 MODEL=/app/model.onnx ENGINE_CACHE=/engines
WORKDIR /app
# One file that needs glibc 2.28 and libstdc++, which the image has: no package manager, no second system.
COPY --from=dependencies /usr/local/bin/node /usr/local/bin/node
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=dependencies --chown=10001:10001 /engines /engines
COPY package.json model.onnx *.mjs ./
USER 10001:10001
# Engines are built at the first start for the GPU that is there, and kept: mount a volume.
VOLUME /engines
EXPOSE 3000
# The first start builds an engine, which takes minutes for a large model.
HEALTHCHECK --interval=10s --timeout=3s --start-period=600s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The image's own entry point prints a banner.
ENTRYPOINT []
CMD ["node", "server.mjs"]
