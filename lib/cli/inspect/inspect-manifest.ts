// SPDX-License-Identifier: Apache-2.0
import { FAMILY_NAMES } from '../../runtime/library-version';
import { readManifest } from '../../runtime/manifest';
import type { CommandContext, CommandResult } from '../command';
import { formatFacts, indent } from '../terminal/table';
import { printable } from '../terminal/text-width';
import { formatManifestTables, manifestFacts } from './inspect-plan';

/**
 * Describes a manifest, after checking every field.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_MANIFEST_INVALID`, `ERR_TRT_LOAD_FILE`
 */
export async function inspectManifest(
  path: string,
  { terminal, isVerbose }: CommandContext,
): Promise<CommandResult> {
  const manifest = (await readManifest(path))!;
  const { style } = terminal;
  const product = FAMILY_NAMES[manifest.family].replace(/ \d+$/, '');
  return {
    json: { kind: 'manifest', path, ...manifest },
    lines: () => [
      `${style.bold(printable(path))}  ${style.dim('manifest of an engine')}`,
      ...indent(
        formatFacts(
          [
            ['built with', printable(`${product} ${manifest.version}`)],
            ...manifestFacts(manifest, isVerbose),
          ],
          style.dim,
        ),
      ),
      ...formatManifestTables(manifest, style),
    ],
  };
}
