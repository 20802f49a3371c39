/** Assembles a module of one function out of instructions as WebAssembly's text format spells them. */

/** The imports of the module: the memory, and a function that takes the number of an event and a value. */
export const IMPORTS = { module: 'acme', memory: 'memory', event: 'event' } as const;
/** The name under which it exports its function. */
export const ENTRY = 'invoke';

export type WasmType = 'i32' | 'i64' | 'f32';
const VALUE_TYPES: Readonly<Record<WasmType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d };

/** Opcodes, in rows of instructions that follow each other. */
const ROWS: readonly (readonly [first: number, prefix: string, names: string])[] = [
  [0x00, '', 'unreachable nop block loop if else'], [0x0b, '', 'end br br_if'], [0x0f, '', 'return'], [0x1b, '', 'select'], [0x20, '', 'local.get local.set'],
  [0x28, '', 'i32.load i64.load f32.load'], [0x2c, '', 'i32.load8_s i32.load8_u i32.load16_s i32.load16_u'], [0x36, '', 'i32.store i64.store f32.store'], [0x3a, '', 'i32.store8 i32.store16'],
  [0x41, '', 'i32.const i64.const f32.const'],
  ...([[0x45, 'i32.'], [0x50, 'i64.']] as const).map(([at, t]) => [at, t, 'eqz eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u'] as const), [0x5b, 'f32.', 'eq ne lt gt le ge'],
  ...([[0x67, 'i32.'], [0x79, 'i64.']] as const).map(([at, t]) => [at, t, 'clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr'] as const),
  [0x8b, 'f32.', 'abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign'],
  [0xa7, '', 'i32.wrap_i64'], [0xac, 'i64.', 'extend_i32_s extend_i32_u'], [0xb2, 'f32.', 'convert_i32_s convert_i32_u convert_i64_s convert_i64_u'], [0xbc, '', 'i32.reinterpret_f32'], [0xbe, '', 'f32.reinterpret_i32'],
];
const OPCODES: ReadonlyMap<string, readonly number[]> = new Map<string, readonly number[]>([
  ...ROWS.flatMap(([first, prefix, names]) => names.split(' ').map((name, i) => [prefix + name, [first + i]] as const)),
  ...['i32.trunc_sat_f32_s', 'i32.trunc_sat_f32_u', '', '', 'i64.trunc_sat_f32_s', 'i64.trunc_sat_f32_u'].map((name, i) => [name, [0xfc, i]] as const),
]);

/**
 * `code`: instructions with their immediates, each a word. `block`, `loop` and `if` take a name, which branches use; `event`
 * calls the import. `f32.const` takes bits.
 */
export function assemble(params: readonly WasmType[], locals: readonly WasmType[], code: readonly string[]): Uint8Array<ArrayBuffer> {
  const type = (from: readonly WasmType[]) => [0x60, ...vector(from.map((t) => [VALUE_TYPES[t]])), 0];
  const body = [...vector(locals.map((t) => [1, VALUE_TYPES[t]])), ...instructions(code.join(' ').split(/\s+/).filter((w) => w !== '')), 0x0b];
  const imported = (name: string, what: readonly number[]) => [...text(IMPORTS.module), ...text(name), ...what];
  const section = (id: number, items: readonly (readonly number[])[]) => [id, ...sized(vector(items))];
  return Uint8Array.from([
    0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [type(params), type(['i32', 'i32'])]),
    ...section(2, [imported(IMPORTS.memory, [2, 0, 0]), imported(IMPORTS.event, [0, 1])]),
    ...section(3, [[0]]),
    ...section(7, [[...text(ENTRY), 0, 1]]),
    ...section(10, [sized(body)]),
  ]);
}

function instructions(words: readonly string[]): number[] {
  const bytes: number[] = [];
  const labels: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const next = () => words[++at] ?? '';
    if (word === 'event') { bytes.push(0x10, 0); continue; }
    const opcode = OPCODES.get(word);
    if (opcode === undefined) throw new RangeError(`\`${word}\` is no instruction`);
    bytes.push(...opcode);
    if (word === 'block' || word === 'loop' || word === 'if') { labels.push(next()); bytes.push(0x40); }
    else if (word === 'end') labels.pop();
    else if (word === 'br' || word === 'br_if') bytes.push(...unsigned(labels.length - 1 - labels.lastIndexOf(next())));
    else if (word.startsWith('local.')) bytes.push(...unsigned(Number(next())));
    else if (word === 'i32.const' || word === 'i64.const') bytes.push(...signed(BigInt(next())));
    else if (word === 'f32.const') bytes.push(...new Uint8Array(Uint32Array.of(Number(next())).buffer));
    else if (/\.(load|store)/.test(word)) bytes.push(0, 0);
  }
  return bytes;
}

function unsigned(n: number): number[] {
  return n < 0x80 ? [n] : [(n % 0x80) | 0x80, ...unsigned(Math.floor(n / 0x80))];
}

function signed(n: bigint): number[] {
  const low = Number(n & 0x7fn);
  const rest = n >> 7n;
  return rest === (low & 0x40 ? -1n : 0n) ? [low] : [low | 0x80, ...signed(rest)];
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function text(name: string): number[] {
  return sized([...new TextEncoder().encode(name)]);
}
