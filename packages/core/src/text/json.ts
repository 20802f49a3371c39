import type { Attribute, Attributes } from '../ir/attributes.ts';
import type { Body, Kernel, Param, Program, Region } from '../ir/program.ts';
import { opId } from '../ir/program.ts';
import { print } from './print.ts';

/** A program or kernel as plain JSON: ids and type spellings as strings, bits in hexadecimal. For tools and tests. */
export function toJson(ir: Program | Kernel): unknown {
  const params = ir.params.map(paramJson);
  const body = { values: ir.body.valueTypes.map((t) => t.spelling), ...regionJson(ir.body, ir.body.region) };
  if (ir.kind === 'kernel') return { kind: ir.kind, name: ir.name, params, workgroup: ir.workgroup, body };
  const results = ir.results.map((r) => ({ name: r.name, type: r.type.spelling }));
  return { kind: ir.kind, name: ir.name, params, results, kernels: ir.kernels.map(toJson), body };
}

/** `ir` with forms for JSON.stringify and for Node's inspector; they are no part of the data. */
export function shown<T extends Program | Kernel>(ir: T): T {
  return Object.defineProperties(ir, {
    toJSON: { value: () => toJson(ir), enumerable: false },
    [Symbol.for('nodejs.util.inspect.custom')]: { value: () => print(ir), enumerable: false },
  });
}

function paramJson(p: Param): unknown {
  return { name: p.name, type: p.type.spelling, attrs: attributesJson(p.attrs) };
}

function regionJson(body: Body, region: Region): { args: readonly number[]; ops: readonly unknown[] } {
  const ops = region.ops.map((op) => ({
    op: opId(body, op), operands: op.operands, results: op.results,
    ...(Object.keys(op.attrs).length === 0 ? {} : { attrs: attributesJson(op.attrs) }),
    ...(op.regions.length === 0 ? {} : { regions: op.regions.map((r) => regionJson(body, r)) }),
  }));
  return { args: region.args, ops };
}

function attributesJson(attrs: Attributes): unknown {
  return Object.fromEntries(Object.entries(attrs).map(([key, a]) => [key, attributeJson(a)]));
}

function attributeJson(a: Attribute): unknown {
  switch (a.kind) {
    case 'scalar':
      return { kind: a.kind, type: a.type.spelling, bits: `0x${a.bits.toString(16)}` };
    case 'type':
      return { kind: a.kind, type: a.type.spelling };
    case 'list':
      return { kind: a.kind, items: a.items.map(attributeJson) };
    case 'bool':
    case 'string':
    case 'enum':
    case 'symbol':
      return a;
  }
}
