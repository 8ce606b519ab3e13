// SPDX-License-Identifier: Apache-2.0
import { repeated, type OptionTable } from '../args/option';
import type { ParsedArguments } from '../args/parse-arguments';
import { compareOptionTable, conditionsOf, toCompareOptions } from '../bench/compare-table';
import { finishComparison } from '../bench/comparison-result';
import { checkOutputFolders, parseComparisonFile } from '../bench/write-outputs';
import { defineCommand } from '../command';

const options = {
  ...compareOptionTable,
  output: repeated(
    '<file>',
    'write the comparison there: .json, .html, .md or .xml (JUnit) by its ending; may be repeated',
    parseComparisonFile,
    'o',
  ),
} satisfies OptionTable;

/** `compare a.json b.json --fail-if 'p99>+5%'` */
export const compareCommand = defineCommand({
  name: 'compare',
  summary: 'compare two results of bench',
  positionals: [
    { name: 'a.json', help: 'a result of bench: the reference' },
    { name: 'b.json', help: 'a result of bench: what is judged' },
  ],
  options,
  examples: [
    { line: 'compare before.json after.json', help: 'is it slower, faster, or is no difference to be seen' },
    {
      line: "compare before.json after.json --fail-if 'p99>+5%' -o summary.md",
      help: 'end with 1 where it became slower by more than 5 %',
    },
  ],
  async run({ options: given, positionals }: ParsedArguments<typeof options>, context) {
    const [a, b] = [positionals[0]!, positionals[1]!];
    await checkOutputFolders(given.output.map(({ path }) => path));
    const { readBenchDocument } = await import('../../bench/formats/read-document.js');
    const { compareDocuments } = await import('../../bench/compare/compare-documents.js');
    const [reference, document] = [await readBenchDocument(a), await readBenchDocument(b)];
    const comparison = compareDocuments(reference, document, { names: { a, b }, ...toCompareOptions(given) });
    return finishComparison(
      {
        comparison,
        document,
        conditions: conditionsOf(given),
        files: given.output,
        requireDecided: given.requireDecided,
      },
      context,
    );
  },
});
