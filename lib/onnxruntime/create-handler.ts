// SPDX-License-Identifier: Apache-2.0
// Makes the session of the first execution provider that can serve.

import type { InferenceSession } from 'onnxruntime-common';

import { createSession } from '../session/create-session';
import type { Session } from '../runtime/session';
import { didYouMean } from '../text/nearest-name';
import { explainCreation, reasonOf } from './creation-error';
import { readProviders, type Provider } from './execution-providers';
import { isReasonToFallBack } from './fallback';
import { inform, warn, type BackendHost } from './log';
import { checkLocatedOutputs } from './output-location';
import { sessionOptionsFor } from './provider-session';
import { DropInHandler } from './session-handler';
import { rememberSession } from './session-info';
import { mapSessionOptions, SESSION_OPTION_NAMES } from './session-options';

/**
 * `InferenceSession.create()` after onnxruntime-common has chosen the backend.
 *
 * @throws {TensorRTError} What `createSession()` throws, with the wording of onnxruntime-node where it has that error.
 */
export async function createHandler(
  source: string | Uint8Array,
  options: InferenceSession.SessionOptions,
  { env }: BackendHost,
): Promise<DropInHandler> {
  const mapped = mapSessionOptions(options, env);
  for (const name of Object.keys(options)) {
    if (!SESSION_OPTION_NAMES.includes(name))
      inform(
        env,
        `session option "${name}" is unknown and ignored.${didYouMean(name, SESSION_OPTION_NAMES)}`,
      );
  }
  const providers = readProviders(options.executionProviders, (provider, option) =>
    inform(env, `option "${option}" of execution provider "${provider}" has no effect in tensorrt-node.`),
  );
  const model = ownBytes(source);
  const reasons: string[] = [];
  for (const [index, provider] of providers.entries()) {
    const sessionOptions = sessionOptionsFor(provider, mapped);
    try {
      const session = await createSession(model, sessionOptions);
      return await adopt(session, provider, { options, env, reasons });
    } catch (error) {
      const hasNext = index + 1 < providers.length;
      const { profiles, dynamicAxes } = sessionOptions.build ?? {};
      const hasRanges = profiles !== undefined || dynamicAxes !== undefined;
      if (!hasNext || !isReasonToFallBack(error, provider.fallback, hasRanges))
        throw explainCreation(error, source, provider.name);
      const reason = reasonOf(error, provider.name);
      reasons.push(`${provider.name}: ${reason}`);
      warn(
        env,
        `removing requested execution provider "${provider.name}" from session options because it is not available: ${reason}`,
      );
    }
  }
  throw new Error('unreachable: there is at least one execution provider');
}

/** Native code reads bytes of plain memory alone. */
function ownBytes(source: string | Uint8Array): string | Uint8Array {
  return typeof source === 'string' || source.buffer instanceof ArrayBuffer
    ? source
    : Uint8Array.from(source);
}

async function adopt(
  session: Session,
  provider: Provider,
  { options, env, reasons }: { options: InferenceSession.SessionOptions; reasons: string[] } & BackendHost,
): Promise<DropInHandler> {
  try {
    const handler = new DropInHandler(session, (name) =>
      inform(env, `"${name}" in 'feeds' is no input of the model and is ignored.`),
    );
    checkLocatedOutputs(options.preferredOutputLocation, handler.outputNames);
    const { device, backend } = session;
    const fallbackReason = reasons.length > 0 ? reasons.join('; ') : null;
    rememberSession(handler, { device, backend, provider: provider.name, fallbackReason });
    return handler;
  } catch (error) {
    await session.close();
    throw error;
  }
}
