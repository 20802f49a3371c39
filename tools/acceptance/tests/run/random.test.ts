import { join } from 'node:path';
import { Registry, buffer, control, defineProgram, fd, grant, io, kernel, u32 } from '@sluice/core';
import type { Value } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { expect, test } from 'vitest';
import { increment } from './programs.ts';
import { bytesOf, file, folder, memoryUsed, open } from './sessions.ts';
import { watchedStorage } from './watched-storage.ts';

/*
 * Random host programs against a model that does one thing after the other in plain JavaScript: whatever overlaps, is
 * held, freed, carried and waited for must not show. A program is data first, so that both sides read the same one.
 */

/** Bytes of every buffer, and of the file at first. */
const SIZE = 16;
const FILE = 96;

type Statement =
  | { readonly kind: 'alloc'; readonly fill: number }
  | { readonly kind: 'read'; readonly at: number }
  | { readonly kind: 'fill' | 'increment'; readonly of: number; readonly by: number }
  | { readonly kind: 'half'; readonly of: number; readonly by: number }
  | { readonly kind: 'copy'; readonly from: number; readonly to: number }
  | { readonly kind: 'write'; readonly of: number; readonly at: number }
  | { readonly kind: 'free-new'; readonly by: number; readonly target: number }
  | { readonly kind: 'if'; readonly bit: number; readonly yes: Block; readonly no: Block }
  | { readonly kind: 'for'; readonly trips: number; readonly init: readonly [number, number]; readonly body: Block; readonly leave: 'break' | 'continue' | 'none'; readonly when: number };

/** Statements, each of which may make handles that later ones name by number; two of them leave the block. */
interface Block {
  readonly statements: readonly Statement[];
  readonly yields: readonly [number, number];
}

