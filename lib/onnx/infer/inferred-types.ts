// SPDX-License-Identifier: Apache-2.0
import { allGraphs } from '../graph/graph-walk';
import type { DimensionMessage, GraphMessage, TypeMessage } from '../graph/onnx-messages';
import type { OnnxModel } from '../graph/onnx-model';
import { isNamed } from './dim-algebra';
import type { ShapeConflict, ValueType } from './value-type';

/** Type and shape of a value. */
export interface InferredType {
  /** `TensorProto.DataType`; 0 where it is not known. */
  readonly elemType: number;
  /** Sizes, symbols of the model, or `undefined` for sizes that are not known; absent where the rank is not known. */
  readonly dims?: readonly (number | string | undefined)[];
}

/** What inference found out about the values of a model, as it was at that time. */
export class InferredTypes {
  /**
   * @param graphs - All graphs of the model, outer ones first.
   * @param types - Values of each of them by name.
   * @param conflicts - Where the model contradicts itself.
   */
  constructor(
    private readonly graphs: readonly GraphMessage[],
    private readonly types: readonly ReadonlyMap<string, ValueType>[],
    /** Contradictions that were found. */
    readonly conflicts: readonly ShapeConflict[],
  ) {}

  /**
   * Type and shape of a value; `undefined` if nothing is known of it.
   *
   * @param graph - The graph that has the value, the main graph by default; values of outer graphs are not looked for.
   */
  typeOf(name: string, graph: GraphMessage | undefined = this.graphs[0]): InferredType | undefined {
    const position = this.graphs.indexOf(graph!);
    const found = this.types[position]?.get(name);
    if (found === undefined || (found.elemType === 0 && found.dims === undefined)) return undefined;
    if (found.dims === undefined) return { elemType: found.elemType };
    return { elemType: found.elemType, dims: found.dims.map((dim) => (isNamed(dim) ? dim : undefined)) };
  }

  /**
   * Writes what is known into the `value_info` of a model: of each value that a node makes and that is no output of its
   * graph. Entries that are there are replaced where more is known of them than their declaration tells.
   *
   * @param model - The model that was looked at, or a copy of it.
   * @returns how many entries were written
   */
  annotate(model: OnnxModel): number {
    let written = 0;
    for (const [position, graph] of allGraphs(model.graph).entries()) {
      const original = this.graphs[position];
      if (original !== undefined) written += this.annotateGraph(graph, original);
    }
    return written;
  }

  private annotateGraph(graph: GraphMessage, original: GraphMessage): number {
    const declared = new Map(graph.valueInfo.map((value) => [value.name, value]));
    const outputs = new Set(graph.output.map(({ name }) => name));
    let written = 0;
    for (const name of graph.node.flatMap(({ output }) => output)) {
      const type = name === '' || outputs.has(name) ? undefined : this.typeOf(name, original);
      if (type === undefined || type.elemType === 0) continue;
      const entry = declared.get(name);
      if (entry === undefined) graph.valueInfo.push({ name, type: typeMessage(type) });
      else entry.type = typeMessage(type);
      written++;
    }
    return written;
  }
}

/** The declaration of a type. */
export function typeMessage({ elemType, dims }: InferredType): TypeMessage {
  if (dims === undefined) return { tensorType: { elemType } };
  return { tensorType: { elemType, shape: { dim: dims.map(dimensionMessage) } } };
}

function dimensionMessage(dim: number | string | undefined): DimensionMessage {
  if (dim === undefined) return {};
  return typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim };
}
