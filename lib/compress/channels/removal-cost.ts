// SPDX-License-Identifier: Apache-2.0
// Parameters and multiply-adds as they would be with so many units of each group removed: what a budget is held against.

import { nodeLabel } from '../../onnx/graph/graph-walk';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { countWork, type WorkCount } from '../report/count-work';
import type { AxisRange } from './axis-slots';
import type { DependencyGraph } from './dependency-graph';
import type { RemovableGroup } from './removable-groups';

/** What a model takes. */
export interface Cost {
  readonly parameters: number;
  readonly multiplyAdds: number;
}

/** An amount in proportion to the sizes of some axes. */
interface CostItem {
  readonly parameters: number;
  readonly multiplyAdds: number;
  /** For each axis the share of it that one unit of a group takes, by group. */
  readonly axes: readonly ReadonlyMap<number, number>[];
}

/** Costs of a model by the number of units removed from each group. */
export class RemovalCost {
  /** The model as it is. */
  readonly before: WorkCount;
  private readonly items: CostItem[] = [];
  /** Biases that fitting gives to layers that have none. */
  private readonly added: CostItem[] = [];
  private readonly groupOf: ReadonlyMap<number, number>;
  private readonly fixed: Cost;

  constructor(
    model: OnnxModel,
    private readonly graph: DependencyGraph,
    {
      groups,
      inputs,
      isFitted = false,
    }: {
      groups: readonly RemovableGroup[];
      inputs?: Readonly<Record<string, readonly number[]>> | undefined;
      /** True if weights that are left are fitted to data. */
      isFitted?: boolean;
    },
  ) {
    this.before = countWork(model, inputs);
    this.groupOf = new Map(groups.flatMap(({ units }, group) => units.map((unit) => [unit, group] as const)));
    this.addParameters();
    this.addWork();
    if (isFitted) this.addBiases();
    const counted = this.sum(this.items, () => 1);
    this.fixed = {
      parameters: this.before.parameters - counted.parameters,
      multiplyAdds: this.before.multiplyAdds - counted.multiplyAdds,
    };
  }

  /** With the biases that fitting may add: what a budget has to have room for. */
  atMost(removed: readonly number[]): Cost {
    const { parameters, multiplyAdds } = this.of(removed);
    // Where nothing goes nothing is fitted.
    if (removed.every((count) => count === 0)) return { parameters, multiplyAdds };
    const biases = this.sum(this.added, shareLeft(removed));
    return { parameters: parameters + Math.ceil(biases.parameters), multiplyAdds };
  }

  /** @param removed - Units removed from each group. */
  of(removed: readonly number[]): Cost {
    const rest = this.sum(this.items, shareLeft(removed));
    return {
      parameters: Math.round(this.fixed.parameters + rest.parameters),
      multiplyAdds: Math.round(this.fixed.multiplyAdds + rest.multiplyAdds),
    };
  }

  private sum(items: readonly CostItem[], factor: (axes: CostItem['axes']) => number): Cost {
    let [parameters, multiplyAdds] = [0, 0];
    for (const item of items) {
      const part = factor(item.axes);
      parameters += part * item.parameters;
      multiplyAdds += part * item.multiplyAdds;
    }
    return { parameters, multiplyAdds };
  }

  private addParameters(): void {
    for (const [name, tensor] of this.graph.scope.constants) {
      const axes = this.axesOf(tensor.dims.map((_, axis) => this.graph.slots.of(name, axis)));
      const parameters = tensor.dims.reduce((product, size) => product * size, 1);
      if (axes.length > 0) this.items.push({ parameters, multiplyAdds: 0, axes });
    }
  }

  private addBiases(): void {
    for (const { node, tensor, axis } of this.graph.makers) {
      const range = this.graph.slots.of(tensor, axis);
      const hasPlace = node.opType !== 'MatMul' && (node.input[2] ?? '') === '';
      if (hasPlace && range !== undefined)
        this.added.push({ parameters: range.count, multiplyAdds: 0, axes: this.axesOf([range]) });
    }
  }

  /** A node's work goes with the axes of its result, and with the one that it sums over. */
  private addWork(): void {
    const work = new Map(this.before.nodes.map((one) => [one.node, one.multiplyAdds]));
    for (const node of this.graph.graph.node) {
      const multiplyAdds = work.get(nodeLabel(node));
      if (multiplyAdds === undefined) continue;
      const isConvolution = node.opType.startsWith('Conv');
      const made = this.rangesOf(
        isConvolution && node.opType === 'ConvTranspose' ? node.input[0]! : node.output[0]!,
      );
      const summed = isConvolution
        ? [this.graph.slots.of(node.input[1]!, 1)]
        : this.graph.readers
            .filter((one) => one.node === node)
            .slice(0, 1)
            .map((one) => this.graph.slots.of(one.tensor, one.axis));
      const axes = this.axesOf([...made, ...summed]);
      if (axes.length > 0) this.items.push({ parameters: 0, multiplyAdds, axes });
    }
  }

  private rangesOf(name: string): (AxisRange | undefined)[] {
    return (this.graph.dims(name) ?? []).map((_, axis) => this.graph.slots.of(name, axis));
  }

  private axesOf(ranges: readonly (AxisRange | undefined)[]): ReadonlyMap<number, number>[] {
    return ranges.flatMap((range) => {
      if (range === undefined) return [];
      const counts = new Map<number, Map<number, number>>();
      for (let i = 0; i < range.count; i++) {
        const root = this.graph.slots.find(range.base + i);
        const group = this.groupOf.get(root);
        if (group === undefined) continue;
        if (!counts.has(group)) counts.set(group, new Map());
        counts.get(group)!.set(root, (counts.get(group)!.get(root) ?? 0) + 1);
      }
      if (counts.size === 0) return [];
      const shares = [...counts].map(([group, units]) => {
        const mean = [...units.values()].reduce((sum, count) => sum + count, 0) / units.size;
        return [group, mean / range.count] as const;
      });
      return [new Map(shares)];
    });
  }
}

/** Share of an amount that is left with so many units removed from each group. */
function shareLeft(removed: readonly number[]): (axes: CostItem['axes']) => number {
  return (axes) =>
    axes.reduce((product, axis) => {
      let kept = 1;
      for (const [group, share] of axis) kept -= share * (removed[group] ?? 0);
      return product * Math.max(0, kept);
    }, 1);
}
