// SPDX-License-Identifier: Apache-2.0
import { ATTRIBUTE, ATTRIBUTE_TYPE, FUNCTION, GRAPH, NODE } from './onnx-schema';
import { DATA_TYPE, dataTypeName, elementTypeOf } from './data-type';
import { newGraphDraft, type GraphDraft, type ModelDraft } from './model-draft';
import type { OnnxNodeInfo, OnnxTensorInfo } from './model-info';
import { readSparseTensor, readTensor } from './read-tensor';
import { readValueInfo } from './read-value-info';
import type { Field, Walk, WireCursor } from './wire-cursor';

/** Each takes some hundred bytes of memory and at least two of the file: without a limit 1 GiB makes 100 GiB. */
const MOST_ITEMS = 1_000_000;
const MOST_GRAPHS = 10_000;
const LONGEST_LABEL = 100;

interface NodeDraft {
  name: string;
  opType: string;
  domain: string;
  readonly inputs: string[];
  readonly outputs: string[];
  typeAttribute?: number;
  value?: OnnxTensorInfo;
  /** Subgraphs get their path when the node's name is known: after all fields of the node. */
  subgraphs?: { attribute: string; fields: Field[] }[];
}

interface AttributeDraft {
  name: string;
  type: number;
  int: number | undefined;
  readonly graphs: Field[];
  readonly tensors: OnnxTensorInfo[];
}

/** Reads graphs into a model draft: nodes, tensors, values, and with them subgraphs and functions. */
export class GraphReader {
  private items = 0;

  constructor(
    private readonly cursor: WireCursor,
    private readonly model: ModelDraft,
  ) {}

  /** Reads a GraphProto. */
  *readGraph(field: Field, graph: GraphDraft): Walk<void> {
    this.cursor.position = field.start;
    yield* this.cursor.eachField(field.end, (inner) => this.readGraphField(inner, graph));
  }

  /** Reads a FunctionProto; its nodes count like those of a graph. */
  *readFunction(field: Field): Walk<void> {
    let name = '';
    let domain = '';
    const nodes: Field[] = [];
    this.cursor.position = field.start;
    const { cursor } = this;
    yield* cursor.eachField(field.end, function* (inner): Walk<void> {
      if (inner.tag === FUNCTION.name) name = yield* cursor.text(inner);
      else if (inner.tag === FUNCTION.domain) domain = yield* cursor.text(inner);
      else if (inner.tag === FUNCTION.node && nodes.length < MOST_ITEMS) nodes.push(inner);
    });
    const graph = this.newGraph(`function ${domain}.${name}`);
    for (const node of nodes) yield* this.readNode(node, graph);
  }

  /** A new graph of the model. */
  newGraph(scope: string, parent?: GraphDraft): GraphDraft {
    const graph = newGraphDraft(scope, parent);
    if (this.model.graphs.push(graph) > MOST_GRAPHS)
      throw this.cursor.corrupt(`more than ${MOST_GRAPHS} subgraphs`);
    return graph;
  }

  private readGraphField(field: Field, graph: GraphDraft): Walk<void> | undefined {
    switch (field.tag) {
      case GRAPH.node:
        return this.readNode(field, graph);
      case GRAPH.name:
        return this.readName(field, graph);
      case GRAPH.initializer:
        return this.readInto(readTensor(this.cursor, field, graph.scope), graph.initializers);
      case GRAPH.sparseInitializer:
        return this.readInto(readSparseTensor(this.cursor, field, graph.scope), graph.initializers);
      case GRAPH.input:
        return this.readInto(readValueInfo(this.cursor, field), graph.inputs);
      case GRAPH.output:
        return this.readInto(readValueInfo(this.cursor, field), graph.outputs);
      case GRAPH.valueInfo:
        return this.readInto(readValueInfo(this.cursor, field), graph.valueInfo);
      default:
        return undefined;
    }
  }

  private *readInto<T>(walk: Walk<T | undefined>, list: T[]): Walk<void> {
    this.countItem();
    const item = yield* walk;
    if (item !== undefined) list.push(item);
  }

  private *readName(field: Field, target: { name: string }): Walk<void> {
    target.name = yield* this.cursor.text(field);
  }

  private *readNode(field: Field, graph: GraphDraft): Walk<void> {
    this.countItem();
    const node: NodeDraft = { name: '', opType: '', domain: '', inputs: [], outputs: [] };
    this.cursor.position = field.start;
    yield* this.cursor.eachField(field.end, (inner) => this.readNodeField(inner, node, graph));
    const index = graph.nodes.length;
    const info = finishNode(node, index, graph.scope);
    graph.nodes.push(info);
    const label = (node.name !== '' ? node.name : `${node.opType}#${index}`).slice(0, LONGEST_LABEL);
    const path = graph.scope === '' ? label : `${graph.scope}/${label}`;
    for (const { attribute, fields } of node.subgraphs ?? []) {
      for (const subgraph of fields)
        yield* this.readSubgraph(subgraph, `${path}/${attribute}`, { graph, node: info });
    }
  }

