import { buffer, control, defineKernel, f32, i32, subgroup, u32, vector } from '@sluice/core';
import type { KernelIr, Value } from '@sluice/core';

/* Whole kernels, as a person writes them, and a kernel for each family of ops that act on memory or on control. */

const saxpy = defineKernel('saxpy', { params: { x: 'buffer<f32, read>', y: 'buffer<f32, read_write>', a: 'f32' }, workgroup: 256 }, ({ x, y, a }, { global }) => {
  control.if(global.x.lt(y.length), () => y.store(global.x, a.fma(x.load(global.x), y.load(global.x))));
});

const TILE = 16;
/** c = a * b, for square matrices of `n` rows, in tiles of 16. */
const matmul = defineKernel('matmul', { params: { a: 'buffer<f32, read>', b: 'buffer<f32, read>', c: 'buffer<f32, write>', n: 'u32' }, workgroup: [TILE, TILE] }, ({ a, b, c, n }, { global, local }) => {
  const [left, right] = [buffer.workgroup('f32', TILE * TILE), buffer.workgroup('f32', TILE * TILE)];
  const at = local.y.mul(TILE).add(local.x);
  const sum = control.for({ to: n.add(TILE - 1).div(TILE) }, f32(0), (tile, before) => {
    const [column, row] = [tile.mul(TILE).add(local.x), tile.mul(TILE).add(local.y)];
    left.store(at, column.lt(n).and(global.y.lt(n)).select(a.load(global.y.mul(n).add(column)), 0));
    right.store(at, row.lt(n).and(global.x.lt(n)).select(b.load(row.mul(n).add(global.x)), 0));
    control.barrier();
    const after = control.for({ to: TILE }, before, (k, acc) => left.load(local.y.mul(TILE).add(k)).fma(right.load(k.mul(TILE).add(local.x)), acc));
    control.barrier();
    return after;
  });
  control.if(global.x.lt(n).and(global.y.lt(n)), () => c.store(global.y.mul(n).add(global.x), sum));
});

/** Each workgroup's sum of a stretch of 1024. */
const sum = defineKernel('sum', { params: { data: 'buffer<f32, read>', sums: 'buffer<f32, write>' }, workgroup: 256 }, ({ data, sums }, { local, workgroup }) => {
  const shared = buffer.workgroup('f32', 256);
  const own = control.for({ to: 4 }, f32(0), (k, acc) => acc.add(data.load(workgroup.x.mul(1024).add(k.mul(256)).add(local.x))));
  shared.store(local.x, own);
  control.barrier();
  const last = control.while(u32(128), (half) => half.gt(0), (half) => {
    control.if(local.x.lt(half), () => shared.store(local.x, shared.load(local.x).add(shared.load(local.x.add(half)))));
    control.barrier();
    return half.shr(1);
  });
  control.if(local.x.eq(last), () => sums.store(workgroup.x, shared.load(0)));
});

const histogram = defineKernel('histogram', { params: { data: 'buffer<u32, read>', bins: 'buffer<u32, read_write>' }, workgroup: 256 }, ({ data, bins }, { global, local, count }) => {
  const own = buffer.workgroup('u32', 256);
  control.for({ from: global.x, to: data.length, step: count.x.mul(256) }, (i) => {
    own.atomicAdd(data.load(i).and(255), 1);
  });
  control.barrier();
  bins.atomicAdd(local.x, own.load(local.x));
});

const transpose = defineKernel('transpose', { params: { from: 'buffer<f32, read>', to: 'buffer<f32, write>', width: 'u32', height: 'u32' }, workgroup: [TILE, TILE] }, ({ from, to, width, height }, { global, local, workgroup }) => {
  // One column more, so that a column's elements are in different banks.
  const tile = buffer.workgroup('f32', TILE * (TILE + 1));
  control.if(global.x.lt(width).and(global.y.lt(height)), () => tile.store(local.y.mul(TILE + 1).add(local.x), from.load(global.y.mul(width).add(global.x))));
  control.barrier();
  const [x, y] = [workgroup.y.mul(TILE).add(local.x), workgroup.x.mul(TILE).add(local.y)];
  control.if(x.lt(height).and(y.lt(width)), () => to.store(y.mul(height).add(x), tile.load(local.x.mul(TILE + 1).add(local.y))));
});

