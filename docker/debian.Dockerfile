# SPDX-License-Identifier: Apache-2.0
# A service on the CPU: Debian, Node and ONNX Runtime, nothing of NVIDIA. Build it in the folder of the service:
#   docker build -f debian.Dockerfile -t service:cpu .
ARG NODE_IMAGE=node:22-bookworm-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
# The third is there while the package comes from a tarball, not from a registry.
COPY package.json package-lock.json tensorrt-node*.tgz ./
# No install script is needed: binaries come prebuilt, and onnxruntime-node's script would download GPU libraries.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf node_modules/onnxruntime-node/bin/napi-v*/darwin node_modules/onnxruntime-node/bin/napi-v*/win32

FROM ${NODE_IMAGE}
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DEVICE=cpu MODEL=/app/model.onnx
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json model.onnx *.mjs ./
# The image's own user "node".
USER 1000:1000
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "server.mjs"]
