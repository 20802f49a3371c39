import { indexBounds } from '@sluice/core';
import type { KernelIr } from '@sluice/core';
import type { LowerKernel, LoweredKernel } from '../src/lower/lowered.ts';

/** WGSL that stands in a test, by the kernel's name: what the device does is tested without the lowering. */
export function byHand(codes: Readonly<Record<string, string>>): LowerKernel {
  return (kernel, { registry, unguarded, unshifted = false }): LoweredKernel => {
    const buffers = kernel.params.flatMap((p, i) => (p.type.kind === 'buffer' ? [{ access: p.type.access, param: i }] : []));
    const scalars = kernel.params.flatMap((p, i) => (p.type.kind === 'scalar' ? [{ type: p.type, param: i }] : []));
    const fields = [
      { kind: 'groups', name: 'groups', offset: 0 } as const,
      { kind: 'base', name: 'base', offset: 16 } as const,
      ...buffers.flatMap(({ param }, i) => [{ kind: 'offset', name: `offset${param}`, offset: 32 + 8 * i, param } as const, { kind: 'count', name: `count${param}`, offset: 36 + 8 * i, param } as const]),
      ...scalars.map(({ param, type }, i) => ({ kind: 'scalar', name: `scalar${param}`, offset: 32 + 8 * buffers.length + 4 * i, param, type }) as const),
    ];
    const header = [
      `struct Record { groups: vec3u, base: vec3u, pad: u32, ${[...fields].slice(2).map((f) => `${f.name}: ${f.kind === 'scalar' ? f.type.name : 'u32'}`).join(', ')} }`,
      '@group(0) @binding(0) var<uniform> record: Record;',
      ...buffers.map(({ access, param }, i) => `@group(0) @binding(${i + 1}) var<storage, ${access === 'read' ? 'read' : 'read_write'}> b${param}: array<u32>;`),
      ...(trapping(kernel) ? [`@group(0) @binding(${buffers.length + 1}) var<storage, read_write> status: array<u32>;`] : []),
      `const UNGUARDED = ${String(unguarded)};`,
      `const UNSHIFTED = ${String(unshifted)};`,
    ];
    return {
      code: [...header, codes[kernel.name]].join('\n'),
      entryPoint: 'main', workgroup: kernel.workgroup,
      record: { fields, byteLength: Math.ceil((32 + 8 * buffers.length + 4 * scalars.length) / 16) * 16 },
      bindings: buffers.map(({ access, param }, i) => ({ param, binding: i + 1, access: access === 'read' ? 'read' : 'read_write', wordBytes: 4 })),
      status: trapping(kernel) ? { binding: buffers.length + 1 } : undefined,
      traps: [{ where: { kernel: kernel.name, op: 'control.trap' }, code: 'run/trap', tag: 7, message: 'by hand' }],
      workgroupBytes: 0, usesSubgroups: false,
      bounds: indexBounds(kernel, registry),
      lines: [{ line: header.length + 1, where: { kernel: kernel.name, op: 'arith.add', path: 'arith.add[3]' } }],
    };
  };
}

function trapping({ body }: KernelIr): boolean {
  return body.opNames.includes('control.trap');
}
