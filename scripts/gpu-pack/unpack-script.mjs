// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes unpack.sh. The parts may have come one by one and lie in another folder; they are checked before anything is
 * unpacked.
 *
 * @param {string} folder
 * @param {{name: string, sha256: string}[]} parts
 * @param {{hasNode: boolean}} content
 */
export function writeUnpackScript(folder, parts, { hasNode }) {
  const sums = parts.map(({ name, sha256 }) => `${sha256}  ${name}`).join('\n');
  const names = parts.map(({ name }) => name).join(' ');
  const script = `#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Usage: sh unpack.sh <folder> [<folder with the parts>]
set -eu
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  echo "Usage: sh unpack.sh <folder> [<folder with the parts>]" >&2
  exit 2
fi
mkdir -p "$1"
target=$(cd "$1" && pwd)
cd "\${2:-$(dirname "$0")}"
missing=
for part in ${names}; do
  [ -f "$part" ] || missing="$missing $part"
done
if [ -n "$missing" ]; then
  echo "missing in $(pwd):$missing" >&2
  exit 1
fi
if ! sums=$(sha256sum -c 2>&1 <<'SUMS'
${sums}
SUMS
); then
  echo "$sums" >&2
  echo "a part is damaged: copy it again" >&2
  exit 1
fi
cat ${names} | tar -xzf - -C "$target"
node=${hasNode ? '"$target/bin/node"' : 'node'}
echo "unpacked into $target; now run:"
echo "  $node $target/scripts/gpu-check.mjs --output $target/results"
`;
  writeFileSync(join(folder, 'unpack.sh'), script, { mode: 0o755 });
}
