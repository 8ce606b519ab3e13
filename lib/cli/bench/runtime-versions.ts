// SPDX-License-Identifier: Apache-2.0
import type { Session } from '../../runtime/session';
import type { CommandContext } from '../command';

/** Versions that the numbers depend on, as far as the probe tells them. */
export async function runtimeVersions(
  { backend }: Pick<Session, 'backend'>,
  { api, version }: CommandContext,
): Promise<Record<string, string>> {
  const { cpu, cuda, tensorrt } = await api.probe();
  const library = tensorrt.find(({ usable }) => usable);
  const onGpu = { [library?.family ?? 'tensorrt']: library?.version, driver: cuda.driver };
  const used = backend === 'onnxruntime' ? { onnxruntime: cpu.version } : onGpu;
  const known = Object.entries({ 'tensorrt-node': version, ...used });
  return Object.fromEntries(known.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