/** Each workgroup one row. */
const softmax = defineKernel('softmax', { params: { data: 'buffer<f32, read>', out: 'buffer<f32, write>', columns: 'u32' }, workgroup: 256 }, ({ data, out, columns }, { local, workgroup }) => {
  const shared = buffer.workgroup('f32', 256);
  const start = workgroup.x.mul(columns);
  const combined = (value: Value<'f32'>, combine: (a: Value<'f32'>, b: Value<'f32'>) => Value<'f32'>) => {
    shared.store(local.x, value);
    control.barrier();
    for (let half = 128; half > 0; half >>= 1) {
      control.if(local.x.lt(half), () => shared.store(local.x, combine(shared.load(local.x), shared.load(local.x.add(half)))));
      control.barrier();
    }
    const all = shared.load(0);
    control.barrier();
    return all;
  };
  const most = combined(control.for({ from: local.x, to: columns, step: 256 }, f32(-3.4e38), (i, acc) => acc.max(data.load(start.add(i)))), (a, b) => a.max(b));
  const total = combined(control.for({ from: local.x, to: columns, step: 256 }, f32(0), (i, acc) => acc.add(data.load(start.add(i)).sub(most).exp())), (a, b) => a.add(b));
  control.for({ from: local.x, to: columns, step: 256 }, (i) => out.store(start.add(i), data.load(start.add(i)).sub(most).exp().div(total)));
});

/** Each workgroup's exclusive scan of 256 elements, and what they add up to. */
const scan = defineKernel('exclusive_scan', { params: { data: 'buffer<u32, read>', out: 'buffer<u32, write>', sums: 'buffer<u32, write>' }, workgroup: 256 }, ({ data, out, sums }, { global, local, workgroup }) => {
  const shared = buffer.workgroup('u32', 256);
  const own = data.load(global.x);
  shared.store(local.x, own);
  control.barrier();
  let inclusive = own;
  for (let distance = 1; distance < 256; distance <<= 1) {
    const before = local.x.ge(distance).select(shared.load(local.x.sub(distance)), 0);
    control.barrier();
    inclusive = inclusive.add(before);
    shared.store(local.x, inclusive);
    control.barrier();
  }
  out.store(global.x, inclusive.sub(own));
  control.if(local.x.eq(255), () => sums.store(workgroup.x, inclusive));
});

const loops = defineKernel('loops', { params: { out: 'buffer<u32, read_write>', n: 'u32', m: 'i32', step: 'i32' }, workgroup: 64 }, ({ out, n, m, step }, { global: { x } }) => {
  const counted = control.for({ to: n }, u32(0), (i, acc) => acc.add(i));
  const inSteps = control.for({ from: x, to: n, step: 3 }, u32(0), (i, acc) => acc.xor(i));
  const down = control.for({ from: m, to: i32(-5), step: i32(-2) }, u32(1), (i, acc) => acc.mul(i.to('u32')));
  const any = control.for({ from: i32(0), to: m, step }, u32(0), (_, acc) => acc.add(1));
  const swapped = control.for({ to: 7 }, { a: u32(0), b: u32(1) }, (i, { a, b }) => {
    control.if(a.gt(n), () => control.break({ a, b: i }));
    control.if(b.eq(3), () => control.continue({ a: b, b: a }));
    return { a: b, b: a.add(b) };
  });
  const { count } = control.while({ value: n, count: u32(0) }, ({ value }) => value.gt(1), ({ value, count: before }) => {
    control.if(before.gt(100), () => control.return());
    return { value: control.if(value.and(1).eq(0), () => value.shr(1), () => value.mul(3).add(1)), count: before.add(1) };
  });
  out.store(x, counted.add(inSteps).add(down).add(any).add(swapped.a).add(swapped.b).add(count));
});

