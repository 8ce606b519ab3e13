// SPDX-License-Identifier: Apache-2.0
// Which folder of native/ may include which, and who may include whose headers (ARCHITECTURE.md has the picture).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './sdk/steps.mjs';
import { sourceFiles } from './source-files.mjs';

/**
 * Folder of native/ -> the folders that it may include besides itself. `core` states the interfaces and knows no
 * implementation; `addon` alone puts implementations together; a folder that is not here may include nothing.
 */
const MAY_INCLUDE = {
  core: [],
  dl: ['core'],
  cuda: ['core', 'dl'],
  // TensorRT may abort without a driver: its side asks the driver probe before it opens a library.
  trt: ['core', 'dl', 'cuda'],
  ort: ['core', 'dl'],
  // Puts a plan and the driver together, without a type of TensorRT.
  gpu: ['core', 'dl', 'cuda', 'trt'],
  // Operators around the model: kernels and their CPU twins, without a call of the driver.
  ops: ['core'],
  // Linear algebra and clustering, on the threads of operators.
  numerics: ['core', 'ops'],
  // Runs operators in a row, on the CPU or on a device.
  chain: ['core', 'dl', 'cuda', 'ops'],
  // The GPU's sensors, of a library of their own: works without CUDA.
  nvml: ['core', 'dl'],
  // Decodes JPEG files on the device, by a library that is opened where it is installed.
  nvjpeg: ['core', 'dl', 'cuda'],
  addon: ['core', 'dl', 'cuda', 'trt', 'ort', 'gpu', 'nvml', 'nvjpeg', 'ops', 'numerics', 'chain'],
  test: ['core', 'dl', 'cuda', 'trt', 'ort', 'gpu', 'nvml', 'nvjpeg', 'ops', 'numerics', 'chain'],
};

/** Headers of others -> the only folder (below native/) whose files may include them. */
const FOREIGN = [
  {
    header: /^(napi|napi-inl|node_api|js_native_api|node|v8|uv)\.h$/,
    folder: 'addon/',
    name: "Node's headers",
  },
  { header: /^Nv\w+\.h$/, folder: 'trt/', name: "TensorRT's headers" },
  { header: /^cuda\w*\.h$/, folder: 'trt/cuda_stub/', name: "CUDA's headers" },
  { header: /^onnxruntime\w*\.h$/, folder: 'ort/', name: "ONNX Runtime's headers" },
];

/**
 * What is wrong with the #include lines of native code.
 * @param {Iterable<[string, string]>} files path from the root and text
 * @returns {string[]} one line per violation
 */
export function findViolations(files) {
  return [...files].flatMap(([path, text]) => {
    const lines = text.split('\n');
    return lines.flatMap((line, index) => {
      const included = /^\s*#\s*include\s*([<"])([^>"]+)[>"]/.exec(line);
      const reason = included && violationOf(path.replace(/^native\//, ''), included[1] === '"', included[2]);
      return reason ? [`${path}:${index + 1}: ${reason}`] : [];
    });
  });
}

function violationOf(path, isQuoted, header) {
  const folder = path.split('/')[0];
  const target = header.split('/')[0];
  const foreign = FOREIGN.find((entry) => entry.header.test(header));
  if (foreign !== undefined) {
    return path.startsWith(foreign.folder)
      ? null
      : `only native/${foreign.folder} includes ${foreign.name} (${header})`;
  }
  if (!isQuoted) return null;
  if (!Object.hasOwn(MAY_INCLUDE, target)) return `"${header}" is not written relative to native/`;
  const allowed = [folder, ...(MAY_INCLUDE[folder] ?? [])];
  return allowed.includes(target) ? null : `native/${folder} may not include native/${target} (${header})`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const paths = sourceFiles(ROOT).filter((path) => /^native\/.*\.(cc|h|cu|cuh)$/.test(path));
  const violations = findViolations(paths.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]));
  process.stdout.write(violations.map((line) => `${line}\n`).join(''));
  process.exitCode = violations.length > 0 ? 1 : 0;
}
