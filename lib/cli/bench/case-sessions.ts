// SPDX-License-Identifier: Apache-2.0
// The sessions and inputs of a suite: cases that differ in their load or batch alone share a session.

import type { BenchCase } from '../../bench/result';
import { sessionOptionsFor } from '../../bench/trtexec/compat';
import { TensorRTError } from '../../errors';
import type { Feeds } from '../../runtime/feeds';
import type { Session } from '../../runtime/session';
import type { SessionOptions } from '../../session/session-options';
import { makeTemporaryFolder, type TemporaryFolder } from '../../temporary-folder';
import type { CommandContext } from '../command';
import { profileForBatch } from '../inputs/batch';
import { makeFeeds, type FeedRequest, type MadeFeeds } from '../inputs/make-feeds';
import { describeAssumptions, type DeviceName } from '../session-talk';
import type { BenchPlan } from './bench-plan';
import { prepareVariant, type Variant } from './variants';

/** What the command line says about inputs, for every session. */
export type InputRequest = Pick<FeedRequest, 'arguments' | 'shapes' | 'seed' | 'generator' | 'sets'> & {
  /** `--profile` */
  readonly profileNumber: number | undefined;
};

/** A case that can be measured. */
export interface PreparedCase {
  /** The model in the precision of the case. */
  readonly variant: Variant;
  readonly session: Session;
  readonly sessionOptions: SessionOptions;
  readonly made: MadeFeeds;
}

interface OpenSession extends Omit<PreparedCase, 'made'> {
  readonly key: string;
}

/** Opens what the cases of a plan need, one session at a time. Close it at the end. */
export class CaseSessions {
  readonly #variants = new Map<string, Variant>();
  readonly #said = new Set<string>();
  #open: OpenSession | undefined;
  #folder: TemporaryFolder | undefined;

  constructor(
    private readonly plan: BenchPlan,
    private readonly inputs: InputRequest,
    private readonly context: CommandContext,
  ) {}

  /** The session of a case and its inputs. The session of another device or precision is closed first. */
  async prepare(values: BenchCase): Promise<PreparedCase> {
    const { variant, session, sessionOptions } = await this.#session(values);
    const made = await this.#feeds(session, values.batch);
    this.#sayOnce(made, session);
    return { variant, session, sessionOptions, made };
  }

  /** Closes the session and keeps the files that were made. */
  release(): Promise<void> {
    return this.#closeSession();
  }

  async close(): Promise<void> {
    await this.#closeSession();
    await this.#folder?.remove();
  }

  async #session(values: BenchCase): Promise<OpenSession> {
    const { device = 'auto', precision } = values;
    const key = JSON.stringify([device, precision]);
    if (this.#open?.key === key) return this.#open;
    await this.#closeSession();
    const variant = await this.#variant(values);
    const { plan, context } = this;
    const sessionOptions = sessionOptionsFor(plan.options, plan.sessionOptions(device as DeviceName));
    const session = await context.api.createSession(variant.path, sessionOptions).catch((error: unknown) => {
      throw explainPrecision(error, precision);
    });
    if (session.device === 'cpu') this.#sayIgnored(sessionOptions);
    this.#open = { key, variant, session, sessionOptions };
    return this.#open;
  }

  async #closeSession(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.session.close();
  }

  async #variant({ precision, batch }: BenchCase): Promise<Variant> {
    const { plan, context } = this;
    if (precision === undefined) return { path: plan.model, bytes: 0, notes: [] };
    const known = this.#variants.get(precision);
    if (known !== undefined) return known;
    const path = plan.precisions.get(precision)?.path;
    const variant =
      path === undefined
        ? await prepareVariant(
            {
              modelPath: plan.model,
              precision,
              feeds: () => this.#calibration(batch),
              folder: (this.#folder ??= makeTemporaryFolder('tensorrt-node-bench-')).path,
            },
            context.api,
          )
        : { path, bytes: 0, notes: [] };
    this.#variants.set(precision, variant);
    if (!context.isJson)
      for (const note of variant.notes)
        context.terminal.writeTalk(`${context.terminal.talkStyle.dim(note)}\n`);
    return variant;
  }

  /** Inputs for calibration are those of the measurement, made for the model as it is. */
  async #calibration(batch: number | undefined): Promise<readonly Feeds[]> {
    const session = await this.context.api.createSession(this.plan.model, { device: 'cpu' });
    try {
      return (await this.#feeds(session, batch)).sets;
    } finally {
      await session.close();
    }
  }

  #feeds(session: Session, batch: number | undefined): Promise<MadeFeeds> {
    const { profileNumber, ...inputs } = this.inputs;
    return makeFeeds({
      ...inputs,
      inputs: session.inputs,
      otherwise: { kind: 'random' },
      profile: profileForBatch(session, profileNumber, batch),
      batch,
    });
  }

  /** Options of engines, where no engine is made. */
  #sayIgnored({ profile, build, plugins }: SessionOptions): void {
    const { isJson, terminal } = this.context;
    const names = [
      ...(profile === undefined ? [] : ['--profile']),
      ...(build?.dynamicAxes === undefined ? [] : ['--dynamic-axes']),
      ...(plugins === undefined || plugins.length === 0 ? [] : ['--plugins']),
    ];
    const text = `${names.join(', ')}: only GPUs have that; without effect on the CPU`;
    if (names.length === 0 || isJson || this.#said.has(text)) return;
    this.#said.add(text);
    terminal.writeTalk(`${terminal.talkStyle.dim(text)}\n`);
  }

  #sayOnce(made: MadeFeeds, session: Session): void {
    const key = made.assumed.join('\0');
    if (this.#said.has(key)) return;
    this.#said.add(key);
    describeAssumptions(made, session.profiles !== undefined, this.context);
  }
}

/** ONNX Runtime names the first node that it cannot run, which looks like a fault of the model. */
function explainPrecision(error: unknown, precision: string | undefined): unknown {
  if (!(error instanceof TensorRTError) || precision !== 'bf16') return error;
  if (!/NOT_IMPLEMENTED|Could not find an implementation/i.test(error.message)) return error;
  return new TensorRTError(
    error.code,
    `ONNX Runtime's CPU has no bfloat16 kernels for this model: ${error.message}`,
    { hint: 'Measure bf16 on a GPU: --device cuda:0', details: error.details, cause: error },
  );
}
