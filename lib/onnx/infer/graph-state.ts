// SPDX-License-Identifier: Apache-2.0
import type { GraphMessage, TensorMessage, ValueMessage } from '../graph/onnx-messages';
import { tensorValues } from './constant-values';
import type { DimAlgebra, Dims } from './dim-algebra';
import type { InputLookup } from './node-view';
import type { KnownValues, ValueType } from './value-type';

/** What is known of the values of one graph; values of the graphs around it are looked up there. */
export class GraphState implements InputLookup {
  readonly types = new Map<string, ValueType>();
  readonly values = new Map<string, KnownValues>();
  private readonly constants = new Map<string, TensorMessage>();
  /** Graphs around this one. */
  readonly depth: number;

  /** @param canOverride - True if callers may replace initializers that are inputs too. */
  constructor(
    readonly graph: GraphMessage,
    readonly parent: GraphState | undefined,
    canOverride: boolean,
  ) {
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    const inputs = new Set(canOverride ? graph.input.map(({ name }) => name) : []);
    for (const tensor of graph.initializer) {
      const name = tensor.name ?? '';
      if (inputs.has(name)) continue;
      this.constants.set(name, tensor);
      this.types.set(name, { elemType: tensor.dataType, dims: tensor.dims });
    }
  }

  typeOf(name: string): ValueType | undefined {
    return this.types.get(name) ?? this.parent?.typeOf(name);
  }

  valuesOf(name: string): KnownValues | undefined {
    const known = this.values.get(name);
    if (known !== undefined) return known;
    const constant = this.constants.get(name);
    if (constant !== undefined) {
      const values = tensorValues(constant);
      if (values !== undefined) this.values.set(name, values);
      return values;
    }
    return this.types.has(name) ? undefined : this.parent?.valuesOf(name);
  }

  isConstant(name: string): boolean {
    return this.constants.has(name);
  }

  /** Symbols of the sizes in this graph and those around it. */
  visibleSymbols(): Set<string> {
    const symbols = this.parent?.visibleSymbols() ?? new Set<string>();
    for (const { dims } of this.types.values())
      for (const dim of dims ?? []) if (typeof dim === 'string') symbols.add(dim);
    return symbols;
  }
}

/** A type as a model declares it; symbols of bodies may stand for another size in each iteration. */
export function declaredType(
  { type }: ValueMessage,
  algebra: DimAlgebra,
  isInner: boolean,
): ValueType | undefined {
  const tensor = type?.tensorType;
  if (tensor === undefined) return undefined;
  const dims: Dims | undefined = tensor.shape?.dim.map(({ dimValue, dimParam }) =>
    algebra.declared(dimValue ?? (isInner ? undefined : dimParam)),
  );
  return { elemType: tensor.elemType ?? 0, dims };
}
