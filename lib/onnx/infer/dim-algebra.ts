// SPDX-License-Identifier: Apache-2.0
// Sizes of dimensions, and arithmetic on them. A size that is not a number is a symbol: one of the model, or one made
// here. Two equal symbols are the same size, always; so the same computation on the same sizes makes the same symbol.

/** A size: a number, a symbol of the model, or a symbol made here, which starts with `?`. */
export type Dim = number | string;
/** Sizes of a value, outermost first. */
export type Dims = readonly Dim[];

const MADE = '?';
/** Far more dimensions than any runtime has. */
const LARGEST_RANK = 256;
/** Factors of a product that are followed: squares of squares would have any number of them. */
const MOST_FACTORS = 64;
/** Names that exporters give to every size they do not know: no two of them need be the same. */
const NOT_A_SYMBOL = /^(\?.*|None|-1|)$/;

/** True for a symbol of the model, which can be shown. */
export function isNamed(dim: Dim): boolean {
  return typeof dim === 'number' || !dim.startsWith(MADE);
}

/** A whole number times symbols. */
interface Product {
  readonly factor: number;
  /** Sorted; a symbol stands as often as it is multiplied. */
  readonly symbols: readonly string[];
}

/** The symbols of one inference. */
export class DimAlgebra {
  private readonly made = new Map<string, string>();
  private readonly products = new Map<string, Product>();
  private readonly signed = new Set<string>();
  private readonly bound = new Map<string, number>();
  private count = 0;

  /** A size that nothing is known of. */
  fresh(): string {
    return `${MADE}${this.count++}`;
  }

  /** `rank` sizes that nothing is known of. */
  freshDims(rank: number): Dim[] {
    return Array.from({ length: rank }, () => this.fresh());
  }

  /** As `freshDims` for a rank that the model says itself: undefined where that is no number, or not a rank. */
  dimsOfRank(rank: Dim | undefined): Dim[] | undefined {
    const isRank = typeof rank === 'number' && rank >= 0 && rank <= LARGEST_RANK;
    return isRank ? this.freshDims(rank) : undefined;
  }

  /** A size as a model declares it. */
  declared(value: number | string | undefined): Dim {
    if (typeof value === 'number') return value >= 0 ? value : this.fresh();
    if (value === undefined || NOT_A_SYMBOL.test(value)) return this.fresh();
    return this.bound.get(value) ?? value;
  }

  /** Gives a symbol of the model its size; the first one counts. */
  bind(symbol: string, size: number): void {
    if (!this.bound.has(symbol) && !NOT_A_SYMBOL.test(symbol)) this.bound.set(symbol, size);
  }

  /** True for numbers and symbols that cannot be negative. */
  isSize(dim: Dim): boolean {
    return typeof dim === 'number' ? dim >= 0 : !this.signed.has(dim);
  }

  /** `compute` of numbers; the symbol of this computation where one of them is a symbol. */
  apply(name: string, operands: Dims, compute: (...numbers: number[]) => number): Dim {
    if (operands.every((one) => typeof one === 'number')) return compute(...operands);
    const key = `${name}(${operands.join(',')})`;
    let symbol = this.made.get(key);
    if (symbol === undefined) this.made.set(key, (symbol = this.fresh()));
    return symbol;
  }

  /** Like `apply`, for values that may be negative and are not sizes. */
  applySigned(name: string, operands: Dims, compute: (...numbers: number[]) => number): Dim {
    const result = this.apply(name, operands, compute);
    if (typeof result === 'string') this.signed.add(result);
    return result;
  }

  add(a: Dim, b: Dim): Dim {
    if (a === 0) return b;
    if (b === 0) return a;
    const isSize = this.isSize(a) && this.isSize(b);
    return this.applyTo(isSize, 'add', sorted([a, b]), (x, y) => x + y);
  }

  subtract(a: Dim, b: Dim): Dim {
    if (b === 0) return a;
    if (a === b) return 0;
    return this.applySigned('sub', [a, b], (x, y) => x - y);
  }

  /** The product of sizes; 1 of none. */
  multiply(dims: Dims): Dim {
    let factor = 1;
    const symbols: string[] = [];
    for (const dim of dims) {
      const part = this.productOf(dim);
      factor *= part.factor;
      symbols.push(...part.symbols);
    }
    if (symbols.length > MOST_FACTORS) return this.applySigned('product', dims, () => 0);
    return this.symbolOf({ factor, symbols: symbols.sort() });
  }

  /** `total / part` where that is a whole number for all values of the symbols; `undefined` where it is not sure. */
  divide(total: Dim, part: Dim): Dim | undefined {
    const [above, below] = [this.productOf(total), this.productOf(part)];
    if (below.factor === 0 || above.factor % below.factor !== 0) return undefined;
    const rest = [...above.symbols];
    for (const symbol of below.symbols) {
      const index = rest.indexOf(symbol);
      if (index < 0) return undefined;
      rest.splice(index, 1);
    }
    return this.symbolOf({ factor: above.factor / below.factor, symbols: rest });
  }

  private applyTo(
    isSize: boolean,
    name: string,
    operands: Dims,
    compute: (...numbers: number[]) => number,
  ): Dim {
    return isSize ? this.apply(name, operands, compute) : this.applySigned(name, operands, compute);
  }

  private productOf(dim: Dim): Product {
    if (typeof dim === 'number') return { factor: dim, symbols: [] };
    return this.products.get(dim) ?? { factor: 1, symbols: [dim] };
  }

  private symbolOf(product: Product): Dim {
    const { factor, symbols } = product;
    if (symbols.length === 0 || factor === 0) return factor;
    if (symbols.length === 1 && factor === 1) return symbols[0]!;
    const isSize = factor > 0 && symbols.every((symbol) => this.isSize(symbol));
    const symbol = this.applyTo(isSize, 'mul', [factor, ...symbols], () => 0);
    this.products.set(symbol as string, product);
    return symbol;
  }
}

function sorted(dims: Dims): Dim[] {
  return [...dims].sort((a, b) => (String(a) < String(b) ? -1 : 1));
}

/**
 * The size that two dimensions have together under NumPy's broadcasting; `undefined` where they contradict each other.
 */
export function broadcastDim(a: Dim, b: Dim, algebra: DimAlgebra): Dim | undefined {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  // A symbol beside a number other than 1 is 1 or that number.
  if (typeof a === 'number') return typeof b === 'number' ? undefined : a;
  if (typeof b === 'number') return b;
  return algebra.apply('broadcast', sorted([a, b]), () => 0);
}