  private *readNodeField(field: Field, node: NodeDraft, graph: GraphDraft): Walk<void> {
    switch (field.tag) {
      case NODE.input:
        node.inputs.push(yield* this.cursor.text(field));
        break;
      case NODE.output:
        node.outputs.push(yield* this.cursor.text(field));
        break;
      case NODE.name:
        node.name = yield* this.cursor.text(field);
        break;
      case NODE.opType:
        node.opType = yield* this.cursor.text(field);
        break;
      case NODE.domain:
        node.domain = withoutDefault(yield* this.cursor.text(field));
        break;
      case NODE.attribute:
        yield* this.readAttribute(field, node, graph);
        break;
      default:
    }
  }

  /** Subgraphs are read after their node, outside the node's own message: their depth is counted here. */
  private *readSubgraph(
    field: Field,
    path: string,
    owner: { graph: GraphDraft; node: OnnxNodeInfo },
  ): Walk<void> {
    const graph = this.newGraph(path, owner.graph);
    graph.owner = owner.node;
    this.cursor.depth += 3;
    yield* this.readGraph(field, graph);
    this.cursor.depth -= 3;
  }

  private *readAttribute(field: Field, node: NodeDraft, graph: GraphDraft): Walk<void> {
    const draft: AttributeDraft = { name: '', type: 0, int: undefined, graphs: [], tensors: [] };
    this.cursor.position = field.start;
    yield* this.cursor.eachField(field.end, (inner) => this.readAttributeField(inner, draft, graph));
    const { name, tensors, graphs } = draft;
    for (const tensor of tensors) graph.constants.push(tensor);
    if (graphs.length > 0) (node.subgraphs ??= []).push({ attribute: name, fields: graphs });
    if (name === 'to' || name === 'dtype' || name === 'output_dtype') setType(node, draft.int);
    if (tensors[0] !== undefined && (name === 'value' || name === 'sparse_value')) node.value = tensors[0];
    else if (name.startsWith('value_')) node.value ??= scalarConstant(draft.type, graph.scope);
  }

  private readAttributeField(field: Field, draft: AttributeDraft, graph: GraphDraft): Walk<void> | void {
    switch (field.tag) {
      case ATTRIBUTE.name:
        return this.readName(field, draft);
      case ATTRIBUTE.int:
        draft.int = field.value;
        return;
      case ATTRIBUTE.type:
        draft.type = field.value;
        return;
      case ATTRIBUTE.tensor:
      case ATTRIBUTE.tensors:
        return this.readInto(readTensor(this.cursor, field, graph.scope), draft.tensors);
      case ATTRIBUTE.sparseTensor:
        return this.readInto(readSparseTensor(this.cursor, field, graph.scope), draft.tensors);
      case ATTRIBUTE.graph:
      case ATTRIBUTE.graphs:
        this.countItem();
        draft.graphs.push(field);
        return;
      default:
    }
  }

  private countItem(): void {
    if (++this.items > MOST_ITEMS)
      throw this.cursor.corrupt(`more than ${MOST_ITEMS} nodes, tensors and values`);
  }
}

/** A new object with just the facts: spreading a draft would cost as much as reading it. */
function finishNode(draft: NodeDraft, index: number, scope: string): OnnxNodeInfo {
  const { name, opType, domain, inputs, outputs, typeAttribute, value } = draft;
  const node: { -readonly [Key in keyof OnnxNodeInfo]: OnnxNodeInfo[Key] } = {
    name,
    opType,
    domain,
    index,
    scope,
    inputs,
    outputs,
  };
  if (typeAttribute !== undefined) node.typeAttribute = typeAttribute;
  if (value !== undefined) node.value = value;
  return node;
}

/** ONNX's own domain has two spellings. */
function withoutDefault(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

function setType(node: NodeDraft, dataType: number | undefined): void {
  if (dataType !== undefined && dataType !== 0) node.typeAttribute = dataType;
}

/** The type of a Constant that is written as a plain attribute; how many values it has does not matter here. */
function scalarConstant(attributeType: number, scope: string): OnnxTensorInfo | undefined {
  const types: Readonly<Record<number, number>> = {
    [ATTRIBUTE_TYPE.FLOAT]: DATA_TYPE.FLOAT,
    [ATTRIBUTE_TYPE.FLOATS]: DATA_TYPE.FLOAT,
    [ATTRIBUTE_TYPE.INT]: DATA_TYPE.INT64,
    [ATTRIBUTE_TYPE.INTS]: DATA_TYPE.INT64,
    [ATTRIBUTE_TYPE.STRING]: DATA_TYPE.STRING,
    [ATTRIBUTE_TYPE.STRINGS]: DATA_TYPE.STRING,
  };
  const dataType = types[attributeType];
  if (dataType === undefined) return undefined;
  const type = elementTypeOf(dataType);
  return { name: '', type, onnxType: dataTypeName(dataType), dims: [], elements: 1, bytes: 0, scope };
}
