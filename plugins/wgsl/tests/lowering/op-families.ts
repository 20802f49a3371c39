import { dialects, parse, parseType, Registry, scalarOf } from '@sluice/core';
import type { KernelIr, OpDef } from '@sluice/core';

/* Kernels of value ops: each op at each scalar that it is defined on, and at one vector, with names that say which is which. */

const HAS = ['bool', 'i32', 'u32', 'f16', 'f32'];

/** Attributes that an op needs, by op id: one list for each use that is shown. */
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  'arith.cast': HAS.map((to) => `to = ${to}`),
};

/** Types for the ops whose operands are of any type. */
const VECTOR_USES: readonly (readonly [id: string, operands: readonly string[], attrs: string, result: string])[] = [
  ['vector.construct', ['f32', 'vec2<f32>'], 'type = vec3<f32>', 'vec3<f32>'],
  ['vector.construct', [], 'type = array<vec2<u32>, 3>', 'array<vec2<u32>, 3>'],
  ['vector.construct', ['i32', 'i32'], 'type = array<i32, 2>', 'array<i32, 2>'],
  ['vector.extract', ['vec4<u32>', 'u32'], '', 'u32'],
  ['vector.extract', ['array<f32, 4>', 'u32'], '', 'f32'],
  ['vector.extract', ['array<array<u32, 2>, 3>', 'u32'], '', 'array<u32, 2>'],
  ['vector.insert', ['vec3<f32>', 'u32', 'f32'], '', 'vec3<f32>'],
  ['vector.insert', ['array<i32, 4>', 'u32', 'i32'], '', 'array<i32, 4>'],
  ['vector.swizzle', ['vec4<f32>'], 'pattern = "wzx"', 'vec3<f32>'],
  ['vector.splat', ['u32'], 'size = 4: u32', 'vec4<u32>'],
  ['vector.dot', ['vec3<f32>', 'vec3<f32>'], '', 'f32'],
  ['vector.reduce', ['vec4<f32>'], 'combine = max', 'f32'],
  ['vector.reduce', ['vec3<u32>'], 'combine = xor', 'u32'],
];

/** A kernel as text: workgroup memory for each type, and uses of ops on what is loaded from there. */
class Text {
  readonly lines: string[] = ['%at: u32 = kernel.local_id {axis = x}'];
  readonly memories: string[] = [];
  #serial = 0;

  /** A value of the type, made anew: none is used twice. */
  value(type: string, name: string): string {
    const scalar = scalarOf(parseType(type))?.name ?? '';
    const carried = scalar === 'bool' ? type.replace('bool', 'u32') : type;
    const buffer = `%in_${carried.replaceAll(/\W+/g, '_')}`;
    const declared = `${buffer}: buffer<${carried}, workgroup> = buffer.workgroup {element = ${carried}, length = 1: u32}`;
    if (!this.memories.includes(declared)) this.memories.push(declared);
    const made = `%${name}${++this.#serial}`;
    this.lines.push(`${made}: ${carried} = buffer.load ${buffer}, %at`);
    if (carried === type) return made;
    this.lines.push(`${made}b: ${type} = arith.cast ${made} {to = bool}`);
    return `${made}b`;
  }

  use(id: string, operands: readonly string[], attrs: string, result: string): void {
    const values = operands.map((type, i) => this.value(type, 'abc'[i] ?? 'd'));
    this.lines.push(`%${id.replace(/\w+\./, '')}_of_${(operands[0] ?? result).replaceAll(/\W+/g, '')}_${++this.#serial}: ${result} = ${id} ${values.join(', ')}${attrs === '' ? '' : ` {${attrs}}`}`);
  }

  kernel(name: string): KernelIr {
    const text = `kernel ${name}() workgroup(1, 1, 1) {\n${[...this.memories, ...this.lines].map((l) => `  ${l}`).join('\n')}\n  control.return\n}\n\nprogram goldens() {\n  control.return\n}\n`;
    const [kernel] = parse(text, new Registry()).kernels;
    if (kernel === undefined) throw new Error('the text has no kernel');
    return kernel;
  }
}

/** Every use that is shown of an op declared on scalars, or on the types that its record says. */
function uses(def: OpDef, text: Text): void {
  const variables = def.typeVars['T'];
  for (const type of variables === undefined ? [undefined] : variables.filter((t) => HAS.includes(t))) {
    const shapes = type === undefined ? [undefined] : type === 'f16' || !def.traits.includes('elementwise') ? [type] : [type, `vec2<${type}>`];
    for (const shape of shapes) {
      const spelled = (declared: string) => (shape === undefined ? declared : declared === 'T' ? shape : shape.startsWith('vec2') && HAS.includes(declared) ? `vec2<${declared}>` : declared);
      const operands = def.operands.map((p) => spelled(p.type));
      for (const attrs of ATTRIBUTES[def.id] ?? (def.id === 'arith.bitcast' ? [`to = ${type === 'f16' ? 'f16' : 'u32'}`] : [''])) {
        const to = /^to = (\w+)$/.exec(attrs)?.[1];
        const declared = def.results[0]?.type ?? '';
        const result = to === undefined ? spelled(declared) : shape?.startsWith('vec2') === true ? `vec2<${to}>` : to;
        text.use(def.id, operands, attrs, result);
      }
    }
  }
}

const FAMILIES: Readonly<Record<string, (def: OpDef) => boolean>> = {
  arith_numbers: ({ id }) => /^arith\.(add|sub|mul|div|rem|neg|abs|min|max|fma|abs_diff|add_sat|sub_sat|mul_sat|mul_high)$/.test(id),
  arith_compare: ({ id }) => /^arith\.(eq|ne|lt|le|gt|ge|select)$/.test(id),
  arith_bits: ({ id }) => /^arith\.(and|or|xor|not|shl|shr|rotl|rotr|popcount|clz|ctz|reverse_bits|swap_bytes)$/.test(id),
  arith_convert: ({ id }) => /^arith\.(cast|bitcast)$/.test(id),
  arith_pack: ({ id }) => /^arith\.(un)?pack/.test(id),
  math: ({ dialect }) => dialect === 'math',
};

/** A kernel for each family of ops that compute values from values. */
export const valueFamilies: readonly KernelIr[] = [
  ...Object.entries(FAMILIES).map(([name, belongs]) => {
    const text = new Text();
    for (const def of dialects.flatMap((d) => d.ops).filter(belongs)) uses(def, text);
    return text.kernel(name);
  }),
  (() => {
    const text = new Text();
    for (const [id, operands, attrs, result] of VECTOR_USES) text.use(id, operands, attrs, result);
    return text.kernel('vectors');
  })(),
];

/** The value ops of core that no family shows. */
export const unshown: readonly string[] = dialects
  .filter((d) => d.id === 'arith' || d.id === 'math')
  .flatMap((d) => d.ops)
  .filter((def) => !def.traits.includes('constant') && !Object.values(FAMILIES).some((belongs) => belongs(def)))
  .map((def) => def.id);
