// SPDX-License-Identifier: Apache-2.0
// What binding.gyp asks for while it is read:
//   node cmake/gyp.cjs sources <folder>...   the .cc files of these folders of native/
//   node cmake/gyp.cjs headers <family>      the include folder of a TensorRT family, "" if there is none
// The rules for headers are those of cmake/tensorrt-headers.cmake.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');

function sources(folders) {
  return folders
    .flatMap((folder) =>
      fs.readdirSync(path.join(root, 'native', folder)).map((name) => `native/${folder}/${name}`),
    )
    .filter((file) => file.endsWith('.cc'))
    .sort();
}

function serves(folder, family) {
  if (
    !['NvInferVersion.h', 'NvInfer.h', 'NvOnnxParser.h'].every((name) =>
      fs.existsSync(path.join(folder, name)),
    )
  ) {
    return false;
  }
  const text = fs.readFileSync(path.join(folder, 'NvInferVersion.h'), 'utf8');
  const number = (name) => Number(new RegExp(`#define\\s+${name}\\s+(\\d+)`).exec(text)?.[1] ?? -1);
  if (family === 'rtx') return number('TRT_MAJOR_RTX') === 1 && number('TRT_MINOR_RTX') >= 5;
  if (number('TRT_MAJOR_ENTERPRISE') !== Number(family)) return false;
  return family !== '10' || number('TRT_MINOR_ENTERPRISE') >= 13;
}

function headers(family) {
  const triplet = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  const sdk = process.env.TENSORRT_ROOT;
  const candidates = [
    ...(sdk ? [path.join(sdk, 'include'), path.join(sdk, 'include', triplet)] : []),
    `/usr/include/${triplet}`,
    '/usr/include',
    '/usr/local/tensorrt/include',
    path.join(root, '.sdk', 'include', `tensorrt-${family}`),
  ];
  return candidates.find((folder) => serves(folder, family)) ?? '';
}

const [what, ...names] = process.argv.slice(2);
process.stdout.write(what === 'sources' ? sources(names).join('\n') : headers(names[0]));
