// SPDX-License-Identifier: Apache-2.0
import type { Backend, InferenceSession, InferenceSessionHandler } from 'onnxruntime-common';

import type { BackendHost } from './log';

export type { BackendHost } from './log';

export { PROVIDER_NAMES } from './provider-names';

/**
 * Makes the backend of onnxruntime-common that runs models on the sessions of this package.
 *
 * `init()` never fails: which provider serves is decided when a session is made, so that a fallback keeps its reason.
 * Outputs are plain objects, of which any copy of onnxruntime-common makes its own tensors.
 */
export function createBackend(host: BackendHost): Backend {
  return {
    init: () => Promise.resolve(),
    async createInferenceSessionHandler(
      source: string | Uint8Array,
      options: InferenceSession.SessionOptions = {},
    ): Promise<InferenceSessionHandler> {
      // Loaded at the first session: importing the drop-in must cost next to nothing.
      const { createHandler } = await import('./create-handler.js');
      return createHandler(source, options, host);
    },
  };
}
