// SPDX-License-Identifier: Apache-2.0
// Packs what `npm run gpu:check` needs on a host without network, npm and compiler: `npm run gpu:pack -- --help`.
import { parseArgs } from 'node:util';
import { PackError, packForGpu } from './gpu-pack/pack.mjs';

const USAGE = `Usage: npm run gpu:pack -- [options]

Makes parts of a tarball and unpack.sh, which joins them on the host with the GPU.

  --output <folder>       where they go (default build/gpu-pack)
  --part-mb <n>           size of a part at most, in MB (default 48)
  --with-node <program>   take this node program along
  --with-lib <path>       take TensorRT libraries along: a file or all of a folder; may be repeated
  --with-python <folder>  take Python packages along (the official API): a site-packages folder; may be repeated
  --with-onnxruntime <f>  take this libonnxruntime along, for the CPU to compare with
  --with-engines <folder> take built engines along: <folder>/<family>/<name>.engine
  --help                  print this text
`;

const OPTIONS = {
  output: { type: 'string' },
  'part-mb': { type: 'string', default: '48' },
  'with-node': { type: 'string' },
  'with-lib': { type: 'string', multiple: true, default: [] },
  'with-python': { type: 'string', multiple: true, default: [] },
  'with-onnxruntime': { type: 'string' },
  'with-engines': { type: 'string' },
  help: { type: 'boolean', default: false },
};

function main(args) {
  let options;
  try {
    options = parseArgs({ args, options: OPTIONS }).values;
  } catch (error) {
    throw new PackError(error.message);
  }
  if (options.help) return process.stdout.write(USAGE);
  return packForGpu(options, (text) => process.stdout.write(text));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const isExpected = error instanceof PackError;
  process.stderr.write(isExpected ? `${error.message}\n` : `${error.stack}\n`);
  process.exitCode = isExpected ? 2 : 1;
}
