// SPDX-License-Identifier: Apache-2.0
// One source of kernels through both compilers.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * The lowest of each major version: machine code runs on devices of its major version whose minor one is not lower
 * (8.0 on 8.6, 8.7 and 8.9; 10.0 on 10.3; 12.0 on 12.1), and the kernels use nothing that only the higher ones have.
 */
export const ARCHITECTURES = ['75', '80', '90', '100', '110', '120'];

/** What both say: the results are those of the CPU twins, bit for bit. */
const LANGUAGE = ['-std=c++17', '-O3', '-Inative'];

export const NVCC_FLAGS = [
  ...LANGUAGE,
  '-fmad=false',
  '-prec-div=true',
  '-prec-sqrt=true',
  '--compress-mode=size',
  '-fatbin',
  ...ARCHITECTURES.flatMap((arch) => ['-gencode', `arch=compute_${arch},code=sm_${arch}`]),
];

/** No header of CUDA, and PTX that the drivers since CUDA 10 compile. */
export const CLANG_FLAGS = [
  '-x',
  'cuda',
  '--cuda-device-only',
  '-nocudainc',
  '-nocudalib',
  '--cuda-gpu-arch=sm_75',
  ...LANGUAGE,
  '-ffp-contract=off',
  '-S',
];

/**
 * @typedef {{ registers: number, spilled: number, shared: number, local: number }} Usage bytes but `registers`
 * @typedef {{ ptx: Buffer, fatbin: Buffer, kernels: string[], usage: Record<string, Record<string, Usage>> }} Compiled
 *   `usage`: by kernel and architecture
 */

/**
 * Compiles from the root's folder, so that no path of the machine gets into the output.
 * @param {string} root
 * @param {string} source
 * @param {NonNullable<ReturnType<typeof import('../sdk/kernel-compilers.mjs').kernelCompilers>>} compilers
 * @returns {Promise<Compiled>}
 */
export async function compileKernels(root, source, compilers) {
  mkdirSync(join(root, 'build'), { recursive: true });
  const folder = mkdtempSync(join(root, 'build', 'kernels-'));
  try {
    const ptxFile = join(folder, 'kernels.ptx');
    const fatbinFile = join(folder, 'kernels.fatbin');
    const environment = { PATH: process.env.PATH, LC_ALL: 'C', TMPDIR: folder };
    await tool(resolve(compilers.clang), [...CLANG_FLAGS, source, '-o', ptxFile], {
      cwd: root,
      env: { ...environment, LD_LIBRARY_PATH: resolve(compilers.clangLibraries) },
    });
    const log = await tool(
      resolve(compilers.nvcc),
      [...NVCC_FLAGS, '-Xptxas', '-v', source, '-o', fatbinFile],
      { cwd: root, env: environment },
    );
    const ptx = readFileSync(ptxFile);
    const kernels = kernelsOf(ptx.toString('utf8'));
    return { ptx, fatbin: readFileSync(fatbinFile), kernels, usage: readUsage(log, kernels) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tool(program, args, options) {
  try {
    const { stdout, stderr } = await run(program, args, { ...options, maxBuffer: 1 << 28 });
    return stdout + stderr;
  } catch (error) {
    throw new Error(`${[program, ...args].join(' ')}\n${error.stderr ?? error.message}`, { cause: error });
  }
}

/** Names without "trtn_", in the order of the text. */
function kernelsOf(ptx) {
  return [...ptx.matchAll(/^\.visible \.entry trtn_(\w+)\(/gm)].map(([, name]) => name);
}

/** What ptxas says with -v. */
function readUsage(log, kernels) {
  const usage = Object.fromEntries(kernels.map((name) => [name, {}]));
  const parts = log.split(/Compiling entry function '/).slice(1);
  for (const part of parts) {
    const [, name, arch] = /^trtn_(\w+)' for 'sm_(\d+)'/.exec(part) ?? [];
    const number = (pattern) => Number(pattern.exec(part)?.[1] ?? 0);
    if (!/Used \d+ registers/.test(part)) throw new Error(`ptxas does not tell the registers of ${name}`);
    if (usage[name] === undefined) throw new Error(`ptxas compiled ${name}, which clang did not`);
    usage[name][arch] = {
      registers: number(/Used (\d+) registers/),
      spilled: number(/(\d+) bytes spill stores/) + number(/(\d+) bytes spill loads/),
      shared: number(/(\d+) bytes smem/),
      local: number(/(\d+) bytes stack frame/),
    };
  }
  for (const [name, byArch] of Object.entries(usage)) {
    const missing = ARCHITECTURES.filter((arch) => byArch[arch] === undefined);
    if (missing.length > 0) throw new Error(`nvcc has no code of ${name} for ${missing.join(', ')}`);
  }
  return usage;
}
