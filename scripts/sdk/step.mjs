// SPDX-License-Identifier: Apache-2.0
// One step of set-up: a folder under .sdk that is made once, whole or not at all.
//
// A step's content is made in a temporary folder of .sdk and renamed into place; then a stamp with the digest of
// what was asked for is written. A stamp that still fits means "ready": nothing is run and no network is touched.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { SdkError } from './client.mjs';

/**
 * @typedef {object} Step
 * @property {string} name     file name of the stamp
 * @property {string} title    what the user reads
 * @property {string[]} groups groups that the step belongs to
 * @property {string} [target] folder under .sdk that the step makes; absent for a step that only checks
 * @property {string} pin      everything that decides the content: versions, digests, platform
 * @property {() => string | null} [given] says where the thing already is on this machine, or null
 * @property {(folder: string, tools: { logFile: string }) => Promise<void>} make fills the folder or throws
 */

/**
 * Brings one step up to date. Gives back 'ready', 'given' (the machine has it) or 'made'.
 * @param {string} sdk the .sdk folder
 * @param {Step} step
 * @param {(text: string) => void} say
 */
export async function runStep(sdk, step, say) {
  if (step.given?.() != null) return 'given';
  if (isReady(sdk, step)) return 'ready';
  if (step.target !== undefined) say(`getting ${step.title}`);
  const started = Date.now();
  const staging = makeStagingFolder(sdk);
  try {
    await step.make(join(staging, 'new'), { logFile: join(sdk, 'logs', `${step.name}.log`) });
    if (step.target !== undefined) putInPlace(staging, join(sdk, step.target));
    writeStamp(sdk, step, staging);
  } catch (error) {
    throw asSdkError(step, error);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  if (step.target !== undefined) {
    say(
      `${step.title}: ${relative(dirname(sdk), join(sdk, step.target))} (${((Date.now() - started) / 1000).toFixed(1)} s)`,
    );
  }
  return 'made';
}

/**
 * Whether the step was done with the present pins and its folder is still there.
 * @param {string} sdk
 * @param {Step} step
 */
export function isReady(sdk, step) {
  if (step.target !== undefined && !existsSync(join(sdk, step.target))) return false;
  try {
    return readFileSync(stampFile(sdk, step), 'utf8').trim() === digestOf(step.pin);
  } catch {
    return false;
  }
}

function makeStagingFolder(sdk) {
  mkdirSync(join(sdk, 'stamps'), { recursive: true });
  const staging = mkdtempSync(join(sdk, `making-${process.pid}-`));
  mkdirSync(join(staging, 'new'));
  return staging;
}

function putInPlace(staging, target) {
  mkdirSync(dirname(target), { recursive: true });
  if (existsSync(target)) renameSync(target, join(staging, 'old'));
  renameSync(join(staging, 'new'), target);
}

function writeStamp(sdk, step, staging) {
  const draft = join(staging, 'stamp');
  writeFileSync(draft, `${digestOf(step.pin)}\n`);
  renameSync(draft, stampFile(sdk, step));
}

function stampFile(sdk, step) {
  return join(sdk, 'stamps', step.name);
}

function digestOf(text) {
  return createHash('sha256').update(text).digest('hex');
}

function asSdkError(step, error) {
  const reason = (error instanceof Error ? error.message : String(error)).replaceAll('\n', ' ');
  return Object.assign(new SdkError(`${step.title}: ${reason}`, { cause: error }), {
    title: step.title,
    reason,
  });
}

/**
 * Removes what interrupted runs left; the folder of a run that is under way stays.
 * @param {string} sdk
 */
export function removeLeftovers(sdk) {
  const entries = existsSync(sdk) ? readdirSync(sdk) : [];
  for (const name of entries) {
    const pid = /^making-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid)))
      rmSync(join(sdk, name), { recursive: true, force: true });
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
