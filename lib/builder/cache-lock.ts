// SPDX-License-Identifier: Apache-2.0
// A lock between processes, and between calls in one process: a file that only one of them can create. Written here,
// since known packages decide by the file's age alone: a holder whose event loop stands still for some seconds then
// loses its lock, and one that was killed blocks everybody for as long. This one asks the kernel whether the holder
// lives, and falls back to age where it cannot (in another container, on another machine) or where it says too little
// (a thread of the holder is gone, its process lives).
//
// A lost lock is harmless: entries of the cache are written whole, and the worst that happens is work done twice.

import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';

import { errnoOf, isDiskFull } from '../runtime/file-errors';
import { removeAtExit } from '../runtime/exit-cleanup';
import { cancellableDelay, throwIfCancelled } from './cancellation';

const HEARTBEAT_MS = 2_000;
/** A holder that cannot be asked is taken for dead after as many milliseconds without a heartbeat. */
const STALE_MS = 15_000;
/**
 * Even a living process gets no longer: a worker thread that is terminated leaves its lock to a process that lives on.
 */
const ABANDONED_MS = 10 * 60_000;
const FIRST_POLL_MS = 20;
const LONGEST_POLL_MS = 250;

/** What a lock file says about its holder. */
interface Holder {
  /** Tells one lock of a process from the next. */
  token: string;
  pid: number;
  /** Start of the process in clock ticks since boot; null where the system does not tell. Pids are used again. */
  startTime: string | null;
  /** Where `pid` means something: the machine's boot and the pid namespace. */
  namespace: string;
}

/**
 * Runs `work` while holding the lock file at `path`; waits for other holders as long as it takes.
 *
 * Rejects with the Node.js error if the file cannot be made, and with `ERR_TRT_BUILD_CANCELLED` if the signal fires
 * while waiting.
 */
export async function withLock<T>(
  path: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const release = await acquire(path, signal);
  try {
    return await work();
  } finally {
    await release();
  }
}

async function acquire(path: string, signal: AbortSignal | undefined): Promise<() => Promise<void>> {
  const self = describeSelf();
  for (let delay = FIRST_POLL_MS; ; delay = Math.min(delay * 2, LONGEST_POLL_MS)) {
    throwIfCancelled(signal);
    if (await create(path, self)) return hold(path, self.token);
    if (await isAbandoned(path)) await takeAway(path);
    else await cancellableDelay(delay, signal);
  }
}

/** False if the file exists. */
async function create(path: string, holder: Holder): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(holder), { flag: 'wx' });
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    // A full disk creates the file and then fails to fill it.
    if (isDiskFull(error)) await rm(path, { force: true });
    throw error;
  }
}

function hold(path: string, token: string): () => Promise<void> {
  const forget = removeAtExit(path);
  const heartbeat = setInterval(() => {
    const now = new Date();
    void utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return async () => {
    clearInterval(heartbeat);
    forget();
    // Somebody who took this holder for dead may have a lock of his own there now.
    if ((await readHolder(path))?.token === token) await rm(path, { force: true });
  };
}

/** True if the holder of a lock is known or believed to be dead. */
async function isAbandoned(path: string): Promise<boolean> {
  const [holder, age] = [await readHolder(path), await ageOf(path)];
  if (age === undefined) return false;
  // Unreadable: its writer is between creating and filling it, or died there.
  if (!holder || holder.namespace !== currentNamespace()) return age > STALE_MS;
  return !isAlive(holder) || age > ABANDONED_MS;
}

function isAlive({ pid, startTime }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: a process with this pid lives and belongs to somebody else; it need not be the holder.
    if (errnoOf(error) !== 'EPERM') return false;
  }
  const found = startTimeOf(pid);
  // Systems can hide the processes of other users: what is not known is taken for alive.
  return startTime === null || found === null || found === startTime;
}

/**
 * Removes an abandoned lock. Two waiters may see the same dead holder; the second must not remove the lock that the
 * first has made meanwhile, so removing is itself under a lock of a moment.
 */
async function takeAway(path: string): Promise<void> {
  const guard = `${path}.takeover`;
  if (!(await create(guard, describeSelf()))) {
    if (((await ageOf(guard)) ?? 0) > STALE_MS) await rm(guard, { force: true });
    return;
  }
  try {
    if (await isAbandoned(path)) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(path, 'utf8')) as Partial<Holder> | null;
    return typeof holder?.pid === 'number' && typeof holder.token === 'string'
      ? (holder as Holder)
      : undefined;
  } catch {
    return undefined;
  }
}

async function ageOf(path: string): Promise<number | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats && Date.now() - stats.mtimeMs;
}

function describeSelf(): Holder {
  return {
    token: randomUUID(),
    pid: process.pid,
    startTime: startTimeOf(process.pid),
    namespace: currentNamespace(),
  };
}

/** Field 22 of /proc/<pid>/stat; the second field, the name, may hold spaces and brackets. */
function startTimeOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

let namespace: string | undefined;

function currentNamespace(): string {
  namespace ??= readNamespace();
  return namespace;
}

function readNamespace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}
