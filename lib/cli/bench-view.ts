// SPDX-License-Identifier: Apache-2.0
import type { BenchDocument } from '../bench/result';
import { formatResult } from './bench/result-view';
import { formatSuite } from './bench/suite-view';
import type { Terminal } from './terminal/terminal';

/** What `bench` found, for people. */
export function formatBenchDocument(document: BenchDocument, terminal: Terminal): string[] {
  return document.kind === 'suite' ? formatSuite(document, terminal) : formatResult(document, terminal);
}
