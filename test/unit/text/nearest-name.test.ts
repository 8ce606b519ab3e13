// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { didYouMean, nearestName } from '../../../lib/text/nearest-name';

describe('nearestName', () => {
  const options = ['workspaceBytes', 'profiles', 'precision', 'x', 'images'];
  it.each([
    ['workspaceByte', 'workspaceBytes'],
    ['WORKSPACEBYTES', 'workspaceBytes'],
    ['profile', 'profiles'],
    ['precsion', 'precision'],
    ['imgaes', 'images'],
    ['y', 'x'],
  ])('takes %s for %s', (name, expected) => {
    expect(nearestName(name, options)).toBe(expected);
  });

  it('names nothing when nothing is near', () => {
    expect(nearestName('temperature', options)).toBeUndefined();
    expect(nearestName('a', [])).toBeUndefined();
  });

  it('prefers the nearer of two candidates', () => {
    expect(nearestName('batch', ['patch_size', 'batches', 'batch_'])).toBe('batch_');
  });

  it('compares very long names by their beginning', () => {
    expect(nearestName(`${'a'.repeat(1e6)}b`, ['a'.repeat(1e6)])).toBe('a'.repeat(1e6));
  });

  it('words the suggestion for a message', () => {
    expect(didYouMean('profils', options)).toBe(' Did you mean "profiles"?');
    expect(didYouMean('nothing like it', options)).toBe('');
  });
});
