import { COMBINES, format, print, scalar, toBits, vectorType } from '@sluice/core';
import type { OpDef, ScalarName, Type , Registry} from '@sluice/core';
import { programFrom, valueUses } from '@sluice/conformance';
import type { ValueUse } from '@sluice/conformance';

/** A program in text form that shows ops at work. */
export interface OpExample {
  /** The ops that it is shown for. */
  readonly ops: readonly string[];
  readonly text: string;
  /** The code that its run fails with. */
  readonly fails?: string;
  /** Why no backend of this repository runs it: the interpreter of `@sluice/conformance` does. */
  readonly noBackend?: string;
}

/** An example for every op: written below, or made of the op's record for those that compute values. */
export function opExamples(registry: Registry): ReadonlyMap<string, OpExample> {
  const written = [...WRITTEN, ...[...registry.ops.values()].flatMap(patternOf)].flatMap((e) => e.ops.map((id) => [id, { ...e, text: format(e.text) }] as const));
  const uses = valueUses(registry);
  const computed = [...registry.ops.values()].flatMap((def) => {
    const use = simplest(uses.filter((u) => u.def === def && u.operands.length > 0));
    return use === undefined ? [] : [[def.id, { ops: [def.id], text: format(print(programOfUse(registry, use))) }] as const];
  });
  return new Map([...computed, ...written]);
}

const PREFERRED: readonly ScalarName[] = ['u32', 'f32', 'i32', 'bool', 'f16', 'i64', 'u64'];
const rank = (t: Type) => (t.kind === 'scalar' ? PREFERRED.indexOf(t.name) : t.kind === 'vector' ? 10 + t.size + PREFERRED.indexOf(t.element.name) / 10 : 20);

/** The use that is easiest to read. */
function simplest(uses: readonly ValueUse[]): ValueUse | undefined {
  const cost = (u: ValueUse) => [...u.operands, ...u.results].reduce((sum, t) => sum + rank(t), 0);
  return uses.filter((u) => u.results[0]?.kind === 'scalar' || u.results[0]?.kind === 'vector').toSorted((a, b) => cost(a) - cost(b))[0];
}

/** Operands that show something: the n-th one of a type. */
const SAMPLES: Partial<Readonly<Record<ScalarName, readonly (number | bigint | boolean)[]>>> = {
  u32: [44, 5, 9, 2], i32: [-7, 3, 9, -2], u64: [44n, 5n, 9n, 2n], i64: [-7n, 3n, 9n, -2n], f32: [0.75, 0.5, 2, -1.5], f16: [0.75, 0.5, 2, -1.5], bool: [true, false, true, true],
};

function programOfUse(registry: Registry, use: ValueUse) {
  return programFrom(registry, 'example', (draft, ops) => {
    let n = 0;
    const value = (t: Type): number => {
      if (t.kind === 'scalar') return draft.constant(ops, t, toBits(t.name, (SAMPLES[t.name] ?? [1])[n++ % 4] ?? 1));
      if (t.kind !== 'vector') throw new RangeError(`no sample of ${t.spelling}`);
      const parts = Array.from({ length: t.size }, () => value(t.element));
      return draft.one(ops, 'vector.construct', parts, { type: { kind: 'type', type: vectorType(t.element, t.size) } });
    };
    const result = draft.one(ops, use.def.id, use.operands.map(value), use.attrs, use.results);
    const [type] = use.results;
    if (type?.kind !== 'vector') return [['result', result]];
    return Array.from({ length: type.size }, (_, i) => ['xyzw'[i] ?? '', draft.one(ops, 'vector.extract', [result, draft.constant(ops, scalar('u32'), BigInt(i))])] as const);
  });
}

const launching = (kernel: string, element = 'u32', read: readonly number[] = [0, 3]) => `${kernel}
program example() -> (${read.map((i) => `at_${i}: ${element}`).join(', ')}) {
  %out = buffer.alloc 16
  kernel.launch 1: u32, 1, 1, %out {kernel = @k}
${read.map((i) => `  %r${i} = buffer.read %out, ${i} {element = ${element}}`).join('\n')}
  control.return ${read.map((i) => `%r${i}`).join(', ')}
}
`;

