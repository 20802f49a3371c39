import { buffer, control, defineKernel, defineProgram, kernel, vector } from '@sluice/core';
import type { Value } from '@sluice/core';
import { randomFloats } from './random.ts';
import type { Scale, Workload } from './workload.ts';

const SIDE: Readonly<Record<Scale, number>> = { gpu: 4096, software: 256, quick: 128 };
/** Invocations of a workgroup along each axis. */
const LANES = 16;
/** Depth of a tile. */
const DEPTH = 16;

/** What an invocation computes: so many rows of so many vectors of four columns. */
export interface Blocking {
  readonly rows: number;
  readonly vectors: number;
}
export const BLOCKINGS = { '4x4': { rows: 4, vectors: 1 }, '8x8': { rows: 8, vectors: 2 } } as const satisfies Readonly<Record<string, Blocking>>;

const range = (length: number) => Array.from({ length }, (_, i) => i);

type Vec4 = Value<'vec4<f32>'>;

/** Row-major square matrices, `side` a multiple of the tile's. Everything is in vectors of four. */
function programOf(side: number, { rows, vectors }: Blocking) {
  const [tallness, width] = [LANES * rows, LANES * vectors];
  const [pitch, deep] = [side / 4, DEPTH / 4];
  const matmul = defineKernel('matmul', { params: { a: 'buffer<vec4<f32>, read>', b: 'buffer<vec4<f32>, read>', c: 'buffer<vec4<f32>, write>' }, workgroup: LANES * LANES }, ({ a, b, c }, { local, workgroup }) => {
    const [tileA, tileB] = [buffer.workgroup('vec4<f32>', tallness * deep), buffer.workgroup('vec4<f32>', DEPTH * width)];
    const [x, y] = [local.x.rem(LANES), local.x.div(LANES)];
    const [top, left] = [workgroup.y.mul(tallness), workgroup.x.mul(width)];
    const cells = range(rows).flatMap((row) => range(vectors).map((v) => ({ row, v, key: `c${row}_${v}` })));
    const start: Readonly<Record<string, Vec4>> = Object.fromEntries(cells.map(({ key }) => [key, vector.construct('vec4<f32>', 0, 0, 0, 0)]));
    const sums = control.for({ to: side / DEPTH }, start, (step, carried) => {
      for (let i = 0; i < tallness * deep; i += LANES * LANES) {
        const at = local.x.add(i);
        tileA.store(at, a.load(top.add(at.div(deep)).mul(pitch).add(step.mul(deep)).add(at.rem(deep))));
      }
      for (let i = 0; i < DEPTH * width; i += LANES * LANES) {
        const at = local.x.add(i);
        tileB.store(at, b.load(step.mul(DEPTH).add(at.div(width)).mul(pitch).add(left).add(at.rem(width))));
      }
      control.barrier();
      const next: Record<string, Vec4> = { ...carried };
      for (const k of range(deep)) {
        const as = range(rows).map((row) => tileA.load(y.mul(rows).add(row).mul(deep).add(k)));
        for (const [j, letter] of (['x', 'y', 'z', 'w'] as const).entries()) {
          const bs = range(vectors).map((v) => tileB.load(x.add((4 * k + j) * width + v * LANES)));
          for (const { row, v, key } of cells) {
            const [factor, by, sum] = [as[row], bs[v], next[key]];
            if (factor !== undefined && by !== undefined && sum !== undefined) next[key] = sum.add(by.mul(factor[letter]));
          }
        }
      }
      control.barrier();
      return next;
    });
    for (const { row, v, key } of cells) {
      const sum = sums[key];
      if (sum !== undefined) c.store(top.add(y.mul(rows)).add(row).mul(pitch).add(left).add(x).add(v * LANES), sum);
    }
  });
  return defineProgram('matmul', { a: 'GpuBufferHandle', b: 'GpuBufferHandle', c: 'GpuBufferHandle', times: 'u32' }, ({ a, b, c, times }) => {
    control.for({ to: times }, () => kernel.launch(matmul, { groups: [side / (4 * width), side / tallness, 1] }, { a, b, c }));
  });
}

