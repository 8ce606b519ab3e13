// SPDX-License-Identifier: Apache-2.0

/** How parameters are changed by their gradients. */
export interface OptimizerOptions {
  /** Default `'adam'`. */
  readonly optimizer?: 'sgd' | 'adam' | 'adamw';
  /** Default 0.001, for `'sgd'` 0.05. */
  readonly learningRate?: number;
  /** Of `'sgd'`. Default 0.9. */
  readonly momentum?: number;
  /** Of `'adam'` and `'adamw'`. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /**
   * Draws weights of two and more dimensions towards zero. `'adamw'` takes it off the weight itself, the others add it to
   * the gradient. Default 0, for `'adamw'` 0.01.
   */
  readonly weightDecay?: number;
}

/** A parameter, its gradient, and what the optimiser remembers of it: all changed in place but the gradient. */
export interface UpdatedParameter {
  readonly values: Float32Array;
  readonly gradient: Float32Array;
  readonly slots: readonly Float32Array[];
  /** Biases and scales are not drawn to zero. */
  readonly isDecayed: boolean;
}

/** An optimiser: arithmetic only, what it remembers belongs to the caller. */
export interface Optimizer {
  /** Arrays of the parameter's length that it remembers, zero at first. */
  readonly slots: number;
  readonly learningRate: number;
  /** @param step - From 1 on. @param rate - The learning rate of this step. */
  update(parameter: UpdatedParameter, step: number, rate: number): void;
}

const EPSILON = 1e-8;

/** The optimiser of the options. */
export function createOptimizer(options: OptimizerOptions): Optimizer {
  return options.optimizer === 'sgd' ? createSgd(options) : createAdam(options);
}

/** v = momentum v + g, w = w - rate v. Polyak, 1964. */
function createSgd({ learningRate = 0.05, momentum = 0.9, weightDecay = 0 }: OptimizerOptions): Optimizer {
  return {
    slots: 1,
    learningRate,
    update({ values, gradient, slots: [velocity], isDecayed }, _, rate) {
      const decay = isDecayed ? weightDecay : 0;
      const v = velocity!;
      for (let i = 0; i < values.length; i++) {
        v[i] = momentum * v[i]! + gradient[i]! + decay * values[i]!;
        values[i] = values[i]! - rate * v[i]!;
      }
    },
  };
}

/** Adam: Kingma and Ba, 2015. AdamW: Loshchilov and Hutter, 2019. */
function createAdam(options: OptimizerOptions): Optimizer {
  const isDecoupled = options.optimizer === 'adamw';
  const { learningRate = 0.001, betas = [0.9, 0.999], weightDecay = isDecoupled ? 0.01 : 0 } = options;
  const [beta1, beta2] = betas;
  return {
    slots: 2,
    learningRate,
    update({ values, gradient, slots: [first, second], isDecayed }, step, rate) {
      const [m, v] = [first!, second!];
      const size = rate / (1 - beta1 ** step);
      const correction = 1 / Math.sqrt(1 - beta2 ** step);
      const added = isDecayed && !isDecoupled ? weightDecay : 0;
      const kept = isDecayed && isDecoupled ? 1 - rate * weightDecay : 1;
      for (let i = 0; i < values.length; i++) {
        const g = gradient[i]! + added * values[i]!;
        m[i] = beta1 * m[i]! + (1 - beta1) * g;
        v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
        values[i] = kept * values[i]! - (size * m[i]!) / (Math.sqrt(v[i]!) * correction + EPSILON);
      }
    },
  };
}

/** Makes gradients shorter that are longer than `limit`, all by the same factor. @returns their length before */
export function clipGradients(gradients: readonly Float32Array[], limit: number | undefined): number {
  let sum = 0;
  for (const gradient of gradients) for (let i = 0; i < gradient.length; i++) sum += gradient[i]! ** 2;
  const length = Math.sqrt(sum);
  if (limit === undefined || length <= limit) return length;
  for (const gradient of gradients)
    for (let i = 0; i < gradient.length; i++) gradient[i] = (gradient[i]! * limit) / length;
  return length;
}
