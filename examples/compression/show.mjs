// SPDX-License-Identifier: Apache-2.0
// How compress.mjs prints what came out.

import { createStyle } from '../../build/javascript/cli/terminal/style.js';
import { formatTable } from '../../build/javascript/cli/terminal/table.js';
import { wrapText } from '../../build/javascript/cli/terminal/text-width.js';

const WIDTH = 112;
const MOST_TRIALS = 8;

const style = createStyle({ isTTY: process.stdout.isTTY === true, env: process.env });
const print = (text = '') => console.log(text === '' ? '' : `   ${text}`);
const printTable = (columns, rows) => formatTable(columns, rows, style.dim).forEach((line) => print(line));
const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;
const kibibytes = (bytes) => (bytes / 1024).toFixed(0);
const thousands = (count) => Math.round(count / 1000).toLocaleString('en-US');

/** A line above everything. */
export function printHeading(text) {
  console.log(style.bold(text));
}

/** What follows. */
export function printTitle(number, text) {
  console.log(`\n${style.cyan(String(number))}  ${style.bold(text)}`);
}

/** Sentences, in lines that are not too long. */
export function printText(text) {
  wrapText(text, WIDTH).forEach((line) => print(line));
}

/** One table of all steps, and below it what TensorRT makes of each. */
export function printSteps(results, { images }) {
  const [{ before }] = results;
  const notes = new Notes();
  print();
  printFacts([
    factsRow('FP32', before, before),
    ...results.map(({ name, before: source, after, gains }) => [
      ...factsRow(name, source, after),
      notes.letterOf(gains),
    ]),
  ]);
  print(
    style.dim(
      `${images} test images: one is ${(100 / images).toFixed(2)} points; FP32 takes ${before.latencyMs.toFixed(2)} ms for 64 of them; K are thousands`,
    ),
  );
  printNotes(notes);
}

/** The file that shared values are sent as. */
export function printTransfer({ path, bytes, sourceBytes, isSame }) {
  print();
  print(`16 shared values for transfer: ${path}`);
  print(
    `${kibibytes(bytes)} KiB instead of ${kibibytes(sourceBytes)}; loadCompact gives the model back${isSame ? ', bit for bit' : ', changed'}`,
  );
}

/** What was tried, what was taken, and how it does on images that nothing was chosen by. */
export function printSearch({ source, chosen, trials, failed, pareto, end, warnings }, { found, picture }) {
  const share = ({ bytes }) => percent(bytes / source.bytes);
  print(`${trials.length} models made and measured, ${failed.length} could not be made; it ended: ${end}`);
  for (const warning of warnings) printText(warning);
  print();
  const shown = Math.min(MOST_TRIALS, pareto.length);
  print(`which no other one beats in size, drop and noise, the first ${shown} of ${pareto.length}:`);
  printTable(
    [{ title: '' }, { title: 'size', align: 'right' }, { title: 'drop', align: 'right' }, { title: '' }],
    pareto
      .slice(0, shown)
      .map((trial) => [
        trial.name,
        share(trial),
        percent(trial.drop, 2),
        trial.name === chosen.name ? 'taken' : '',
      ]),
  );
  print(`all of them as a picture: ${picture}`);
  print();
  const notes = new Notes();
  const { before, after, gains } = found;
  printFacts([
    factsRow('FP32', before, before),
    [...factsRow(chosen.name, before, after), notes.letterOf(gains)],
  ]);
  printNotes(notes);
}

function printFacts(rows) {
  const titles = ['', 'accuracy', 'KiB', 'zipped', 'K weights', 'K mult-adds', 'time', 'layers', 'TensorRT'];
  printTable(
    titles.map((title, index) => ({ title, align: index === 0 || index === 8 ? 'left' : 'right' })),
    rows,
  );
}

/** Times are shares of the source's, which was measured in turn with the model. */
function factsRow(name, source, facts) {
  return [
    name,
    percent(facts.evaluation.accuracy, 2),
    kibibytes(facts.bytes),
    kibibytes(facts.zippedBytes),
    thousands(facts.parameters),
    thousands(facts.multiplyAdds),
    percent(facts.latencyMs / source.latencyMs, 0),
    String(facts.layers),
  ];
}

/** What TensorRT makes of a model takes more than a cell: a letter each. */
class Notes {
  #texts = [];

  letterOf(sentences) {
    const text = sentences.join(' ');
    if (!this.#texts.includes(text)) this.#texts.push(text);
    return String.fromCharCode(97 + this.#texts.indexOf(text));
  }

  list() {
    return this.#texts.map((text, index) => [String.fromCharCode(97 + index), text]);
  }
}

function printNotes(notes) {
  print();
  print(style.bold('What TensorRT makes of them'));
  for (const [letter, text] of notes.list()) {
    const [first, ...rest] = wrapText(text, WIDTH - 3);
    print(`${letter}  ${first}`);
    rest.forEach((line) => print(`   ${line}`));
  }
}
