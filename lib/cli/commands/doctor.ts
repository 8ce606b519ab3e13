// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from '../command';
import { formatProbe, isAnythingUsable } from '../probe-view';
import { EXIT } from '../failure';

/** `doctor` */
export const doctorCommand = defineCommand({
  name: 'doctor',
  summary: 'show what works on this machine, and what to do about the rest',
  positionals: [],
  options: {},
  examples: [
    { line: 'doctor', help: 'a report for people; --verbose adds every place that was looked at' },
    { line: 'doctor --json', help: 'the same for a script or a bug report' },
  ],
  async run(_args, context) {
    const report = await context.api.probe();
    return {
      json: report,
      lines: () => formatProbe(report, context),
      exitCode: isAnythingUsable(report) ? EXIT.done : EXIT.failed,
    };
  },
});
