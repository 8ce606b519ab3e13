// SPDX-License-Identifier: Apache-2.0
import type { GraphMessage } from '../graph/onnx-messages';
import type { DimAlgebra } from './dim-algebra';
import type { GraphState } from './graph-state';
import type { KnownValues, ShapeConflict, ValueType } from './value-type';

/** What the inference of a model shares among its graphs. */
export interface InferenceContext {
  readonly algebra: DimAlgebra;
  readonly opset: number;
  /** False where initializers that are inputs too cannot be replaced: before version 4 of the IR. */
  readonly canOverride: boolean;
  /** Whether declared element types and shapes of inner values and outputs tell what rules do not. */
  readonly declared: { readonly types: boolean; readonly shapes: boolean };
  /** All graphs with their numbers, outer ones first. */
  readonly graphs: ReadonlyMap<GraphMessage, number>;
  readonly states: Map<GraphMessage, GraphState>;
  /** By graph and node, so that a second look at a body replaces what the first one found. */
  readonly conflicts: Map<string, ShapeConflict[]>;
  /** Infers a graph inside a node, whose inputs are as given, or else as declared. */
  readonly inferBody: (
    context: InferenceContext,
    graph: GraphMessage,
    parent: GraphState,
    inputs?: readonly (BodyInput | undefined)[],
  ) => GraphState;
}

/** What is known of a body's inputs from outside. */
export interface BodyInput {
  readonly type: ValueType | undefined;
  readonly values?: KnownValues;
}
