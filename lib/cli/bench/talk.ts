// SPDX-License-Identifier: Apache-2.0
import type { BenchOptions } from '../../bench/bench-options';
import type { BenchPhase } from '../../bench/bench-request';
import type { Session } from '../../runtime/session';
import type { CommandContext } from '../command';
import { whereItRan } from '../session-talk';
import { printable } from '../terminal/text-width';
import { formatMs } from '../values/format';

/** What is said on stderr while measuring; nothing with `--json`. */
export interface BenchTalk {
  /** A case of a suite begins. */
  begin(label: string, index: number, count: number): void;
  /** A rate of a search is tried. */
  tryRate(label: string): void;
  phase(phase: BenchPhase, session: Pick<Session, 'device' | 'backend'>): void;
  note(text: string): void;
}

/** Makes the talk of a measurement. */
export function createBenchTalk({ terminal, isJson }: CommandContext, options: BenchOptions): BenchTalk {
  const { dim } = terminal.talkStyle;
  const say = (text: string) => {
    if (!isJson) terminal.writeTalk(`${dim(printable(text))}\n`);
  };
  const { warmUpMs = options.trtexecCompat === undefined ? 500 : 200, durationMs = 3000 } = options;
  const phases: Readonly<Record<BenchPhase, (where: string) => string | null>> = {
    open: () => null,
    'warm-up': (where) => `warming up ${where} for ${formatMs(warmUpMs)} …`,
    measure: (where) => `measuring ${where} for ${formatMs(durationMs)} …`,
    pipelined: () => 'measuring with a call always waiting behind the running one …',
    layers: () => 'taking the times of the layers …',
    'cold-start': () => 'measuring the cold start in fresh processes …',
  };
  return {
    begin: (label, index, count) => say(`${index + 1} of ${count}: ${label}`),
    tryRate: (label) => say(`trying ${label}`),
    phase: (phase, session) => {
      const text = phases[phase](whereItRan(session));
      if (text !== null) say(text);
    },
    note: say,
  };
}
