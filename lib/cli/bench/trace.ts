// SPDX-License-Identifier: Apache-2.0
import type { BenchDocument } from '../../bench/result';
import type { CallLog } from '../../bench/measure/call-log';
import type { StageLog } from '../../bench/subject/stage-log';
import type { TracedStages } from '../../bench/formats/chrome-trace';
import { STAGE_COLUMNS } from '../../runtime/stage-times';

/** The logs that a trace is made of. */
export interface TraceLogs {
  readonly callLog: CallLog;
  readonly stageLog: StageLog;
}

/** Makes empty logs. */
export async function createTraceLogs(): Promise<TraceLogs> {
  const [{ CallLog }, { StageLog }] = await Promise.all([
    import('../../bench/measure/call-log.js'),
    import('../../bench/subject/stage-log.js'),
  ]);
  return { callLog: new CallLog(), stageLog: new StageLog() };
}

/** The logs as a Chrome trace. */
export async function formatTrace(
  document: BenchDocument,
  { callLog, stageLog }: TraceLogs,
): Promise<string> {
  const { formatChromeTrace } = await import('../../bench/formats/chrome-trace.js');
  return formatChromeTrace({
    label: document.kind === 'suite' ? 'bench' : `${document.model} · ${document.label}`,
    calls: callLog,
    droppedCalls: callLog.dropped,
    ...(stageLog.count === 0 ? {} : { stages: stagesOf(stageLog) }),
  });
}

function* stagesOf({ rows }: StageLog): Generator<TracedStages> {
  const width = STAGE_COLUMNS.length;
  for (let at = 0; at < rows.length; at += width) {
    const values = STAGE_COLUMNS.map((name, column) => [name, rows[at + column]!]);
    yield Object.fromEntries(values);
  }
}
