// SPDX-License-Identifier: Apache-2.0
// Tries the package with versions of the libraries that it can be used with on a machine without a GPU, and prints the
// rows of docs/reference/compatibility.md:
// - TensorRT-RTX of pip: an engine of examples/digits is built with each version;
// - ONNX Runtime of npm: the test split of examples/digits is run with each version, and its right answers are
//   counted;
// - Node, Bun and Deno of `npm run sdk -- --group consumers`: the same run with each.
//
//     node benchmarks/compatibility.mjs [--only rtx|onnxruntime|runtimes] [--json]
//
// Libraries are brought by pip and npm into build/compatibility, once.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './harness/paths.mjs';
import { markdownTable, readOptions, say } from './harness/report.mjs';

const FOLDER = join(ROOT, 'build', 'compatibility');
const DIGITS = join(ROOT, 'examples', 'digits');
const RTX = ['1.4.0.76', '1.5.0.114', '1.6.1.120', '1.7.1.116'];
const CUDA = ['cu12', 'cu13'];
const ONNX_RUNTIME =
  '1.17.3 1.18.0 1.19.2 1.20.1 1.21.1 1.22.0 1.23.2 1.24.3 1.25.1 1.26.0 1.27.0 1.29.0 1.30.0'.split(' ');

const run = promisify(execFile);

/** Runs a program; what it printed, or the last lines of why it failed. */
async function attempt(command, args, options = {}) {
  try {
    const { stdout } = await run(command, args, { timeout: 600_000, maxBuffer: 1 << 26, ...options });
    return { stdout };
  } catch (error) {
    return { stdout: error.stdout ?? '', failure: `${error.stderr || error.message}`.trim() };
  }
}

/** Lets a client bring packages into a folder that does not have them yet. */
async function bring(folder, command, args) {
  if (existsSync(join(folder, 'complete'))) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  say(`${command} ${args.join(' ')}`);
  const { failure } = await attempt(command, args, { cwd: folder });
  if (failure !== undefined) throw new Error(`${command} failed: ${failure.slice(-500)}`);
  writeFileSync(join(folder, 'complete'), '');
}

/** The code of a command's error with --json, else the last line that it wrote. */
function errorOf({ stdout, failure }) {
  try {
    const { error } = JSON.parse(stdout);
    return error.code;
  } catch {
    return failure.split('\n').at(-1);
  }
}

async function tryRtx(version, cuda) {
  const name = `tensorrt-rtx-${cuda}-libs`;
  const folder = join(FOLDER, `${name}-${version}`);
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary', ':all:', '--target', '.'];
  await bring(folder, 'python3', [...pip, `${name}==${version}`]);
  // Named, so that no other library is taken where this one is refused.
  const lib = ['--lib', join(folder, 'tensorrt_rtx_libs')];
  const files = [join(DIGITS, 'digits.onnx'), '-o', join(folder, 'digits.engine')];
  const args = ['build', ...files, '--dynamic-axes', 'batch=1,8,32', ...lib, '--json'];
  const result = await attempt(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...args]);
  const library = `TensorRT-RTX ${version} (${cuda})`;
  if (result.failure !== undefined) return { library, result: errorOf(result), isUsable: false };
  const built = JSON.parse(result.stdout);
  return { library, result: `${built.version} built an engine of ${built.bytes} bytes`, isUsable: true };
}

/** Runs in a process of its own, whose folder says which ONNX Runtime is found. */
const CLASSIFY = `
  const [dist, digits] = process.argv.slice(-2);
  const { createSession, probe } = require(dist);
  const { openInputs } = require(dist + '/evaluate');
  (async () => {
    const session = await createSession(digits + '/digits.onnx', { device: 'cpu' });
    const batches = await openInputs({ path: digits + '/test-images.npy', inputs: session.inputs, batch: 30 });
    const answers = [];
    for await (const feeds of batches()) {
      const { logits } = await session.run(feeds);
      for (let row = 0; row < logits.dims[0]; row += 1) {
        const scores = logits.data.subarray(row * 10, row * 10 + 10);
        answers.push(scores.indexOf(Math.max(...scores)));
      }
    }
    await session.close();
    const { cpu } = await probe();
    console.log(JSON.stringify({ answers, version: cpu.version }));
  })().catch((error) => {
    console.log(JSON.stringify({ error: { code: error.code, message: error.message } }));
    process.exitCode = 1;
  });`;

