// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { unprovokedCodes } from '../../../scripts/provoked-codes.mjs';

const codes = ['ERR_TRT_A', 'ERR_TRT_B', 'ERR_TRT_B_LONG', 'ERR_TRT_C'];

describe('unprovokedCodes', () => {
  it('counts a code that was made while a file ran that names it', () => {
    const records = [{ file: 'a', codes: ['ERR_TRT_A', 'ERR_TRT_B_LONG'] }];
    const source = "expect(e).toMatchObject({ code: 'ERR_TRT_A' }); // ERR_TRT_B_LONG";
    expect(unprovokedCodes(codes, records, () => source)).toEqual(['ERR_TRT_B', 'ERR_TRT_C']);
  });

  it('does not count one that is only named, only made, or named elsewhere', () => {
    const sources: Record<string, string> = { a: 'ERR_TRT_A ERR_TRT_C', b: 'ERR_TRT_B_LONG' };
    const records = [
      { file: 'a', codes: ['ERR_TRT_B'] },
      { file: 'b', codes: ['ERR_TRT_C', 'ERR_TRT_B'] },
    ];
    expect(unprovokedCodes(codes, records, (file) => sources[file]!)).toEqual(codes);
  });
});
