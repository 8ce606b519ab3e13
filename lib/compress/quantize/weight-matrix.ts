// SPDX-License-Identifier: Apache-2.0
import { intAttribute } from '../../onnx/graph/graph-walk';
import type { WeightSite } from './weight-sites';
import { reductionAxis } from '../layers/weighted-operators';

/** Weights as a matrix: a row for each output channel, a column for each value that is summed. */
export interface WeightMatrix {
  readonly rows: number;
  readonly columns: number;
  /** Steps from one row or column to the next among the weights. */
  readonly rowStep: number;
  readonly columnStep: number;
  /** Columns that share a scale. */
  readonly blockSize: number;
  /** Steps from one row or block to the next among the scales. */
  readonly rowScaleStep: number;
  readonly blockScaleStep: number;
}

/** How the weights of a site form one matrix, or the reason why they do not. */
export function weightMatrix({ node, weight, layout, weightIndex }: WeightSite): WeightMatrix | string {
  const { dims } = weight;
  if (node.opType === 'ConvTranspose') return 'its weights form no matrix';
  if (node.opType === 'Conv') {
    if (intAttribute(node, 'group', 1) !== 1) return 'it has groups, each with a matrix of its own';
    const columns = dims.slice(1).reduce((product, dim) => product * dim, 1);
    const perRow = { rowScaleStep: 1, blockScaleStep: 0, blockSize: columns };
    return { rows: dims[0]!, columns, rowStep: columns, columnStep: 1, ...perRow };
  }
  if (dims.length !== 2) return `its weights have ${dims.length} dimensions, not 2`;
  const reduced = reductionAxis(node, weight, weightIndex);
  const [rows, columns] = [dims[1 - reduced]!, dims[reduced]!];
  const { blockSize = columns } = layout;
  const blocks = Math.ceil(columns / blockSize);
  const isRowMajor = reduced === 1;
  const scales =
    layout.blockSize === undefined
      ? { rowScaleStep: 1, blockScaleStep: 0 }
      : isRowMajor
        ? { rowScaleStep: blocks, blockScaleStep: 1 }
        : { rowScaleStep: 1, blockScaleStep: rows };
  return {
    rows,
    columns,
    rowStep: isRowMajor ? columns : 1,
    columnStep: isRowMajor ? 1 : rows,
    blockSize,
    ...scales,
  };
}
