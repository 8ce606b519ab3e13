// SPDX-License-Identifier: Apache-2.0
// Naming what a file really is. Users pass the wrong file far more often than a damaged one: a Git LFS pointer, an
// error page that a download saved, the ONNX model instead of the engine.

/** How many bytes from the start of a file are enough for {@link describeFileKind}. */
export const FILE_KIND_BYTES = 512;

/** First bytes of well-known formats, as Latin-1 text at an offset. */
const SIGNATURES: readonly (readonly [offset: number, magic: string, kind: string])[] = [
  [0, 'ftrt', 'a TensorRT plan'],
  [0, 'vtrt', 'a TensorRT-RTX engine'],
  [0, 'version https://git-lfs', 'a Git LFS pointer: run `git lfs pull` to get the file itself'],
  [0, '\x89PNG', 'a PNG image'],
  [0, '\xff\xd8\xff', 'a JPEG image'],
  [0, 'GIF8', 'a GIF image'],
  [0, '%PDF', 'a PDF document'],
  [0, 'PK\x03\x04', 'a ZIP archive (PyTorch .pt and NumPy .npz files are such)'],
  [0, '\x1f\x8b', 'a gzip archive'],
  [0, '\x28\xb5\x2f\xfd', 'a zstd archive'],
  [0, '\x7fELF', 'a program or shared library (ELF)'],
  [0, 'GGUF', 'a GGUF model'],
  [0, '\x93NUMPY', 'a NumPy array'],
  [0, '\x89HDF', 'an HDF5 file'],
  [4, 'ORTM', 'an ONNX Runtime .ort model'],
  [4, 'TFL3', 'a TensorFlow Lite model'],
  [257, 'ustar', 'a tar archive'],
];

/**
 * Says in words what a file is, as an ending for "…, but it is": `'a PNG image'`, `'empty'`, `'plain text'`.
 *
 * @param head - At least the first {@link FILE_KIND_BYTES} bytes, or all there are.
 */
export function describeFileKind(head: Uint8Array): string {
  if (head.length === 0) return 'empty';
  const latin1 = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, FILE_KIND_BYTES)).toString(
    'latin1',
  );
  const known = SIGNATURES.find(([offset, magic]) => latin1.startsWith(magic, offset));
  if (known) return known[2];
  if (/^\s*(<!doctype html|<html|<\?xml)/i.test(latin1))
    return 'an HTML or XML page, probably an error that a download saved';
  if (looksLikeOnnx(head)) return 'an ONNX model';
  if (/^\s*[{[]/.test(latin1) && isText(latin1)) return 'JSON text';
  if (isText(latin1)) return 'plain text';
  if (head.every((byte) => byte === 0)) return 'nothing but zero bytes';
  return 'binary data of an unknown kind';
}

// ModelProto begins with field 1 (ir_version, a small varint) and goes on with another of its fields: 2-6 and
// 7 (graph), 8 (opset_import), 14, 20, 25.
function looksLikeOnnx(head: Uint8Array): boolean {
  const [tag, irVersion, next] = head;
  return (
    tag === 0x08 &&
    irVersion! >= 1 &&
    irVersion! <= 32 &&
    [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42].includes(next!)
  );
}

function isText(latin1: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what tells binary data from text
  return !/[\x00-\x08\x0e-\x1f\x7f]/.test(latin1);
}
