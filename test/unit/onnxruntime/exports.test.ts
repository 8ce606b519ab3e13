// SPDX-License-Identifier: Apache-2.0
// Every export of onnxruntime-node and of onnxruntime-common is there, and importing costs little.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';

import * as dropIn from '../../../lib/onnxruntime';

const require = createRequire(import.meta.url);

/** Names that a module exports, read without running it: onnxruntime-node opens its library when it is loaded. */
function namesIn(declaration: string): string[] {
  return [...declaration.matchAll(/^ {4}(?:interface|type) (\w+)/gm)].map((match) => match[1]!);
}

describe('the drop-in', () => {
  it.each(['onnxruntime-common', 'onnxruntime-node'])('exports all that %s exports', (name) => {
    const names = Object.keys(require(name) as object);
    expect(names).toContain('InferenceSession');
    expect(names.filter((each) => !(each in dropIn))).toEqual([]);
  });

  it('has every type of the namespace InferenceSession', () => {
    const folder = require.resolve('onnxruntime-common').replace(/index\.js$/, '');
    const theirs = readFileSync(`${folder}inference-session.d.ts`, 'utf8');
    const ours = readFileSync(
      new URL('../../../lib/onnxruntime/inference-session.ts', import.meta.url),
      'utf8',
    );
    const names = namesIn(theirs.slice(0, theirs.indexOf('\n}\n')));
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !ours.includes(`type ${name} = common.InferenceSession.${name};`))).toEqual(
      [],
    );
  });

  it('tells its versions, the interface that it has and its own', () => {
    const { version } = require('../../../package.json') as { version: string };
    expect(dropIn.env.versions).toMatchObject({ node: dropIn.env.versions.common, 'tensorrt-node': version });
  });

  it('lists the backends that it serves', () => {
    expect(dropIn.listSupportedBackends()).toEqual([
      { name: 'cpu', bundled: true },
      { name: 'cuda', bundled: false },
      { name: 'tensorrt', bundled: false },
    ]);
  });
});

describe('sessionInfo', () => {
  it.each([[null], [undefined], [5], [{}], [{ handler: {} }]])('refuses %j', (value) => {
    expect(() => dropIn.sessionInfo(value as never)).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_ARG_TYPE' }),
    );
  });
});
