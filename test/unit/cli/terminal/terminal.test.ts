// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { createTerminal } from '../../../../lib/cli/terminal/terminal';
import { createStyle } from '../../../../lib/cli/terminal/style';
import { formatFacts, formatTable } from '../../../../lib/cli/terminal/table';
import { padText, printable, textWidth, wrapText } from '../../../../lib/cli/terminal/text-width';

const style = createStyle({ isTTY: true, env: {} });

describe('tables', () => {
  it('aligns columns, numbers to the right, without trailing spaces', () => {
    const columns = [{ title: 'name' }, { title: 'ms', align: 'right' as const }, { title: '' }];
    expect(
      formatTable(columns, [
        ['a', '1.50', ''],
        ['longer', '10.00', 'x'],
      ]),
    ).toEqual(['name       ms', 'a        1.50', 'longer  10.00  x']);
  });

  it('counts colours as nothing', () => {
    const [first, second] = formatFacts(
      [
        ['a', style.red('1')],
        ['bbb', '2'],
      ],
      style.dim,
    );
    expect([textWidth(first!), textWidth(second!)]).toEqual([6, 6]);
    expect(padText(style.red('x'), 3)).toBe(`${style.red('x')}  `);
  });
});

describe('text', () => {
  it('wraps at words and keeps words that are too long', () => {
    expect(wrapText('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrapText('abcdefghij x', 5)).toEqual(['abcdefghij', 'x']);
    expect(wrapText('a\nb', 10)).toEqual(['a', 'b']);
  });

  it('lets no name from a file steer the terminal', () => {
    expect(printable('a\u001b[31m\r\n\u0007b\u009b')).toBe('a\ufffd[31m\ufffd\ufffd\ufffdb\ufffd');
  });
});

describe('the terminal', () => {
  it.each([
    [undefined, 100],
    [0, 100],
    [10, 40],
    [132, 132],
  ])('of %j columns is taken as %i', (columns, width) => {
    const stream = { isTTY: true, columns, write: () => true };
    expect(createTerminal(stream, stream, {})).toMatchObject({ width, talkWidth: width });
  });
});
