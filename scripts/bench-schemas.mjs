// SPDX-License-Identifier: Apache-2.0
// The published JSON schemas of benchmark results, from the types that the code itself uses.
import { join } from 'node:path';
import {
  createFormatter,
  createParser,
  createProgram,
  DEFAULT_CONFIG,
  SchemaGenerator,
} from 'ts-json-schema-generator';
import { ROOT } from './sdk/steps.mjs';

// The module of the second one imports that of the first: one program has both.
const SOURCE = 'lib/bench/compare/comparison.ts';
const TYPES = {
  'bench-result.schema.json': 'BenchDocument',
  'bench-comparison.schema.json': 'Comparison',
};

/** File name -> text of each schema. */
export function benchSchemas() {
  const config = {
    ...DEFAULT_CONFIG,
    path: join(ROOT, SOURCE),
    tsconfig: join(ROOT, 'tsconfig.json'),
    // `npm run check` has checked the types; here it would cost as long again.
    skipTypeCheck: true,
    additionalProperties: false,
    topRef: false,
  };
  const program = createProgram(config);
  const entries = Object.entries(TYPES).map(([file, type]) => [
    file,
    schemaText(program, { ...config, type }),
  ]);
  return new Map(entries);
}

function schemaText(program, config) {
  const generator = new SchemaGenerator(
    program,
    createParser(program, config),
    createFormatter(config),
    config,
  );
  return `${JSON.stringify(generator.createSchema(config.type), null, 2)}\n`;
}
