// SPDX-License-Identifier: Apache-2.0
// Published JSON schemas, from the types that the code itself uses.
import { join } from 'node:path';
import {
  createFormatter,
  createParser,
  createProgram,
  DEFAULT_CONFIG,
  SchemaGenerator,
} from 'ts-json-schema-generator';
import { ROOT } from './sdk/steps.mjs';

/**
 * File name -> text of the schema of each type. One program has all modules that `source` imports.
 *
 * @param {{ source: string, types: Record<string, string> }} request `types` is file name -> name of the type.
 */
export function typeSchemas({ source, types }) {
  const config = {
    ...DEFAULT_CONFIG,
    path: join(ROOT, source),
    tsconfig: join(ROOT, 'tsconfig.json'),
    // `npm run check` has checked the types; here it would cost as long again.
    skipTypeCheck: true,
    additionalProperties: false,
    topRef: false,
  };
  const program = createProgram(config);
  const entries = Object.entries(types).map(([file, type]) => [
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
