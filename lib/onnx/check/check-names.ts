// SPDX-License-Identifier: Apache-2.0
// Names: each value is made once, before it is used, and can be seen from where it is used.

import { nodeLabel, subgraphsOf } from '../graph/graph-walk';
import type { GraphMessage, NodeMessage } from '../graph/onnx-messages';
import { didYouMean } from '../../text/nearest-name';
import { findCycle } from './find-cycle';
import type { GraphPlace, ProblemList } from './model-problem';

/** Before this version of the IR, initializers had to be inputs too. */
const FIRST_IR_WITH_CONSTANTS = 4;

/** Each guess at a misspelled name looks at all names. */
const MOST_GUESSES = 10;

/** Names that a graph sees: its own so far, and those that the graphs around it had before it. */
class VisibleNames {
  constructor(
    private readonly own: ReadonlySet<string>,
    private readonly outer: VisibleNames | undefined,
  ) {}

  has(name: string): boolean {
    return this.own.has(name) || this.outer?.has(name) === true;
  }

  *[Symbol.iterator](): Generator<string> {
    if (this.outer !== undefined) yield* this.outer;
    yield* this.own;
  }
}

/** Checks the names of a graph and of the graphs in it. */
export class NameCheck {
  private readonly places: ReadonlyMap<GraphMessage, GraphPlace>;
  private guesses = 0;

  constructor(
    places: readonly GraphPlace[],
    private readonly irVersion: number,
    private readonly list: ProblemList,
  ) {
    this.places = new Map(places.map((place) => [place.graph, place]));
  }

  /** @param outer - Names that the graph sees of those around it. */
  check(graph: GraphMessage, outer?: VisibleNames): void {
    const place = this.places.get(graph)!;
    const own = this.checkStart(place);
    const visible = new VisibleNames(own, outer);
    const makers = new Map<string, NodeMessage>();
    for (const node of graph.node)
      for (const name of node.output) if (!makers.has(name)) makers.set(name, node);
    const cyclic = this.checkCycles(place, makers);
    for (const node of graph.node) {
      for (const name of node.input) {
        if (name === '' || visible.has(name)) continue;
        if (!makers.has(name))
          this.list.error(
            place,
            this.neverMade(name, () => [...visible, ...makers.keys()]),
            node,
          );
        else if (!cyclic.has(node)) this.list.error(place, usedEarly(name, makers.get(name)!), node);
      }
      for (const inner of subgraphsOf(node)) this.check(inner, visible);
      this.checkOutputs(place, node, { own, visible });
    }
    for (const { name } of graph.output) {
      if (own.has(name) || (place.parent !== undefined && visible.has(name))) continue;
      this.list.error(place, `output "${name}" is made by no node.${didYouMean(name, own)}`);
    }
  }

  private neverMade(name: string, names: () => Iterable<string>): string {
    const guess = this.guesses++ < MOST_GUESSES ? didYouMean(name, names()) : '';
    return `its input "${name}" is made by nothing.${guess}`;
  }

  /** Inputs and initializers: their names. */
  private checkStart(place: GraphPlace): Set<string> {
    const { graph } = place;
    const inputs = new Set<string>();
    for (const { name } of graph.input) {
      if (name === '' && place.parent === undefined) this.list.error(place, 'an input has no name');
      if (inputs.has(name)) this.list.error(place, `two inputs have the name "${name}"`);
      inputs.add(name);
    }
    const initializers = new Set<string>();
    for (const { name = '' } of graph.initializer) {
      if (initializers.has(name)) this.list.error(place, `two initializers have the name "${name}"`);
      initializers.add(name);
      if (this.irVersion < FIRST_IR_WITH_CONSTANTS && place.parent === undefined && !inputs.has(name))
        this.list.error(place, `initializer "${name}" must be an input too before IR version 4`);
    }
    const outputs = new Set<string>();
    for (const { name } of graph.output) {
      if (name === '') this.list.error(place, 'an output has no name');
      if (outputs.has(name)) this.list.error(place, `two outputs have the name "${name}"`);
      outputs.add(name);
    }
    return new Set([...inputs, ...initializers]);
  }

  private checkOutputs(
    place: GraphPlace,
    node: NodeMessage,
    { own, visible }: { own: Set<string>; visible: VisibleNames },
  ): void {
    for (const name of node.output) {
      if (name === '') continue;
      if (visible.has(name))
        this.list.error(place, `its output "${name}" is the name of another value, too`, node);
      own.add(name);
    }
  }

  /** Names the nodes of a cycle. @returns all nodes that are in one */
  private checkCycles(place: GraphPlace, makers: ReadonlyMap<string, NodeMessage>): Set<NodeMessage> {
    const cyclic = new Set<NodeMessage>();
    const cycle = findCycle(place.graph, makers);
    if (cycle === undefined) return cyclic;
    for (const node of cycle) cyclic.add(node);
    const path = [...cycle, cycle[0]!].map((node) => `"${nodeLabel(node)}"`).join(' -> ');
    this.list.error(place, `is part of a cycle: ${path}`, cycle[0]);
    return cyclic;
  }
}

function usedEarly(name: string, maker: NodeMessage): string {
  return `its input "${name}" is made by "${nodeLabel(maker)}" (${maker.opType}), which comes later: nodes must be sorted`;
}
