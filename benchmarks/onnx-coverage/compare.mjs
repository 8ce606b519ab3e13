// SPDX-License-Identifier: Apache-2.0
// Takes models through both sides and says where they differ.

import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { LinePeer } from '../harness/children.mjs';
import { pythonPeer } from '../harness/paths.mjs';
import { buildWithLikeMemory } from './like-memory.mjs';
import { buildOurs } from './ours.mjs';

/** Starts the Python side. */
export function startPeer() {
  const { command, env } = pythonPeer();
  return new LinePeer(command, [fileURLToPath(new URL('peer.py', import.meta.url))], { env });
}

/**
 * Compares models, `jobs` at a time, each build in a fresh process on both sides.
 *
 * @param listing the answer of a peer to `{ list: true }`
 * @param ids models of it to compare
 * @param onResult told each comparison as it is made
 */
export async function compareModels(listing, ids, { jobs, onResult }) {
  const queue = [...ids];
  const lane = async () => {
    const peer = startPeer();
    try {
      for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
        onResult(await compareModel(peer, id, join(listing.root, id)));
      }
    } finally {
      peer.close();
    }
  };
  await Promise.all(Array.from({ length: jobs }, lane));
}

async function compareModel(peer, id, path) {
  const { profile = null } = await peer.ask({ id, path, prepare: true });
  const theirs = await peer.ask({ id, path, profile });
  const ours = await buildOurs(path, profile);
  const isComparable = theirs.status === 'built' && ours.status === 'built';
  const bytes = isComparable ? await compareBytes({ id, path, profile }, theirs.sha256, ours.sha256) : null;
  return { id, set: id.split('/')[0], profile, theirs, ours, bytes };
}

/** 'same', 'same-with-like-memory' (the bytes depend on what the process did before), or 'different'. */
async function compareBytes(request, theirHash, ourHash) {
  if (theirHash === ourHash) return 'same';
  const { theirs, ours } = await buildWithLikeMemory(request);
  return theirs !== undefined && theirs === ours ? 'same-with-like-memory' : 'different';
}
