// SPDX-License-Identifier: Apache-2.0
// Why no binary was found at all.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { AddonPlaces } from './addon-places';
import type { LoadFailure } from './load-failure';

/** What the package brings. TensorRT and ONNX Runtime exist for more, but not for musl. */
const PREBUILT_PLATFORMS: readonly string[] = ['linux-x64', 'linux-arm64'];

/** Explains that nothing was found in `places`. */
export function explainNothingFound(places: AddonPlaces): LoadFailure {
  const { root, platform, arch, libc } = places;
  if (root === undefined) return explainBundled();
  if (libc === 'musl') return explainMusl(`${platform}-${arch}`);
  const available = listPrebuilds(root);
  const name = `${platform}-${arch}`;
  if (!PREBUILT_PLATFORMS.includes(name) || (available.length > 0 && !available.includes(name)))
    return explainPlatform(name, root, available);
  return explainMissing(name, root);
}

function explainBundled(): LoadFailure {
  return {
    cause: 'bundled',
    message:
      'A bundler moved tensorrt-node out of its package: neither its package.json nor prebuilds/ is there beside the code.',
    hint: "Keep the package out of the bundle and install it beside: esbuild `--external:tensorrt-node`, webpack `externals: { 'tensorrt-node': 'commonjs tensorrt-node' }`, Next.js `serverExternalPackages: ['tensorrt-node']`. Or name the binary in TENSORRT_NODE_ADDON.",
  };
}

/** Explains that the system's C library is musl. */
export function explainMusl(platform: string): LoadFailure {
  return {
    cause: 'musl',
    message: `There is no binary for ${platform} with musl, the C library of Alpine Linux: TensorRT and ONNX Runtime exist for glibc alone.`,
    hint: 'Use a system or an image with glibc, e.g. node:22-bookworm-slim in place of node:22-alpine.',
    facts: { platform, libc: 'musl' },
  };
}

function explainPlatform(name: string, root: string, available: readonly string[]): LoadFailure {
  const isSupported = PREBUILT_PLATFORMS.includes(name);
  const there = available.length > 0 ? available : PREBUILT_PLATFORMS;
  return {
    cause: 'platform',
    message: `There is no binary for ${name}${available.length > 0 ? ` in ${join(root, 'prebuilds')}` : ''}; there are: ${there.join(', ')}.`,
    hint: isSupported
      ? 'The package brings it; something removed it, such as a step that copies one platform. Install tensorrt-node again on this machine.'
      : 'Run it on Linux with x64 or arm64; on Windows in WSL 2, elsewhere in a Linux container.',
    facts: { platform: name, available: there },
  };
}

function explainMissing(name: string, root: string): LoadFailure {
  const folder = join(root, 'prebuilds', name);
  const facts = { platform: name, path: folder };
  if (existsSync(join(root, 'CMakeLists.txt'))) {
    return {
      cause: 'missing',
      message: `The addon is not built: ${root} is a checkout without a local build.`,
      hint: 'Run `npm run build`.',
      facts,
    };
  }
  return {
    cause: 'missing',
    message: existsSync(folder)
      ? `The package has lost its binary: ${folder} has none for this system.`
      : `The package has lost its binary: ${folder} is not there.`,
    hint: "It is part of the package, --ignore-scripts or not: install tensorrt-node again. Where a step copies node_modules (a Dockerfile, Next.js with output: 'standalone', a packer for functions), let it copy node_modules/tensorrt-node/prebuilds too.",
    facts,
  };
}

/** Platforms that have a folder in prebuilds/. */
function listPrebuilds(root: string): string[] {
  try {
    const entries = readdirSync(join(root, 'prebuilds'), { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}
