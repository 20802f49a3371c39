import { resolve } from 'node:path';
import type { Session } from '@sluice/core';
import { openModel } from '@sluice/formats';
import type { Model, Tensor } from '@sluice/formats';

/** The positional argument that names a model. */
export const MODEL = { name: 'model', summary: 'A model in safetensors or GGUF, which is told from its content; of a sharded one its index (`model.safetensors.index.json`) or its first file (`name-00001-of-00003.gguf`).' };

export function openNamed(open: Session, name: string, cwd: string, signal: AbortSignal): Promise<Model> {
  return openModel(open, resolve(cwd, name), { signal });
}

/** What tensors have together. */
export interface Total {
  readonly tensors: number;
  readonly elements: number;
  readonly bytes: number;
}

export function totalOf(tensors: readonly Tensor[]): Total {
  return tensors.reduce<Total>((sum, t) => ({ tensors: sum.tensors + 1, elements: sum.elements + t.elements, bytes: sum.bytes + Number(t.byteLength) }), { tensors: 0, elements: 0, bytes: 0 });
}

/** The same by element type, the one with the most bytes first. */
export function totalsByType(tensors: readonly Tensor[]): readonly (readonly [dtype: string, total: Total])[] {
  const dtypes = [...new Set(tensors.map((t) => t.dtype))];
  return dtypes.map((dtype) => [dtype, totalOf(tensors.filter((t) => t.dtype === dtype))] as const).sort(([, a], [, b]) => b.bytes - a.bytes);
}
