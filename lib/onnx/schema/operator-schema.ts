// SPDX-License-Identifier: Apache-2.0
// What ONNX says about its operators: counts, types and attributes of every version that opsets from 7 on use.
// Facts of the Python package onnx, in a generated table; source: https://onnx.ai/onnx/operators/

import { OPERATOR_TABLE } from './operator-table';

/** AttributeProto.AttributeType. */
export type AttributeType = number;

/** An attribute of an operator. */
export interface AttributeSchema {
  readonly name: string;
  readonly type: AttributeType;
  readonly required: boolean;
  /** Only where it is a plain number or string. */
  readonly default?: number | string;
}

/** An input or output of an operator. */
export interface ParameterSchema {
  readonly option: 'single' | 'optional' | 'variadic';
  /** A type variable of `typeConstraints`, or a type itself, like `tensor(int64)`. */
  readonly type: string;
  /** False for variadic parameters whose values may differ in type. */
  readonly homogeneous: boolean;
  /** Fewest values of a variadic parameter. */
  readonly least: number;
}

/** Numbers of tensor element types (`TensorProto.DataType`), and other types as ONNX writes them: `seq(tensor(float))`. */
export type TypeList = readonly (number | string)[];

/** One version of an operator. */
export interface OperatorSchema {
  readonly name: string;
  /** The first opset with this version. */
  readonly sinceVersion: number;
  readonly deprecated: boolean;
  readonly inputs: readonly ParameterSchema[];
  readonly outputs: readonly ParameterSchema[];
  readonly attributes: ReadonlyMap<string, AttributeSchema>;
  /** Types that a variable of `inputs` and `outputs` may stand for. */
  readonly typeConstraints: ReadonlyMap<string, TypeList>;
}

/** Name to `[since, inputs, outputs, attributes, constraints, deprecated]`. */
type RawVersion = readonly [number, string, string, number, string, 1?];

interface RawTable {
  readonly newest: number;
  readonly types: readonly TypeList[];
  readonly attributes: readonly Readonly<Record<string, string>>[];
  readonly operators: Readonly<Record<string, readonly RawVersion[]>>;
  readonly otherDomains: Readonly<Record<string, readonly string[]>>;
}

const OLDEST = 7;
const NUMERIC_TYPES = new Set([1, 2]);

let table: RawTable | undefined;
const schemas = new Map<RawVersion, OperatorSchema>();

/** The table, read at its first use. */
function readTable(): RawTable {
  return (table ??= JSON.parse(OPERATOR_TABLE) as RawTable);
}

/** The newest opset of ONNX's own domain that the table knows. */
export function newestOpset(): number {
  return readTable().newest;
}

/**
 * The version of an operator that an opset has.
 *
 * @param opset - Opsets older than 7 are taken as 7, those newer than the table as its newest.
 * @param domain - Only ONNX's own domain has schemas.
 * @returns `undefined` for an operator that the opset does not have
 */
export function operatorSchema(name: string, opset: number, domain = ''): OperatorSchema | undefined {
  if (domain !== '' && domain !== 'ai.onnx') return undefined;
  const versions = Object.hasOwn(readTable().operators, name) ? readTable().operators[name]! : [];
  const version = versions.filter(([since]) => since <= Math.max(opset, OLDEST)).at(-1);
  return version && schemaOf(name, version);
}

/** Opsets at which an operator came or changed, from the version that opset 7 has on; empty for unknown operators. */
export function operatorVersions(name: string): number[] {
  const { operators } = readTable();
  return Object.hasOwn(operators, name) ? operators[name]!.map(([since]) => since) : [];
}

/** Names of all operators of ONNX's own domain, or of another domain that ONNX defines: `ai.onnx.ml`. */
export function operatorNames(domain = ''): readonly string[] {
  const { operators, otherDomains } = readTable();
  if (domain === '' || domain === 'ai.onnx') return Object.keys(operators);
  return Object.hasOwn(otherDomains, domain) ? otherDomains[domain]! : [];
}

function schemaOf(name: string, raw: RawVersion): OperatorSchema {
  let schema = schemas.get(raw);
  if (schema === undefined) {
    const [sinceVersion, inputs, outputs, attributes, constraints, deprecated] = raw;
    schema = {
      name,
      sinceVersion,
      deprecated: deprecated === 1,
      inputs: readParameters(inputs),
      outputs: readParameters(outputs),
      attributes: readAttributes(readTable().attributes[attributes]!),
      typeConstraints: readConstraints(constraints),
    };
    schemas.set(raw, schema);
  }
  return schema;
}

function readParameters(text: string): ParameterSchema[] {
  if (text === '') return [];
  return text.split(',').map((one) => {
    const [, type = '', mark, least] = /^(.*?)(?:([?*+])(\d*))?$/.exec(one)!;
    const option = mark === undefined ? 'single' : mark === '?' ? 'optional' : 'variadic';
    return { option, type, homogeneous: mark !== '+', least: Number(least ?? '') };
  });
}

function readAttributes(raw: Readonly<Record<string, string>>): Map<string, AttributeSchema> {
  return new Map(
    Object.entries(raw).map(([name, text]) => {
      const [, number, mark, rest = ''] = /^(\d+)([!=]?)(.*)$/.exec(text)!;
      const type = Number(number);
      const schema = { name, type, required: mark === '!' };
      if (mark !== '=') return [name, schema];
      return [name, { ...schema, default: NUMERIC_TYPES.has(type) ? Number(rest) : rest }];
    }),
  );
}

function readConstraints(text: string): Map<string, TypeList> {
  if (text === '') return new Map();
  return new Map(
    text.split(',').map((one) => {
      const [name = '', index] = one.split('=');
      return [name, readTable().types[Number(index)]!];
    }),
  );
}

/** The parameter that input or output `index` belongs to; `undefined` if there are too many. */
export function parameterAt(
  parameters: readonly ParameterSchema[],
  index: number,
): ParameterSchema | undefined {
  const last = parameters.at(-1);
  return parameters[index] ?? (last?.option === 'variadic' ? last : undefined);
}