function mulberry(seed: number): (below: number) => number {
  let a = seed;
  return (below) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** A block in which `known` handles can be named at its start. */
function randomBlock(random: (below: number) => number, known: number, depth: number): Block {
  const statements: Statement[] = [];
  let handles = known;
  const any = () => random(handles);
  for (let i = 0, n = 2 + random(5); i < n; i++) {
    const pick = handles === 0 ? 0 : random(depth > 0 ? 11 : 8);
    const by = random(250) + 1;
    if (pick === 0) statements.push({ kind: 'alloc', fill: by });
    else if (pick === 1) statements.push({ kind: 'read', at: random(FILE - SIZE) });
    else if (pick === 2) statements.push({ kind: 'fill', of: any(), by });
    else if (pick === 3) statements.push({ kind: 'increment', of: any(), by });
    else if (pick === 4) statements.push({ kind: 'half', of: any(), by });
    else if (pick === 5) statements.push({ kind: 'copy', from: any(), to: any() });
    else if (pick === 6) statements.push({ kind: 'write', of: any(), at: random(FILE) });
    else if (pick === 7) statements.push({ kind: 'free-new', by, target: any() });
    else if (pick <= 8) statements.push({ kind: 'if', bit: random(4), yes: randomBlock(random, handles, depth - 1), no: randomBlock(random, handles, depth - 1) });
    else {
      const leave = (['break', 'continue', 'none'] as const)[random(3)] ?? 'none';
      statements.push({ kind: 'for', trips: random(4), init: [any(), any()], body: randomBlock(random, handles + 2, depth - 1), leave, when: random(4) });
    }
    handles += pick === 0 || pick === 1 ? 1 : pick >= 8 ? 2 : 0;
  }
  if (handles === 0) return { statements: [{ kind: 'alloc', fill: 1 }], yields: [0, 0] };
  return { statements, yields: [any(), any()] };
}

type Handle = Value<'GpuBufferHandle'>;

function trace(block: Block, handles: readonly Handle[], env: { file: Value<'fd'>; bits: Value<'u32'> }): { a: Handle; b: Handle } {
  const all = [...handles];
  const get = (i: number) => all[i] as Handle;
  for (const s of block.statements) {
    switch (s.kind) {
      case 'alloc': {
        const made = buffer.alloc('u8', SIZE, { init: s.fill % 2 === 0 ? 'zero' : 'none' });
        buffer.fill(made, u32(s.fill));
        all.push(made);
        break;
      }
      case 'read': all.push(io.dma_from_nvme(env.file, s.at, SIZE)); break;
      case 'fill': buffer.fill(get(s.of), u32(s.by)); break;
      case 'increment': kernel.launch(increment, SIZE / 4, { data: get(s.of), by: s.by }); break;
      case 'half': kernel.launch(increment, SIZE / 8, { data: get(s.of).slice(SIZE / 2, SIZE / 2), by: s.by }); break;
      case 'copy': buffer.copy(get(s.from), get(s.to)); break;
      case 'write': io.write_back_to_nvme(get(s.of), env.file, s.at); break;
      case 'free-new': {
        const made = buffer.alloc('u8', SIZE);
        kernel.launch(increment, SIZE / 4, { data: made, by: s.by });
        buffer.copy(made.slice(0, SIZE / 2), get(s.target));
        buffer.free(made);
        break;
      }
      case 'if': {
        const { a, b } = control.if(env.bits.shr(s.bit).and(1).eq(1), () => trace(s.yes, all, env), () => trace(s.no, all, env));
        all.push(a, b);
        break;
      }
      case 'for': {
        const { a, b } = control.for({ to: s.trips }, { a: get(s.init[0]), b: get(s.init[1]) }, (i, { a, b }) => {
          if (s.leave !== 'none') control.if(i.eq(s.when), () => void control[s.leave as 'break']({ a: b, b: a }));
          return trace(s.body, [...all, a, b], env);
        });
        all.push(a, b);
      }
    }
  }
  const [a, b] = block.yields;
  return { a: get(a), b: get(b) };
}

interface World {
  file: Uint8Array;
  readonly bits: number;
}

function model(block: Block, handles: readonly Uint8Array[], world: World): [Uint8Array, Uint8Array] {
  const all = [...handles];
  const get = (i: number) => all[i] as Uint8Array;
  const words = (b: Uint8Array) => new Uint32Array(b.buffer, b.byteOffset, b.byteLength / 4);
  const add = (b: Uint8Array, by: number) => words(b).forEach((x, i, w) => (w[i] = x + by));
  for (const s of block.statements) {
    switch (s.kind) {
      case 'alloc': all.push(new Uint8Array(new Uint32Array(SIZE / 4).fill(s.fill).buffer)); break;
      case 'read': all.push(world.file.slice(s.at, s.at + SIZE)); break;
      case 'fill': words(get(s.of)).fill(s.by); break;
      case 'increment': add(get(s.of), s.by); break;
      case 'half': add(get(s.of).subarray(SIZE / 2), s.by); break;
      case 'copy': get(s.to).set(get(s.from)); break;
      case 'write': {
        const grown = new Uint8Array(Math.max(world.file.length, s.at + SIZE));
        grown.set(world.file);
        grown.set(get(s.of), s.at);
        world.file = grown;
        break;
      }
      case 'free-new': get(s.target).set(new Uint8Array(new Uint32Array(SIZE / 8).fill(s.by).buffer)); break;
      case 'if': all.push(...model((world.bits >> s.bit) & 1 ? s.yes : s.no, all, world)); break;
      case 'for': {
        let [a, b] = [get(s.init[0]), get(s.init[1])];
        for (let i = 0; i < s.trips; i++) {
          if (i === s.when && s.leave !== 'none') {
            [a, b] = [b, a];
            if (s.leave === 'break') break;
            continue;
          }
          [a, b] = model(s.body, [...all, a, b], world);
        }
        all.push(a, b);
      }
    }
  }
  return [get(block.yields[0]), get(block.yields[1])];
}

/** A reader of random numbers of its own, so that the delays are not those of the program. */
const seeds = process.env['SEED'] === undefined ? Array.from({ length: 60 }, (_, i) => i + 1) : [Number(process.env['SEED'])];

test.each(seeds)('a random program does what the model does, and leaves nothing behind: SEED=%i', async (seed) => {
  const random = mulberry(seed);
  const block = randomBlock(random, 0, 3);
  const program = defineProgram('random', { file: fd('rw'), bits: 'u32' }, ({ file, bits }) => {
    const { a, b } = trace(block, [], { file, bits });
    return { a, b, size: grant.size(file) };
  });
  const { plugin, watch } = watchedStorage();
  const delay = mulberry(seed ^ 0xabcdef);
  const wait = async () => {
    for (let i = delay(4); i > 0; i--) await new Promise((resolve) => setImmediate(resolve));
  };
  watch.before = wait;
  watch.after = async (_, outcome) => {
    await wait();
    return outcome;
  };
  const s = await open({ registry: new Registry().with(plugin).with(cpuRef), backends: ['watched', 'cpu-ref'], window: 1 + (seed % 5), durability: 'none' });
  const exe = await s.compile(program);
  const dir = folder();
  await Promise.all([0, 5, 10, 15].map(async (bits) => {
    const start = Uint8Array.from({ length: FILE }, (_, i) => i * 7 + bits);
    const world: World = { file: start, bits };
    const [a, b] = model(block, [], world);
    const path = file(dir, `file-${bits}`, start);
    const granted = await s.grant(path, { rights: 'rw' });
    const { results } = await exe.run({ file: granted, bits });
    expect([await results.a.read(), await results.b.read()], `SEED=${seed}, bits ${bits}`).toEqual([a, b]);
    expect([results.size, bytesOf(join(path))]).toEqual([BigInt(world.file.length), world.file]);
    await Promise.all([results.a.close(), results.b.close(), granted.close()]);
  }));
  expect(memoryUsed(s)).toBe(0);
});
