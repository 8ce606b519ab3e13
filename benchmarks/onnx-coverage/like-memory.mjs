// SPDX-License-Identifier: Apache-2.0
// Builds of both sides with memory laid out alike, for models whose bytes depend on that; see ascending_malloc.c.

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LinePeer, runForJson } from '../harness/children.mjs';
import { pythonPeer, ROOT } from '../harness/paths.mjs';

const LIBRARY = join(ROOT, 'build', 'ascending_malloc.so');
let isCompiled = false;

const file = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The SHA-256 of both sides' engines for `{ id, path, profile }`. */
export async function buildWithLikeMemory(request) {
  compile();
  const { command, env } = pythonPeer();
  const peer = new LinePeer(command, [file('peer.py')], { env: { ...env, LD_PRELOAD: LIBRARY } });
  try {
    const theirs = await peer.ask(request);
    const args = [file('ours.mjs'), request.path, JSON.stringify(request.profile)];
    const ours = await runForJson(process.execPath, args, { env: { ...process.env, LD_PRELOAD: LIBRARY } });
    return { theirs: theirs.sha256, ours: ours.sha256 };
  } finally {
    peer.close();
  }
}

function compile() {
  if (isCompiled) return;
  mkdirSync(dirname(LIBRARY), { recursive: true });
  execFileSync(process.env.CC ?? 'cc', [
    '-O2',
    '-shared',
    '-fPIC',
    '-o',
    LIBRARY,
    file('ascending_malloc.c'),
  ]);
  isCompiled = true;
}