function byHand(side: number, { rows, vectors }: Blocking): string {
  const [tallness, width] = [LANES * rows, LANES * vectors];
  const [pitch, deep] = [side / 4, DEPTH / 4];
  const cells = range(rows).flatMap((row) => range(vectors).map((v) => ({ row, v })));
  const lines = (texts: readonly string[]) => texts.join('\n');
  return `
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;
var<workgroup> tile_a: array<vec4f, ${tallness * deep}>;
var<workgroup> tile_b: array<vec4f, ${DEPTH * width}>;

@compute @workgroup_size(${LANES * LANES})
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let x = lane % ${LANES};
  let y = lane / ${LANES};
  let top = group.y * ${tallness};
  let left = group.x * ${width};
${lines(cells.map(({ row, v }) => `  var c${row}_${v} = vec4f();`))}
  for (var step = 0u; step < ${side / DEPTH}; step++) {
    for (var i = lane; i < ${tallness * deep}; i += ${LANES * LANES}) {
      tile_a[i] = a[(top + i / ${deep}) * ${pitch} + step * ${deep} + i % ${deep}];
    }
    for (var i = lane; i < ${DEPTH * width}; i += ${LANES * LANES}) {
      tile_b[i] = b[(step * ${DEPTH} + i / ${width}) * ${pitch} + left + i % ${width}];
    }
    workgroupBarrier();
    for (var k = 0u; k < ${deep}; k++) {
${lines(range(rows).map((row) => `      let a${row} = tile_a[(y * ${rows} + ${row}) * ${deep} + k];`))}
${lines(range(4).flatMap((j) => [
    ...range(vectors).map((v) => `      let b${j}_${v} = tile_b[(4 * k + ${j}) * ${width} + ${v * LANES} + x];`),
    ...cells.map(({ row, v }) => `      c${row}_${v} += a${row}.${'xyzw'[j]} * b${j}_${v};`),
  ]))}
    }
    workgroupBarrier();
  }
${lines(cells.map(({ row, v }) => `  c[(top + y * ${rows} + ${row}) * ${pitch} + left + ${v * LANES} + x] = c${row}_${v};`))}
}`;
}

/** C = A B, tiles in workgroup memory, blocks in registers. */
export function matmul(scale: Scale, shape: keyof typeof BLOCKINGS): Workload {
  const side = SIDE[scale];
  const blocking = BLOCKINGS[shape];
  const [as, bs] = [randomFloats(side * side, -1, 2), randomFloats(side * side, -1, 2)];
  const product = (i: number, of: (term: number) => number) => {
    const [row, column] = [Math.floor(i / side) * side, i % side];
    let sum = 0;
    for (let k = 0; k < side; k++) sum += of((as[row + k] ?? NaN) * (bs[k * side + column] ?? NaN));
    return sum;
  };
  const groups = [side / (LANES * blocking.vectors * 4), side / (LANES * blocking.rows)] as const;
  return {
    name: shape === '4x4' ? 'wgsl/matmul' : `wgsl/matmul-${shape}`, unit: 'GFLOP/s', work: (2 * side ** 3) / 1e9,
    note: `${side} x ${side} f32, ${shape} in registers, tiles of ${LANES * blocking.rows} x ${LANES * blocking.vectors * 4}`,
    // Each term is rounded once and added with one rounding (Higham 2002, section 3.1).
    output: { element: 'f32', length: side * side, cost: 2 * side, expected: (i) => product(i, (t) => t), tolerance: (i) => (side + 1) * 2 ** -24 * product(i, Math.abs) },
    async sluice(on) {
      const executable = await on.compile(programOf(side, blocking));
      const [a, b, c] = [await on.buffer(as), await on.buffer(bs), await on.buffer(new Float32Array(side * side))];
      return { run: (times) => executable.run({ a, b, c, times }), output: c, buffers: [a, b, c] };
    },
    async byHand(on) {
      const buffers = [on.buffer(as), on.buffer(bs), on.buffer({ zeros: 4 * side * side })] as const;
      return { stages: [await on.stage({ code: byHand(side, blocking), buffers, groups })], output: buffers[2], buffers };
    },
  };
}