const memory = defineKernel('memory', {
  params: {
    words: 'buffer<u32, read_write>', pairs: 'buffer<vec2<f32>, read>', triples: 'buffer<vec3<f32>, read_write>', rows: 'buffer<array<f32, 20>, read_write>', halves: 'buffer<f16, read_write>', flag: 'bool', half: 'f16',
  },
  workgroup: 64,
}, ({ words, pairs, triples, rows, halves, flag, half }, { global: { x } }) => {
  const tile = buffer.workgroup('vec3<f32>', 64);
  tile.store(x, triples.load(x));
  const pair = pairs.load(x);
  triples.store(x, vector.construct('vec3<f32>', pair, 1));
  const row = rows.load(x);
  rows.store(x.add(1), row.with(x, row.at(3)));
  halves.store(x, flag.select(half, halves.load(x)));
  words.store(x, pairs.length);
});

const atomics = defineKernel('atomics', { params: { signed: 'buffer<i32, read_write>', words: 'buffer<u32, read_write>' }, workgroup: 64 }, ({ signed, words }, { global: { x } }) => {
  const shared = buffer.workgroup('u32', 4);
  words.atomicAdd(x, 1);
  words.atomicSub(x, 1);
  words.atomicAnd(x, 1);
  words.atomicOr(x, 1);
  words.store(x, words.atomicXor(x, words.load(0)));
  signed.atomicMin(x, -1);
  signed.atomicMax(x, 1);
  shared.atomicExchange(1, 2);
  shared.store(2, shared.atomicCompareExchange(x, 0, 1));
});

const collectives = defineKernel('collectives', { params: { data: 'buffer<vec3<f32>, read>', counts: 'buffer<u32, read_write>', out: 'buffer<vec3<f32>, write>' }, workgroup: 64 }, ({ data, counts, out }, { global, local, workgroup }) => {
  const tile = buffer.workgroup('vec3<f32>', 64);
  const rows = control.uniform_load(counts, workgroup.x);
  control.for({ to: rows }, (row) => {
    buffer.async_copy(tile, 0, data, row.mul(64), 64);
    buffer.async_wait();
    out.store(global.x, tile.load(local.x.xor(1)));
    control.barrier('storage');
  });
  control.if(rows.gt(4), () => control.trap(rows, { tag: 7, message: 'too many rows' }));
});

const lanes = defineKernel('lanes', { params: { data: 'buffer<f32, read_write>', words: 'buffer<u32, read_write>' }, workgroup: 96 }, ({ data, words }, { global: { x } }) => {
  const value = data.load(x);
  const word = words.load(x);
  const votes = subgroup.ballot(word.gt(3));
  const agreed = subgroup.all(word.gt(3)).and(subgroup.any(word.eq(0)));
  const moved = subgroup.shuffle(word, 3).add(subgroup.shuffle_xor(word, 1)).add(subgroup.shuffle_up(word, 2)).add(subgroup.shuffle_down(word, 2)).add(subgroup.broadcast(word, { lane: 5 }));
  const least = subgroup.reduce(value, { combine: 'min' });
  const summed = subgroup.inclusive_scan(value, { combine: 'add' });
  const before = subgroup.exclusive_scan(word, { combine: 'max' });
  data.store(x, least.add(summed));
  words.store(x, agreed.select(votes.x, moved).add(before).add(subgroup.lane()).add(subgroup.size()));
});

export const wholeKernels: readonly KernelIr[] = [saxpy, matmul, sum, histogram, transpose, softmax, scan];
export const families: readonly KernelIr[] = [loops, memory, atomics, collectives, lanes];
