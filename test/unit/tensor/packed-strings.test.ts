// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { packStrings, unpackStrings } from '../../../lib/tensor/packed-strings';

const roundTrip = (strings: readonly string[]) => unpackStrings(bufferOf(strings), strings.length);

function bufferOf(strings: readonly string[]): ArrayBuffer {
  return Uint8Array.from(packStrings(strings)).buffer;
}

describe('packed strings', () => {
  it('hold any text', () => {
    const strings = ['', 'a', 'a\0b\0', 'Grüße', '漢字', '😀👩‍👩‍👧', ' \n', 'x'.repeat(100_000), ''];
    expect(roundTrip(strings)).toEqual(strings);
    expect(roundTrip([])).toEqual([]);
    expect(roundTrip([''])).toEqual(['']);
  });

  it('have the length of each in bytes first', () => {
    const packed = bufferOf(['é', '', 'ab']);
    expect([...new Uint32Array(packed, 0, 3)]).toEqual([2, 0, 2]);
    expect(Buffer.from(packed, 12).toString()).toBe('éab');
  });

  it('have U+FFFD for half a surrogate pair and for bytes that are no UTF-8, as a Buffer has', () => {
    expect(roundTrip(['a\ud800b', '\udc00', '\ud83d\ude00'])).toEqual(['a\ufffdb', '\ufffd', '😀']);
    const broken = Uint8Array.of(2, 0, 0, 0, 0xff, 0x41);
    expect(unpackStrings(broken.buffer, 1)).toEqual(['\ufffdA']);
  });
});
