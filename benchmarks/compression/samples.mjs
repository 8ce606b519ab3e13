// SPDX-License-Identifier: Apache-2.0

/** Images as they are, and moved by a column to the left and to the right: what is calibrated and tested with is moved. */
export function moved({ inputs, labels }) {
  const columns = [0, -1, 1];
  const parts = columns.map((by) => shift(inputs, by));
  const data = new Float32Array(columns.length * inputs.data.length);
  parts.forEach((part, index) => data.set(part, index * inputs.data.length));
  const [count, ...rest] = inputs.dims;
  return {
    inputs: { input: { data, dims: [columns.length * count, ...rest] } },
    labels: {
      data: Int32Array.from(columns.flatMap(() => [...labels.data])),
      dims: [columns.length * count],
    },
  };
}

/** Zeros come in. */
function shift({ data, dims }, by) {
  const width = dims.at(-1);
  return data.map((_, at) => {
    const column = (at % width) - by;
    return column < 0 || column >= width ? 0 : data[at - by];
  });
}
