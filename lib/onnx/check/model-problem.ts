// SPDX-License-Identifier: Apache-2.0
import { nodeLabel } from '../graph/graph-walk';
import type { GraphMessage, NodeMessage } from '../graph/onnx-messages';

/** Something that is wrong with a model, or that nobody can tell. */
export interface ModelProblem {
  /** A model with errors is not valid; a warning is what cannot be checked, or may have been meant so. */
  readonly severity: 'error' | 'warning';
  /** Name of the node, or of its first output where it has none. */
  readonly node?: string;
  /** The node's operator. */
  readonly operator?: string;
  /** Where the graph is, like `body of "loop"`; absent for the main graph. */
  readonly graph?: string;
  /** Names node and operator. */
  readonly message: string;
}

/** A graph with its place in the model. */
export interface GraphPlace {
  readonly graph: GraphMessage;
  readonly parent?: GraphPlace;
  /** As `ModelProblem.graph`. */
  readonly label?: string;
  /** True inside an If: one of its branches never runs for the inputs that the other one is made for. */
  readonly isBranch: boolean;
}

/** Collects problems. */
export class ProblemList {
  readonly problems: ModelProblem[] = [];

  error(place: GraphPlace, message: string, node?: NodeMessage): void {
    this.add('error', place, message, node);
  }

  warning(place: GraphPlace, message: string, node?: NodeMessage): void {
    this.add('warning', place, message, node);
  }

  private add(
    severity: ModelProblem['severity'],
    { label }: GraphPlace,
    message: string,
    node?: NodeMessage,
  ): void {
    const graph = label === undefined ? {} : { graph: label };
    const where = label === undefined ? '' : ` in the ${label}`;
    if (node === undefined) {
      this.problems.push({ severity, ...graph, message: `${message}${where}` });
      return;
    }
    const name = nodeLabel(node);
    const operator = node.opType;
    const text = `node "${name}" (${operator})${where}: ${message}`;
    this.problems.push({ severity, node: name, operator, ...graph, message: text });
  }
}

/** The graphs of a model with their places, outer ones first, in the order of `allGraphs`. */
export function placesOf(graph: GraphMessage): GraphPlace[] {
  return placesBelow({ graph, isBranch: false });
}

function placesBelow(place: GraphPlace): GraphPlace[] {
  const inner = place.graph.node.flatMap((node) =>
    node.attribute.flatMap(({ name, g, graphs }) =>
      (g === undefined ? graphs : [g, ...graphs]).map((graph) => ({
        graph,
        parent: place,
        label: `${name} of "${nodeLabel(node)}"`,
        isBranch: place.isBranch || node.opType === 'If',
      })),
    ),
  );
  return [place, ...inner.flatMap(placesBelow)];
}
