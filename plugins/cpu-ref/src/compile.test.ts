import { control, defineKernel, Registry, u32 } from '@sluice/core';
import type { KernelIr } from '@sluice/core';
import { expect, test } from 'vitest';
import { compileKernel } from './compile.ts';
import { plugin } from './plugin.ts';

const registry = new Registry().with(plugin);
const textOf = (kernel: KernelIr) => compileKernel(kernel, registry, 65536).text;

test('generated code reads like the kernel', () => {
  const kernel = defineKernel('sum', { params: { data: 'buffer<u8, read>', out: 'buffer<u32, read_write>', n: 'u32' }, workgroup: 64 }, ({ data, out, n }, { global }) => {
    const sum = control.for({ from: u32(0), to: n }, u32(0), (i, s) => s.xor(data.load(i)));
    control.if(global.x.eq(0), () => void out.atomicXor(0, sum));
  });
  expect(textOf(kernel)).toMatchInlineSnapshot(`
    "'use strict';
    var cx = groups[0], cy = groups[1], cz = groups[2];
    var b0 = args[0], n0 = b0.length;
    var b1 = args[1], n1 = b1.length;
    var s2 = args[2];
    var P = new Int32Array(1);
    return { kind: 'rows', trapped: () => undefined, row: function* (wy, wz) {
    let spent = 0;
    for (let x = 0; x < cx; x += 1) {
    const wx = x >>> 0;
    for (let from = 0; from < 64; from += 8192) {
    for (let l = from, end = Math.min(64, from + 8192); l < end; l += 1) {
    spent += 8;
    const gx = (Math.imul(wx, 64) + l) >>> 0;
    invocation: {
    let t0 = s2 > 0 ? s2 - 0 : 0;
    let v1 = 0;
    let v2 = 0;
    L3: while (t0 > 0) {
    let t7 = t0 < 16384 ? t0 : 16384;
    t0 -= t7;
    v1 = v1 >>> 0; v2 = v2 >>> 0;
    L4: for (; t7 > 0; t7 = (t7 - 1) | 0, v1 = (v1 + 1) >>> 0) {
    spent += 4;
    const v5 = v1 < n0 ? b0[v1] : 0;
    const v6 = (( v2 ^ v5 ) >>> 0);
    v2 = v6;
    }
    if (spent >= 65536) {
    yield spent;
    spent = 0;
    }
    }
    const v8 = (gx === 0);
    if (v8) {
    P[0] = v2;
    let v9 = 0;
    if (0 < n1) {
    v9 = b1[0];
    b1[0] = (( v9 ^ v2 ) >>> 0);
    }
    }
    break invocation;
    }
    }
    if (spent >= 65536) {
    yield spent;
    spent = 0;
    }
    }
    }
    return spent;
    } };"
  `);
});

test('a constant bound gives a loop that never lets go', () => {
  const text = textOf(defineKernel('eight', { params: { out: 'buffer<u32, write>' }, workgroup: 1 }, ({ out }, { global }) => out.store(global.x, control.for({ to: 8 }, u32(1), (_, s) => s.shl(1)))));
  expect(text.match(/yield/g)).toHaveLength(1);
});

test('what a store writes is pinned before its branch', () => {
  const text = textOf(defineKernel('pin', { params: { out: 'buffer<f32, write>' }, workgroup: 1 }, ({ out }, { global }) => out.store(global.x, global.x.to('f32').mul(0.5))));
  expect(text).toMatch(/Q\[0\] = (v\d+);\nif \(gx < n0\) b0\[gx\] = \1;/);
});
