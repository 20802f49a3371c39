import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Session } from '@sluice/core';
import { openSafetensors } from '@sluice/formats/safetensors';
import { wrongValue } from '../../errors.ts';
import { coolDown, expectedAt, layOut } from './files.ts';
import { timed } from './rounds.ts';
import type { Contestant } from './rounds.ts';

const KiB = 2 ** 10;
const MiB = 2 ** 20;
/** Bytes of the tensors of a layer: four matrices, two vectors. */
const LAYER = [16 * MiB, 8 * MiB, 24 * MiB, 12 * MiB, 16 * KiB, 16 * KiB];

interface Stretch {
  readonly name: string;
  /** In the file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** A model in safetensors, a file of `bytes` bytes, a multiple of 16 MiB. */
export interface BenchModel {
  readonly path: string;
  readonly bytes: number;
  /** Where the header ends. */
  readonly from: number;
  readonly tensors: readonly Stretch[];
}

/** Writes a model of f32 whose data, whatever stands in front of them, are what `expectedAt` has at their place. */
export function layOutModel(path: string, bytes: number): BenchModel {
  layOut(path, bytes);
  // Longer than any header that comes of it; data start at a multiple of 8, as those of other writers do, and of no more.
  const from = 8 + 64 * KiB;
  const tensors: Stretch[] = [];
  for (let offset = from, i = 0; offset < bytes; i++) {
    const byteLength = Math.min(LAYER[i % LAYER.length] ?? MiB, bytes - offset);
    tensors.push({ name: `layers.${Math.floor(i / LAYER.length)}.${i % LAYER.length}`, offset, byteLength });
    offset += byteLength;
  }
  const entries = tensors.map((t) => [t.name, { dtype: 'F32', shape: [t.byteLength / 4], data_offsets: [t.offset - from, t.offset - from + t.byteLength] }] as const);
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)).padEnd(from - 8));
  if (header.length !== from - 8) throw new RangeError(`the header has ${header.length} bytes`);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const fd = openSync(path, 'r+');
  writeSync(fd, length, 0, 8, 0);
  writeSync(fd, header, 0, header.length, 8);
  fsyncSync(fd);
  closeSync(fd);
  coolDown(path);
  return { path, bytes, from, tensors };
}

/** Opens the model, loads every tensor and gives each one back: all that there is to it. One tensor is kept, for the check. */
export function loader(s: Session, { path, bytes, tensors }: BenchModel): Contestant {
  return async () => {
    const kept = Math.floor(Math.random() * tensors.length);
    let check: (() => Promise<void>) | undefined;
    let direct = 0n;
    let count = 0;
    coolDown(path);
    const sample = await timed(bytes / 1e9, async () => {
      await using model = await openSafetensors(s, path);
      for await (const { tensor, buffer, report } of model.load()) {
        direct += report.bytes.direct;
        if (count++ !== kept) {
          await buffer.close();
          continue;
        }
        check = async () => {
          const found = await buffer.read();
          await buffer.close();
          checkTensor(tensor.name, found, tensors[kept]);
        };
      }
    });
    // A vector has no room around it for the blocks that it begins and ends in.
    const matrices = tensors.reduce((sum, t) => sum + (t.byteLength < MiB ? 0 : t.byteLength), 0);
    if (count !== tensors.length || direct < BigInt(matrices)) throw wrongValue('io/safetensors', `${count} of ${tensors.length} tensors came, and ${direct} of the ${matrices} bytes of matrices past the page cache`);
    await check?.();
    return sample;
  };
}

function checkTensor(name: string, found: Uint8Array, wanted: Stretch | undefined): void {
  if (wanted === undefined || wanted.name !== name || Buffer.compare(found, expectedAt(wanted.offset, wanted.byteLength)) !== 0) throw wrongValue('io/safetensors', `the bytes of ${name} are not those of the file`);
}

/** What JavaScript does without us: the whole file into memory, the header through JSON.parse, a view for each tensor. Nothing is copied twice. */
export function byHand({ path, bytes, tensors }: BenchModel): Contestant {
  return async () => {
    coolDown(path);
    let views: ReadonlyMap<string, Float32Array> = new Map();
    const sample = await timed(bytes / 1e9, async () => {
      views = viewsOf(await readFile(path));
    });
    const wanted = tensors[Math.floor(Math.random() * tensors.length)];
    const view = views.get(wanted?.name ?? '');
    if (views.size !== tensors.length || view === undefined) throw wrongValue('io/safetensors-vs-js', `${views.size} of ${tensors.length} tensors came`);
    checkTensor(wanted?.name ?? '', new Uint8Array(view.buffer, view.byteOffset, view.byteLength), wanted);
    return sample;
  };
}

function viewsOf(file: Buffer): ReadonlyMap<string, Float32Array> {
  const end = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, end)) as Readonly<Record<string, { readonly data_offsets: readonly [number, number] }>>;
  return new Map(Object.entries(header).map(([name, { data_offsets: [from, to] }]) => [name, new Float32Array(file.buffer, file.byteOffset + end + from, (to - from) / 4)]));
}