/** Ops that come in families: one pattern for each. */
function patternOf({ id, attrs, operands }: OpDef): readonly OpExample[] {
  if (id.startsWith('buffer.atomic_')) {
    const expected = operands.some((p) => p.name === 'expected') ? ', 0' : '';
    return [{ ops: [id], text: launching(`kernel k(%out: buffer<u32, read_write>) workgroup(4) {
      %x = kernel.global_id {axis = x}
      %value = arith.add %x, 5
      %old = ${id} %out, 3${expected}, %value
      control.return
    }`, 'u32', [3]) }];
  }
  if (id.startsWith('subgroup.')) {
    const result = id === 'subgroup.ballot' ? '%all = OP\n%r = vector.extract %all, 0' : id === 'subgroup.all' || id === 'subgroup.any' ? '%yes = OP\n%r = arith.cast %yes {to = u32}' : '%r = OP';
    const extra = operands.length === 2 ? ', 1' : '';
    const given = operands[0]?.type === 'bool' ? ' %odd' : operands.length === 0 ? '' : ` %x${extra}`;
    const attributes = 'lane' in attrs ? ' {lane = 1}' : 'combine' in attrs ? ` {combine = ${COMBINES[0] ?? 'add'}}` : '';
    return [{ ops: [id], text: launching(`kernel k(%out: buffer<u32, write>) workgroup(4) {
      %x = kernel.local_id {axis = x}
      %bit = arith.and %x, 1
      %odd = arith.ne %bit, 0
      ${result.replace('OP', `${id}${given}${attributes}`)}
      buffer.store %out, %x, %r
      control.return
    }`) }];
  }
  if (/^kernel\..*_(id|count)$/.test(id)) {
    return [{ ops: [id], text: launching(`kernel k(%out: buffer<u32, write>) workgroup(4) {
      %at = kernel.global_id {axis = x}
      %id = ${id} {axis = x}
      buffer.store %out, %at, %id
      control.return
    }`) }];
  }
  return [];
}

