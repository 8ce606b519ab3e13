// SPDX-License-Identifier: Apache-2.0
// The published JSON schemas of benchmark results.
import { typeSchemas } from './type-schemas.mjs';

/** File name -> text of each schema. */
export function benchSchemas() {
  return typeSchemas({
    // The module of the second one imports that of the first: one program has both.
    source: 'lib/bench/compare/comparison.ts',
    types: {
      'bench-result.schema.json': 'BenchDocument',
      'bench-comparison.schema.json': 'Comparison',
    },
  });
}
