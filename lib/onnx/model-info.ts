// SPDX-License-Identifier: Apache-2.0
import type { TensorInfo } from '../tensor/tensor-info';
import type { ElementType } from '../tensor/element-type';

/** An input or output of an ONNX graph, with what `TensorInfo` cannot say. */
export interface OnnxValueInfo extends TensorInfo {
  /** What the value is. TensorRT knows tensors alone. */
  readonly kind: 'tensor' | 'sparse-tensor' | 'sequence' | 'map' | 'optional' | 'opaque' | 'none';
  /** ONNX's name of the element type, e.g. `FLOAT`, `FLOAT8E8M0`; `UNDEFINED` if there is none. */
  readonly onnxType: string;
  /** False if the model does not even say how many dimensions there are; `dims` is empty then. */
  readonly hasShape: boolean;
}

/** Where the bytes of an external tensor lie, as the model writes it. */
export interface ExternalLocation {
  /** File, relative to the model's folder. */
  readonly location: string;
  /** Bytes before the data; 0 if the model does not say. */
  readonly offset: number;
  /** Bytes of the data; absent: as many as the dims need. */
  readonly length?: number;
}

/** A constant tensor of a model without its content. */
export interface OnnxTensorInfo {
  /** Name of the tensor, or of the node's output that it is. */
  readonly name: string;
  /** Type of its elements, as this package names it. */
  readonly type: ElementType;
  /** ONNX's name of the type. */
  readonly onnxType: string;
  /** Its shape; empty for a scalar. */
  readonly dims: readonly number[];
  /** Product of the dims. */
  readonly elements: number;
  /** Bytes that the elements take; for strings the bytes of all texts. */
  readonly bytes: number;
  /** Where its bytes lie, if not in the model. */
  readonly external?: ExternalLocation;
  /** Path of the subgraph that holds it, e.g. `choice/then_branch`; empty for the main graph. */
  readonly scope: string;
}

/** One node, of the main graph, a subgraph or a function. */
export interface OnnxNodeInfo {
  /** May be empty: ONNX does not ask for node names. */
  readonly name: string;
  /** The operator, e.g. `Conv`. */
  readonly opType: string;
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  /** Position within its graph. */
  readonly index: number;
  /** Path of the subgraph or function that holds it; empty for the main graph. */
  readonly scope: string;
  /** Names; an empty one is an optional input left out. */
  readonly inputs: readonly string[];
  /** Names; an empty one is an optional output left out. */
  readonly outputs: readonly string[];
  /** ONNX's number of the type that the attribute `to`, `dtype` or `output_dtype` names. */
  readonly typeAttribute?: number;
  /** Type and shape of the tensor in the attribute `value` (Constant, ConstantOfShape). */
  readonly value?: OnnxTensorInfo;
}

/** A QuantizeLinear or DequantizeLinear node with its quantised type. */
export interface QuantizationNode {
  /** May be empty. */
  readonly name: string;
  /** `QuantizeLinear` or `DequantizeLinear`. */
  readonly opType: string;
  /** Path of the subgraph or function that holds it; empty for the main graph. */
  readonly scope: string;
  /** Name of its first output. */
  readonly output: string;
  /** ONNX's name of the quantised type; `UNDEFINED` if the model does not tell. */
  readonly onnxType: string;
}

/** Nodes of a model, counted and listed. */
export interface OnnxNodeSummary {
  /** All nodes: main graph, subgraphs and functions. */
  readonly count: number;
  /** How often each operator occurs, by domain (`''` is ONNX's own) and type. */
  readonly operators: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** All nodes, those of the main graph first. */
  readonly list: readonly OnnxNodeInfo[];
}

/** Tensors of one element type. */
export interface TypeShare {
  /** How many there are. */
  tensors: number;
  /** Elements of all of them. */
  elements: number;
  /** Bytes of all of them. */
  bytes: number;
}

/** Which element types a model is made of, by ONNX's names. */
export interface TypeCensus {
  /** Initializers and constants, subgraphs included. */
  readonly weights: Readonly<Record<string, TypeShare>>;
  /** Nodes that do the arithmetic (convolutions, matrix products, …), by the type that they compute in. */
  readonly compute: Readonly<Record<string, number>>;
  /** Those of them that read the output of a DequantizeLinear, by the quantised type. */
  readonly quantizedCompute: Readonly<Record<string, number>>;
  /** QuantizeLinear and DequantizeLinear nodes by the quantised type. */
  readonly quantize: Readonly<Record<string, number>>;
  /** Cast nodes by the type that they cast to. */
  readonly casts: Readonly<Record<string, number>>;
}

/** What an ONNX file says about itself, without its weights. Plain data. */
export interface ModelInfo {
  /** Version of ONNX's file format. */
  readonly irVersion: number;
  /** Name and version of the program that wrote the model; may be empty. */
  readonly producer: string;
  /** Opset version by domain; `''` is ONNX's own. */
  readonly opsets: Readonly<Record<string, number>>;
  /** Name of the main graph; may be empty. */
  readonly graphName: string;
  /** Inputs that the caller has to give: graph inputs that are not initializers. */
  readonly inputs: readonly OnnxValueInfo[];
  /** What the main graph gives. */
  readonly outputs: readonly OnnxValueInfo[];
  /** Names of dynamic dimensions of the inputs, in order of appearance. */
  readonly symbols: readonly string[];
  /** All nodes, counted and listed. */
  readonly nodes: OnnxNodeSummary;
  /** Initializers of the main graph and of subgraphs. */
  readonly initializers: readonly OnnxTensorInfo[];
  /** Elements of all initializers and of constants of floating-point type. */
  readonly parameterCount: number;
  /** Bytes of all initializers and constants, external ones included. */
  readonly weightBytes: number;
  /** Tensors by the type of their elements. */
  readonly typeCensus: TypeCensus;
  /** Quantising and dequantising nodes, in order. */
  readonly quantization: readonly QuantizationNode[];
  /** Initializers and constants whose bytes lie in other files. */
  readonly externalTensors: readonly OnnxTensorInfo[];
  /** External data files as the model names them, each once. */
  readonly externalFiles: readonly string[];
  /** Size of the .onnx file or of the bytes. */
  readonly fileBytes: number;
  /** Names of inputs whose values, not only shapes, decide about shapes; sure cases only. */
  readonly shapeInputs: readonly string[];
  /** Oddities that do not stop anybody from using the model. */
  readonly problems: readonly string[];
}