async function tryOnnxRuntime(version) {
  const folder = join(FOLDER, `onnxruntime-node-${version}`);
  if (!existsSync(join(folder, 'complete'))) {
    const npm = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--prefix', '.'];
    await bring(folder, 'npm', [...npm, `onnxruntime-node@${version}`]);
  }
  const library = `ONNX Runtime ${version}`;
  // Named by its folder: what the search would take first does not count here.
  const bin = join(folder, 'node_modules', 'onnxruntime-node', 'bin');
  const found = readdirSync(bin, { recursive: true }).find((path) =>
    /linux\/x64\/libonnxruntime\.so/.test(path),
  );
  const env = { ...process.env, TENSORRT_NODE_ONNXRUNTIME: found && join(bin, found) };
  const args = ['--eval', CLASSIFY, '--', join(ROOT, 'dist'), DIGITS];
  const result = await attempt(process.execPath, args, { cwd: folder, env });
  if (result.failure !== undefined) return { library, result: errorOf(result), isUsable: false };
  const { answers, version: used } = JSON.parse(result.stdout);
  if (used !== version) return { library, result: `${used} was taken instead`, isUsable: false };
  return { library, answers, isUsable: true };
}

/** Programs that run JavaScript, as the consumer tests have them. */
const RUNTIMES = {
  'Node 20': ['node-20/bin/node'],
  'Node 22': ['node-22/bin/node'],
  'Node 24': ['node-24/bin/node'],
  'Node 26': ['node-26/bin/node'],
  Bun: ['@oven/bun-linux-x64/bin/bun'],
  Deno: ['@deno/linux-x64-glibc/deno', 'run', '--allow-all'],
};

async function tryRuntime([name, [path, ...first]]) {
  const program = join(ROOT, '.sdk', 'consumers', 'node_modules', path);
  if (!existsSync(program))
    return {
      library: name,
      result: 'not tried: npm run sdk -- --group consumers brings it',
      isUsable: false,
    };
  const version = await attempt(program, ['--version']);
  const library = `${name.split(' ')[0]} ${/[\d.]+/.exec(version.stdout)[0]}`;
  // Deno takes a file as CommonJS by its name.
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, 'classify.cjs');
  writeFileSync(file, CLASSIFY);
  const result = await attempt(program, [...first, file, join(ROOT, 'dist'), DIGITS]);
  if (result.failure !== undefined) return { library, result: errorOf(result), isUsable: false };
  return { library, answers: JSON.parse(result.stdout).answers, isUsable: true };
}

/** How many answers are right; of all versions the same number should be. */
function countRight(rows) {
  // The labels are the last bytes of the file, one for each image.
  const file = readFileSync(join(DIGITS, 'test-labels.npy'));
  return rows.map(({ answers, ...row }) => {
    if (answers === undefined) return row;
    const labels = file.subarray(-answers.length);
    const right = answers.filter((answer, index) => answer === labels[index]).length;
    return { ...row, result: `${right} of ${answers.length} digits right` };
  });
}

async function inTurn(list, tried) {
  const rows = [];
  for (const item of list)
    rows.push(
      await tried(item).catch((error) => ({ library: String(item), result: error.message, isUsable: false })),
    );
  return rows;
}

const options = readOptions({ only: { type: 'string' } });
const rows = [];
if (options.only === undefined || options.only === 'rtx') {
  const pairs = RTX.flatMap((version) => CUDA.map((cuda) => [version, cuda]));
  rows.push(...(await inTurn(pairs, ([version, cuda]) => tryRtx(version, cuda))));
}
if (options.only !== 'rtx' && options.only !== 'runtimes')
  rows.push(...countRight(await inTurn(ONNX_RUNTIME, tryOnnxRuntime)));
if (options.only !== 'rtx' && options.only !== 'onnxruntime')
  rows.push(...countRight(await inTurn(Object.entries(RUNTIMES), tryRuntime)));
const table = rows.map(({ library, result, isUsable }) => [library, isUsable ? 'works' : 'refused', result]);
const shown = options.json
  ? JSON.stringify(rows, null, 2)
  : markdownTable(['library', '', 'what was seen'], table);
process.stdout.write(`${shown}\n`);
