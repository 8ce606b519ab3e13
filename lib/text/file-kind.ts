// SPDX-License-Identifier: Apache-2.0
// Tells what a file really is when it is not what was asked for, from its first bytes.

/** How many bytes from the start of a file the functions here want to see. */
export const FILE_KIND_BYTES = 512;

/** A kind of file that is mistaken for a model, as messages name it and with what to do about it. */
export interface FileKind {
  /** Stable short name, e.g. `git-lfs-pointer`. */
  readonly kind: string;
  /** With its article, e.g. `a Git LFS pointer`. */
  readonly label: string;
  /** What to do, where there is something to say. */
  readonly hint?: string;
}

interface Signature extends FileKind {
  readonly offset?: number;
  readonly bytes: readonly number[] | string;
}

const UNPACK = 'Unpack the archive and pass the .onnx file in it.';
const EXPORT = 'Export the model to ONNX first.';

const SIGNATURES: readonly Signature[] = [
  {
    bytes: 'version https://git-lfs.github.com/spec/',
    kind: 'git-lfs-pointer',
    label: 'a Git LFS pointer',
    hint: 'The file is an LFS pointer, not the model itself: run `git lfs pull`.',
  },
  {
    bytes: 'ftrt',
    kind: 'tensorrt-plan',
    label: 'a TensorRT engine',
    hint: 'Pass an engine to loadEngine(); buildEngine() takes an ONNX model.',
  },
  {
    bytes: 'vtrt',
    kind: 'tensorrt-plan',
    label: 'a TensorRT-RTX engine',
    hint: 'Pass an engine to loadEngine(); buildEngine() takes an ONNX model.',
  },
  { bytes: [0x89, 0x50, 0x4e, 0x47], kind: 'png', label: 'a PNG image' },
  { bytes: [0xff, 0xd8, 0xff], kind: 'jpeg', label: 'a JPEG image' },
  { bytes: 'GIF8', kind: 'gif', label: 'a GIF image' },
  { bytes: '%PDF-', kind: 'pdf', label: 'a PDF document' },
  {
    bytes: [0x50, 0x4b, 0x03, 0x04],
    kind: 'zip',
    label: 'a ZIP archive',
    hint: `A .zip: ${UNPACK} A PyTorch .pt or a Keras model: ${EXPORT}`,
  },
  { bytes: [0x1f, 0x8b], kind: 'gzip', label: 'a gzip archive', hint: UNPACK },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], kind: 'zstd', label: 'a Zstandard archive', hint: UNPACK },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a], kind: 'xz', label: 'an XZ archive', hint: UNPACK },
  { bytes: [0x7f, 0x45, 0x4c, 0x46], kind: 'elf', label: 'an ELF program or library' },
  { bytes: 'MZ', kind: 'pe', label: 'a Windows program or library' },
  { bytes: 'ustar', offset: 257, kind: 'tar', label: 'a tar archive', hint: UNPACK },
  { bytes: [0x89, 0x48, 0x44, 0x46], kind: 'hdf5', label: 'an HDF5 file (Keras .h5)', hint: EXPORT },
  { bytes: 'GGUF', kind: 'gguf', label: 'a GGUF model', hint: EXPORT },
  { bytes: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], kind: 'npy', label: 'a NumPy array' },
  { bytes: 'TFL3', offset: 4, kind: 'tflite', label: 'a TensorFlow Lite model', hint: EXPORT },
  {
    bytes: 'ORTM',
    offset: 4,
    kind: 'ort',
    label: 'an ONNX Runtime .ort model',
    hint: 'Pass the .onnx file that the .ort file was made from.',
  },
  { bytes: [0x80, 0x02], kind: 'pickle', label: 'a Python pickle (PyTorch .pth)', hint: EXPORT },
  { bytes: [0x80, 0x04], kind: 'pickle', label: 'a Python pickle', hint: EXPORT },
];

/** What the first bytes of a file say it is, or `undefined`. Never says that something is ONNX. */
export function detectFileKind(head: Uint8Array): FileKind | undefined {
  const signature = SIGNATURES.find((candidate) => startsWith(head, candidate));
  if (signature !== undefined) {
    const { kind, label, hint } = signature;
    return { kind, label, ...(hint === undefined ? {} : { hint }) };
  }
  if (head.length > 0 && head.every((byte) => byte === 0)) {
    return {
      kind: 'zeros',
      label: 'a file of zeros',
      hint: 'The download or copy was never completed: repeat it.',
    };
  }
  return isSafetensors(head)
    ? { kind: 'safetensors', label: 'a safetensors file', hint: EXPORT }
    : textKind(head);
}

/** As {@link detectFileKind}, but always with an answer: empty, ONNX by its looks, or unknown. */
export function describeFileKind(head: Uint8Array): FileKind {
  if (head.length === 0) return { kind: 'empty', label: 'empty' };
  const known = detectFileKind(head);
  if (known !== undefined) return known;
  return looksLikeOnnx(head)
    ? { kind: 'onnx', label: 'an ONNX model' }
    : { kind: 'unknown', label: 'binary data of an unknown kind' };
}

/** ModelProto's fields that may follow ir_version, as their first tag byte. */
const FIELDS_AFTER_IR_VERSION = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42];

/** A ModelProto that begins as exporters write it: with ir_version, a small number, and another of its fields. */
function looksLikeOnnx([tag, irVersion = 0, next = 0]: Uint8Array): boolean {
  return tag === 0x08 && irVersion >= 1 && irVersion <= 32 && FIELDS_AFTER_IR_VERSION.includes(next);
}

function startsWith(head: Uint8Array, { bytes, offset = 0 }: Signature): boolean {
  if (head.length < offset + bytes.length) return false;
  for (let index = 0; index < bytes.length; index++) {
    const wanted = typeof bytes === 'string' ? bytes.charCodeAt(index) : bytes[index];
    if (head[offset + index] !== wanted) return false;
  }
  return true;
}

/** Eight bytes of header length, then JSON. */
function isSafetensors(head: Uint8Array): boolean {
  return head.length > 10 && head[8] === 0x7b && head[6] === 0 && head[7] === 0 && head[9] === 0x22;
}

function textKind(head: Uint8Array): FileKind | undefined {
  if (head.length === 0 || !head.every(isTextByte)) return undefined;
  const text = Buffer.from(head)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
    .toLowerCase();
  if (/^(<!doctype html|<html|<head|<body)/.test(text)) {
    const hint = 'A web page was saved instead of the model: download the raw file.';
    return { kind: 'html', label: 'an HTML page', hint };
  }
  if (text.startsWith('<?xml')) return { kind: 'xml', label: 'an XML document' };
  if (/^[[{]/.test(text)) return { kind: 'json', label: 'a JSON document' };
  return { kind: 'text', label: 'a text file' };
}

/** Printable ASCII, white space, or part of a UTF-8 character. */
function isTextByte(byte: number): boolean {
  return byte >= 0x20 ? byte !== 0x7f : byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
