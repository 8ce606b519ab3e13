// SPDX-License-Identifier: Apache-2.0
// The published JSON schema of a pipeline's spec.
import { typeSchemas } from './type-schemas.mjs';

/** File name -> text of the schema. */
export function pipelineSchemas() {
  return typeSchemas({
    source: 'lib/pipeline/spec/pipeline-spec.ts',
    types: { 'pipeline.schema.json': 'PipelineSpec' },
  });
}
