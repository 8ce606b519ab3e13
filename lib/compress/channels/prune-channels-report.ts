// SPDX-License-Identifier: Apache-2.0
import type { OutputScore } from '../output-judge';
import type { WorkCount } from '../report/count-work';
import type { ChannelCriterion } from './rank-units';
import type { KeptChannels, RemovableGroup } from './removable-groups';
import type { BeforeAfter } from '../report/before-after';

/** A node of which channels were removed. */
export interface PrunedNode {
  /** Its name. */
  readonly node: string;
  /** Position in `groups` of the group that its outputs belong to. */
  readonly group: number;
}

/** Channels that can only be removed together, layer by layer. */
export interface PrunedGroup {
  /** Nodes that make them. */
  readonly nodes: readonly string[];
  /** Nodes that read them. */
  readonly readers: readonly string[];
  /** Channels, neurons or heads there were, and that are left. */
  readonly before: number;
  /** How many there are now. */
  readonly after: number;
  /** Channels that each of them takes in the weights, e.g. the width of a head; 1 for channels and neurons. */
  readonly width: number;
}

/** What `pruneChannels` did. */
export interface PruneChannelsReport {
  /** How channels were ranked. */
  readonly criterion: ChannelCriterion;
  /** Nodes that make fewer channels. */
  readonly changed: readonly PrunedNode[];
  /** Nodes with weights whose outputs stay, and why. */
  readonly kept: readonly KeptChannels[];
  /** All that can be removed, with what was. */
  readonly groups: readonly PrunedGroup[];
  /** Channels of all groups, those of a head each counted. */
  readonly channels: BeforeAfter;
  /** Elements of the weights. */
  readonly parameters: BeforeAfter;
  /** Of one run with inputs of the dims in `inputs`. */
  readonly multiplyAdds: BeforeAfter;
  /** Dims of the inputs that the multiply-adds are for: of the first run of the data; 1 for dynamic ones without data. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Layers whose weights were fitted to what the source makes. */
  readonly fitted: readonly string[];
  /** What the reader should know. */
  readonly warnings: readonly string[];
  /** How near the outputs are to the source's, on data that nothing was fitted to if there are eight runs or more. */
  readonly score?: OutputScore;
}

/** What is known when channels are gone. */
export interface ReportParts {
  readonly criterion: ChannelCriterion;
  readonly groups: readonly RemovableGroup[];
  /** Units removed from each group. */
  readonly counts: readonly number[];
  readonly kept: readonly KeptChannels[];
  readonly before: WorkCount;
  readonly after: WorkCount;
  readonly fitted: readonly string[];
  readonly warnings: readonly string[];
  readonly score?: OutputScore | undefined;
}

/** Puts a report together. */
export function makeReport(parts: ReportParts): PruneChannelsReport {
  const { criterion, groups, counts, before, after, kept, fitted, warnings, score } = parts;
  const described = groups.map(({ nodes, readers, units, width }, index) => ({
    nodes,
    readers: [...new Set(readers.map(({ node }) => node.name ?? ''))],
    before: units.length,
    after: units.length - counts[index]!,
    width,
  }));
  const total = (pick: (group: PrunedGroup) => number) =>
    described.reduce((sum, group) => sum + pick(group), 0);
  return {
    criterion,
    changed: described.flatMap(({ nodes }, group) =>
      counts[group]! > 0 ? nodes.map((node) => ({ node, group })) : [],
    ),
    kept,
    groups: described,
    channels: {
      before: total((group) => group.before * group.width),
      after: total((group) => group.after * group.width),
    },
    parameters: { before: before.parameters, after: after.parameters },
    multiplyAdds: { before: before.multiplyAdds, after: after.multiplyAdds },
    inputs: before.inputs,
    fitted,
    warnings,
    ...(score === undefined ? {} : { score }),
  };
}
