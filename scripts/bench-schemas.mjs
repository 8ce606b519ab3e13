// SPDX-License-Identifier: Apache-2.0
// The published JSON schemas of benchmark results, from the types that the code itself uses.
import { join } from 'node:path';
import { createGenerator } from 'ts-json-schema-generator';
import { ROOT } from './sdk/steps.mjs';

const SOURCES = {
  'bench-result.schema.json': { path: 'lib/bench/result.ts', type: 'BenchDocument' },
  'bench-comparison.schema.json': { path: 'lib/bench/compare/comparison.ts', type: 'Comparison' },
};

/** File name -> text of each schema. */
export function benchSchemas() {
  const entries = Object.entries(SOURCES).map(([file, source]) => [file, schemaText(source)]);
  return new Map(entries);
}

function schemaText({ path, type }) {
  const generator = createGenerator({
    path: join(ROOT, path),
    tsconfig: join(ROOT, 'tsconfig.json'),
    type,
    // `npm run check` has checked the types; here it would cost as long again.
    skipTypeCheck: true,
    additionalProperties: false,
    topRef: false,
  });
  return `${JSON.stringify(generator.createSchema(type), null, 2)}\n`;
}
