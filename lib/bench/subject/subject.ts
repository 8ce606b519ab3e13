// SPDX-License-Identifier: Apache-2.0
import { createSession, type Feeds, type Session, type SessionOptions } from '../../index';
import type { BenchRequest, FunctionRequest, ModelRequest } from '../bench-request';
import { slotsOf } from '../load-options';
import { invalid } from '../option-values';
import type { Load } from '../settings';
import { sessionOptionsFor } from '../trtexec/compat';
import { nameOfDevice } from './device-name';
import { batchOf } from './feed-dims';
import { digestModel, modelName } from './model-digest';
import { sessionSettings } from './plain-options';
import { createSessionTarget, type ClosableTarget, type TargetOptions } from './session-target';
import type { StageSource } from './stage-recorder';

/** What is measured, opened. */
export interface Subject {
  /** Path or name of the model. */
  readonly model: string;
  readonly modelSha256: string | null;
  readonly modelBytes?: number;
  readonly backend: string;
  readonly device: string;
  /** Name of the GPU of a session, where the driver tells it. */
  readonly deviceName?: string;
  readonly fallbackReason: string | null;
  /** Calls that the session runs at the same time; 0 for a function, which keeps that to itself. */
  readonly contexts: number;
  readonly batch: number;
  /** Sets of inputs that calls take in turn. */
  readonly inputSets: number;
  /** By the names of `createSession()`'s options. */
  readonly sessionSettings: Readonly<Record<string, unknown>>;
  /** Whoever records the device's times; absent where nobody does. */
  readonly stages?: StageSource;
  /** The session and what belongs to it; absent for a function. */
  readonly loaded?: LoadedModel;
  /** Makes the calls. Each target is to be closed before the subject. */
  makeTarget(options: Omit<TargetOptions, 'contexts'>): Promise<ClosableTarget>;
  close(): Promise<void>;
}

/** A session with what it was made of. */
export interface LoadedModel {
  readonly source: ModelRequest['model'];
  readonly session: Session;
  /** As far as they are known: of a session that the caller made, what the caller tells. */
  readonly sessionOptions: SessionOptions;
  /** The first set of inputs. */
  readonly feeds: Feeds;
  /** All of them. */
  readonly feedSets: readonly Feeds[];
}

/** Whether a request is for a function. */
export function isFunctionRequest(request: BenchRequest): request is FunctionRequest {
  return 'call' in request;
}

/**
 * Opens what is measured.
 *
 * @param load - The session lets as many calls wait as it wants in flight.
 * @throws What `createSession()` and the making of the inputs throw.
 */
export async function openSubject(request: BenchRequest, load: Load): Promise<Subject> {
  return isFunctionRequest(request) ? functionSubject(request) : modelSubject(request, load);
}

function functionSubject(request: FunctionRequest): Subject {
  const call = (slot: number) => request.call(slot);
  return {
    model: request.name,
    modelSha256: null,
    backend: request.backend ?? 'function',
    device: request.device ?? 'cpu',
    fallbackReason: null,
    contexts: 0,
    batch: request.batch ?? 1,
    inputSets: 1,
    sessionSettings: {},
    makeTarget: () => Promise.resolve({ call, close: () => Promise.resolve() }),
    close: () => Promise.resolve(),
  };
}

/** What createSession() lets wait by default; more calls in flight need more room. */
const DEFAULT_QUEUE = 1024;

async function modelSubject(request: ModelRequest, load: Load): Promise<Subject> {
  const digest = await digestModel(request.model);
  const sessionOptions = sessionOptionsFor(request, request.sessionOptions);
  const maxQueue = Math.max(DEFAULT_QUEUE, slotsOf(load));
  const session = request.session ?? (await createSession(request.model, { maxQueue, ...sessionOptions }));
  const close = async () => {
    if (request.session === undefined) await session.close();
  };
  try {
    const feedSets = await makeFeedSets(request, session);
    // Those that runBench() adds are in force where it opened the session.
    const inForce = request.session === undefined ? sessionOptions : (request.sessionOptions ?? {});
    const loaded = { source: request.model, session, sessionOptions: inForce, feeds: feedSets[0]!, feedSets };
    const deviceName = await nameOfDevice(session.device);
    return {
      ...describeModel(request, loaded),
      ...(deviceName === undefined ? {} : { deviceName }),
      modelSha256: digest.sha256,
      modelBytes: digest.bytes,
      close,
    };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

async function makeFeedSets({ feeds }: ModelRequest, session: Session): Promise<readonly Feeds[]> {
  const made = typeof feeds === 'function' ? await feeds(session) : feeds;
  const sets = (Array.isArray(made) ? made : [made]) as readonly Feeds[];
  if (sets.length > 0) return sets;
  throw invalid('feeds', sets, 'at least one set of inputs');
}

function describeModel(request: ModelRequest, loaded: LoadedModel): Omit<Subject, 'modelSha256' | 'close'> {
  const { session, sessionOptions, feeds, feedSets } = loaded;
  const contexts = sessionOptions.contexts ?? 1;
  return {
    model: request.name ?? modelName(request.model),
    backend: session.backend,
    device: session.device,
    fallbackReason: session.fallbackReason,
    contexts,
    batch: request.batch ?? batchOf(session, feeds),
    sessionSettings: sessionSettings(sessionOptions, session.device),
    ...(recordsStages(session) ? { stages: session } : {}),
    loaded,
    inputSets: feedSets.length,
    makeTarget: (how) => createSessionTarget(session, feedSets, { ...how, contexts }),
  };
}

/** A session says by an error that it records nothing. */
function recordsStages(session: Session): boolean {
  try {
    session.takeStageTimes();
    return true;
  } catch {
    return false;
  }
}