const WRITTEN: readonly OpExample[] = [
  { ops: ['arith.constant'], text: `program example() -> (x: f32) {
  %x = arith.constant {value = 2.5: f32}
  control.return %x
}` },
  { ops: ['buffer.load', 'buffer.store', 'buffer.length', 'kernel.launch', 'buffer.alloc', 'buffer.fill', 'buffer.read'], text: `kernel double(%data: buffer<u32, read_write>) workgroup(64) {
  %x = kernel.global_id {axis = x}
  %length = buffer.length %data
  %inside = arith.lt %x, %length
  control.if %inside () {
    %before = buffer.load %data, %x
    %after = arith.mul %before, 2
    buffer.store %data, %x, %after
    control.yield
  }
  control.return
}
program example() -> (x: u32) {
  %data = buffer.alloc 64
  buffer.fill %data, 21: u32
  kernel.launch 1: u32, 1, 1, %data {kernel = @double}
  %x = buffer.read %data, 15 {element = u32}
  control.return %x
}` },
  { ops: ['buffer.workgroup', 'control.barrier'], text: launching(`kernel k(%out: buffer<u32, write>) workgroup(4) {
  %shared = buffer.workgroup {element = u32, length = 4}
  %x = kernel.local_id {axis = x}
  buffer.store %shared, %x, %x
  control.barrier
  %mirror = arith.sub 3, %x
  %other = buffer.load %shared, %mirror
  buffer.store %out, %x, %other
  control.return
}`) },
  { ops: ['control.uniform_load'], text: launching(`kernel k(%out: buffer<u32, write>) workgroup(4) {
  %shared = buffer.workgroup {element = u32, length = 1}
  %x = kernel.local_id {axis = x}
  %last = arith.eq %x, 3
  control.if %last () {
    buffer.store %shared, 0, 9: u32
    control.yield
  }
  %value = control.uniform_load %shared, 0
  buffer.store %out, %x, %value
  control.return
}`) },
  { ops: ['buffer.async_copy', 'buffer.async_wait'], text: `kernel k(%in: buffer<u32, read>, %out: buffer<u32, write>) workgroup(4) {
  %shared = buffer.workgroup {element = u32, length = 4}
  buffer.async_copy %shared, 0, %in, 2, 4
  buffer.async_wait
  %x = kernel.local_id {axis = x}
  %value = buffer.load %shared, %x
  buffer.store %out, %x, %value
  control.return
}
program example() -> (first: u32, last: u32) {
  %in = buffer.alloc 20
  buffer.fill %in, 7: u32
  %out = buffer.alloc 16
  kernel.launch 1: u32, 1, 1, %in, %out {kernel = @k}
  %first = buffer.read %out, 0 {element = u32}
  %last = buffer.read %out, 3 {element = u32}
  control.return %first, %last
}` },
  { ops: ['buffer.free', 'buffer.copy', 'buffer.slice', 'buffer.byte_length'], text: `program example() -> (x: u32, bytes: u64) {
  %small = buffer.alloc 4
  buffer.fill %small, 5: u32
  %big = buffer.alloc 16
  %part = buffer.slice %big, 8, 8
  buffer.copy %small, %part
  buffer.free %small
  %x = buffer.read %big, 2 {element = u32}
  %bytes = buffer.byte_length %part
  control.return %x, %bytes
}` },
  { ops: ['kernel.launch_indirect'], text: `kernel k(%out: buffer<u32, read_write>) workgroup(1) {
  %old = buffer.atomic_add %out, 0, 1
  control.return
}
program example() -> (n: u32) {
  %counts = buffer.alloc 12
  buffer.fill %counts, 2: u32
  %out = buffer.alloc 4
  kernel.launch_indirect %counts, 0, %out {kernel = @k}
  %n = buffer.read %out, 0 {element = u32}
  control.return %n
}` },
  { ops: ['control.if', 'control.yield', 'control.return'], text: `program example() -> (x: u32) {
  %less = arith.lt 2: u32, 3
  %x: u32 = control.if %less () {
    control.yield 10: u32
  } () {
    control.yield 20: u32
  }
  control.return %x
}` },
  { ops: ['control.for', 'control.break', 'control.continue'], text: `program example() -> (sum: u32) {
  %sum = control.for 0: u32, 100, 1, 0: u32 (%i: u32, %so_far: u32) {
    %bit = arith.and %i, 1
    %odd = arith.ne %bit, 0
    control.if %odd () {
      control.continue %so_far
    }
    %far = arith.gt %i, 8
    control.if %far () {
      control.break %so_far
    }
    %next = arith.add %so_far, %i
    control.yield %next
  }
  control.return %sum
}` },
  { ops: ['control.while', 'control.condition'], text: `program example() -> (power: u32) {
  %power: u32 = control.while 1: u32 (%p: u32) {
    %small = arith.lt %p, 1000
    control.condition %small, %p
  } (%q: u32) {
    %twice = arith.mul %q, 2
    control.yield %twice
  }
  control.return %power
}` },
  { ops: ['control.assert'], fails: 'run/assert', text: `program example() {
  %holds = arith.eq 1: u32, 2
  control.assert %holds {message = "one is not two"}
  control.return
}` },
  { ops: ['control.trap'], fails: 'run/trap', text: `kernel k(%out: buffer<u32, write>) workgroup(4) {
  %x = kernel.global_id {axis = x}
  %bad = arith.eq %x, 2
  control.if %bad () {
    control.trap %x {tag = 7, message = "the third invocation"}
    control.yield
  }
  buffer.store %out, %x, %x
  control.return
}
program example() {
  %out = buffer.alloc 16
  kernel.launch 1: u32, 1, 1, %out {kernel = @k}
  control.return
}` },
  { ops: ['grant.size', 'io.dma_from_nvme', 'io.write_back_to_nvme'], text: `program example(%file: i32 {grant = rw}) -> (size: u64, first: u32) {
  %data = io.dma_from_nvme %file, 4, 8
  io.write_back_to_nvme %data, %file, 16
  %size = grant.size %file
  %first = buffer.read %data, 0 {element = u32}
  control.return %size, %first
}` },
  { ops: ['io.gather'], text: `program example(%file: i32 {grant = r}) -> (first: u32, last: u32) {
  %offsets = buffer.alloc 16
  buffer.fill %offsets, 8: u64
  %lengths = buffer.alloc 16
  buffer.fill %lengths, 4: u64
  %data = io.gather %file, %offsets, %lengths, 8
  %first = buffer.read %data, 0 {element = u32}
  %last = buffer.read %data, 1 {element = u32}
  control.return %first, %last
}` },
  { ops: ['mem.zerocopy_map', 'mem.unmap'], noBackend: 'backends map files into memory of a device (`@sluice/gds`), and there is none here', text: `program example(%file: i32 {grant = r}) -> (bytes: u64, first: u32) {
  %map = mem.zerocopy_map %file
  %bytes = buffer.byte_length %map
  %first = buffer.read %map, 0 {element = u32}
  mem.unmap %map
  control.return %bytes, %first
}` },
];
