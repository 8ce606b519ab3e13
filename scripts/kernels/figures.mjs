// SPDX-License-Identifier: Apache-2.0
// benchmarks/results/kernels.md: what the compiler made of each kernel, and what each has to move.

/** Of an H200, in bytes per second; what its data sheet says is 4.8e12. */
const MEMORY_RATE = 4.0e12;

/**
 * @param {{ images: { source: string, kernels: string[], ptx: Buffer, fatbin: Buffer,
 *   usage: Record<string, Record<string, import('./compile.mjs').Usage>> }[],
 *   moved: Record<string, { bytes: number, case: string }>, sizes: Record<string, number>,
 *   versions: { nvcc: string, clang: string }, architectures: string[] }} input
 *   `moved`: bytes that a kernel reads and writes in a case that its owner states
 */
export function figuresText({ images, moved, sizes, versions, architectures }) {
  const count = images.reduce((sum, image) => sum + image.kernels.length, 0);
  const ptxBytes = images.reduce((sum, image) => sum + image.ptx.length, 0);
  return `# Kernels

Written by \`npm run kernels\` from what ptxas reports; nothing here is a time that was measured. ${count} kernels of
${images.length} sources, nvcc ${versions.nvcc} and clang ${versions.clang}. In the addon: ${kilobytes(sizes['kernels.ptx.pack'])} of
PTX (${kilobytes(ptxBytes)} before compression) and ${kilobytes(sizes['kernels.fatbin.pack'])} of machine code for ${architectures.length} architectures.

## Registers, spills and shared memory

Registers of a thread for each architecture; bytes of shared memory of a block, of a thread's stack, and that a thread
spills from registers (stores and loads), the most of all architectures.

| kernel | ${architectures.map((arch) => `sm_${arch}`).join(' | ')} | shared | stack | spilled |
| --- | ${architectures.map(() => '---:').join(' | ')} | ---: | ---: | ---: |
${images.flatMap((image) => image.kernels.map((name) => usageRow(name, image.usage[name], architectures))).join('\n')}

## Bytes moved

Bytes that a kernel reads and writes in the case that is named, each once, and the time that this takes at 4.0 TB/s, an
H200's memory. The kernels of non-maximum suppression are not among them: what they move depends on the boxes.

${movedTable(images, moved)}
`;
}

function usageRow(name, byArch, architectures) {
  const most = (key) => Math.max(...architectures.map((arch) => byArch[arch][key]));
  const registers = architectures.map((arch) => byArch[arch].registers);
  return `| ${name} | ${registers.join(' | ')} | ${most('shared')} | ${most('local')} | ${most('spilled')} |`;
}

function movedTable(images, moved) {
  const known = new Set(images.flatMap((image) => image.kernels));
  const unknown = Object.keys(moved).filter((name) => !known.has(name));
  if (unknown.length > 0) throw new Error(`there are bytes, but no kernel ${unknown.join(', ')}`);
  const names = images.flatMap((image) => image.kernels).filter((name) => moved[name] !== undefined);
  if (names.length === 0) return 'No kernel states its bytes yet.';
  const rows = names.map((name) => {
    const { bytes, case: text } = moved[name];
    return `| ${name} | ${text} | ${bytes} | ${((bytes / MEMORY_RATE) * 1e6).toFixed(1)} |`;
  });
  return ['| kernel | case | bytes | expected µs |', '| --- | --- | ---: | ---: |', ...rows].join('\n');
}

function kilobytes(bytes) {
  return `${Math.round(bytes / 1000)} kB`;
}
