// SPDX-License-Identifier: Apache-2.0
// The published JSON schema of a pipeline's spec, from the types that the code itself uses.
import { join } from 'node:path';
import {
  createFormatter,
  createParser,
  createProgram,
  DEFAULT_CONFIG,
  SchemaGenerator,
} from 'ts-json-schema-generator';
import { ROOT } from './sdk/steps.mjs';

const SOURCE = 'lib/pipeline/spec/pipeline-spec.ts';

/** File name -> text of the schema. */
export function pipelineSchemas() {
  const config = {
    ...DEFAULT_CONFIG,
    path: join(ROOT, SOURCE),
    tsconfig: join(ROOT, 'tsconfig.json'),
    type: 'PipelineSpec',
    // `npm run check` has checked the types; here it would cost as long again.
    skipTypeCheck: true,
    additionalProperties: false,
    topRef: false,
  };
  const program = createProgram(config);
  const generator = new SchemaGenerator(
    program,
    createParser(program, config),
    createFormatter(config),
    config,
  );
  const text = `${JSON.stringify(generator.createSchema(config.type), null, 2)}\n`;
  return new Map([['pipeline.schema.json', text]]);
}
