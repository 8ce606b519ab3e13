// SPDX-License-Identifier: Apache-2.0
import type { OnnxNodeInfo, OnnxTensorInfo, OnnxValueInfo } from './model-info';

/** A graph as it was read: the main graph, a subgraph of a node, or a function. */
export interface GraphDraft {
  /** Path of attribute names, e.g. `choice/then_branch`; empty for the main graph. */
  readonly scope: string;
  /** The graph around a subgraph, whose values its nodes may read. */
  readonly parent: GraphDraft | undefined;
  /** The node whose attribute a subgraph is. */
  owner: OnnxNodeInfo | undefined;
  name: string;
  readonly nodes: OnnxNodeInfo[];
  readonly initializers: OnnxTensorInfo[];
  /** Tensors in attributes of nodes. */
  readonly constants: OnnxTensorInfo[];
  readonly inputs: OnnxValueInfo[];
  readonly outputs: OnnxValueInfo[];
  readonly valueInfo: OnnxValueInfo[];
}

/** A model as it was read, before anything is checked. Fields that the file lacks are undefined. */
export interface ModelDraft {
  irVersion: number | undefined;
  producerName: string;
  producerVersion: string;
  readonly opsets: Map<string, number>;
  main: GraphDraft | undefined;
  /** The main graph, subgraphs and functions, in order of appearance. */
  readonly graphs: GraphDraft[];
}

/** A graph with nothing in it. */
export function newGraphDraft(scope: string, parent?: GraphDraft): GraphDraft {
  return {
    scope,
    parent,
    owner: undefined,
    name: '',
    nodes: [],
    initializers: [],
    constants: [],
    inputs: [],
    outputs: [],
    valueInfo: [],
  };
}

/** A model with nothing in it. */
export function newModelDraft(): ModelDraft {
  return {
    irVersion: undefined,
    producerName: '',
    producerVersion: '',
    opsets: new Map(),
    main: undefined,
    graphs: [],
  };
}
