/** How elements of a type are laid out: `elements` of them take `bytes`, and no part of that stands alone. */
export interface Layout {
  readonly elements: number;
  readonly bytes: number;
}

/** A tensor as a header describes it. */
export interface Tensor {
  readonly name: string;
  /** The element type by the format's own name: `F32`, `BF16`, `Q4_0`. */
  readonly dtype: string;
  /** Outermost dimension first, in every format; empty for a scalar. */
  readonly shape: readonly number[];
  /** The product of the shape. */
  readonly elements: number;
  /** The file that holds it, by its place in `files` of the model. */
  readonly file: number;
  /** Where its bytes start in that file. */
  readonly offset: bigint;
  readonly byteLength: bigint;
}

/** What metadata hold: text in safetensors; in GGUF also numbers (bigint for 64 bits), booleans and lists. */
export type MetadataValue = string | number | bigint | boolean | readonly MetadataValue[];

/** What the header of one file says; tensors in the order of their bytes. */
export interface Header {
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly tensors: readonly Omit<Tensor, 'file'>[];
}

/** The start of a file was too short to say what its header holds: so many bytes of it would get further. */
export interface Incomplete {
  readonly needs: number;
}

/** Bytes of a header that are accepted: the limit of the safetensors library, which no known file of either format reaches. */
export const HEADER_LIMIT = 100_000_000;

/** The product of a shape; undefined where it, or a dimension, is no safe integer. */
export function countOf(shape: readonly number[]): number | undefined {
  let count = 1;
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0) return undefined;
    count *= dimension;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

/** In the order of their bytes; an empty tensor before the one that starts where it stands. */
export function inFileOrder<T extends Pick<Tensor, 'offset' | 'byteLength'>>(tensors: readonly T[]): readonly T[] {
  const sign = (difference: bigint) => (difference < 0n ? -1 : difference > 0n ? 1 : 0);
  return [...tensors].sort((a, b) => sign(a.offset - b.offset) || sign(a.byteLength - b.byteLength));
}
