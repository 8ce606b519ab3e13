// SPDX-License-Identifier: Apache-2.0
// Checks of a model's inputs that are neither image nor sound.

import { finite } from '../../ops/boxes/box-checks';
import { integer, isPlainObject, oneOf, typed, typeError, valueError } from '../../option-checks';
import type { OtherInput, OtherInputs } from './pipeline-spec';
import { checkedAt, refuseUnknownKeys } from './spec-error';

const KEYS: Readonly<Record<OtherInput['kind'], readonly string[]>> = {
  'image-size': ['kind', 'of', 'order'],
  constant: ['kind', 'values', 'dims'],
  given: ['kind'],
};

/** @throws {TensorRTError} `ERR_TRT_ARG_*` */
export function checkOthers(at: string, others: OtherInputs | undefined, isImage: boolean): void {
  if (others === undefined) return;
  checkedAt(at, () => typed('an object, an entry for each input', isPlainObject)('others', others));
  for (const [name, other] of Object.entries(others)) {
    const place = `${at}.others.${name}`;
    checkedAt(place, () => {
      typed('an object', isPlainObject)(name, other);
      oneOf(...Object.keys(KEYS))('kind', other.kind);
      if (other.kind === 'image-size' && !isImage)
        throw valueError('kind', other.kind, "'constant' or 'given': sounds have no such size");
    });
    refuseUnknownKeys(place, other, KEYS[other.kind]);
    checkedAt(place, () => checkOther(other));
  }
}

function checkOther(other: OtherInput): void {
  if (other.kind === 'image-size') {
    oneOf('image', 'model', 'scale')('of', other.of ?? 'image');
    oneOf('height-width', 'width-height')('order', other.order ?? 'height-width');
  }
  if (other.kind !== 'constant') return;
  const { values, dims } = other;
  if (!Array.isArray(values)) throw typeError('values', values, 'a list of numbers');
  values.forEach((value: unknown, index) => finite(`values[${index}]`, value));
  if (dims === undefined) return;
  if (!Array.isArray(dims)) throw typeError('dims', dims, 'a list of whole numbers');
  dims.forEach((size: unknown, index) => integer(0, 2 ** 31)(`dims[${index}]`, size));
}
