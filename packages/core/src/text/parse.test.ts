import { describe, expect, test } from 'vitest';
import { isSluiceError } from '../diagnostics/error.ts';
import type { SluiceError } from '../diagnostics/error.ts';
import { renderError } from '../diagnostics/render.ts';
import { opId, walkOps } from '../ir/program.ts';
import type { Program } from '../ir/program.ts';
import { defineDialect, defineOp } from '../ops/op.ts';
import { definePlugin } from '../registry/plugin.ts';
import { Registry } from '../registry/registry.ts';
import { verify } from '../verify/verify.ts';
import { parse } from './parse.ts';
import { print } from './print.ts';

const registry = new Registry();

/** Ops that take and give anything, so that the tables below speak of one thing each. */
const open = (id: 'a.b' | 'a.c') => defineOp({
  id, dialect: 'a', version: '1.0.0', summary: 'Takes and gives anything.', category: 'extension', level: 'both', attrs: { x: { kind: 'scalar' } },
  operands: [{ name: 'operands', type: 'any', variadic: true }], results: [{ name: 'results', type: 'any', variadic: true }],
});
const withOpen = registry.with(definePlugin({ name: 'a', version: '1.0.0', api: 1, register: ({ dialect }) => dialect(defineDialect({ id: 'a', version: '1.0.0', ops: [open('a.b'), open('a.c')] })) }));

function failure(source: string, by = registry): SluiceError {
  try {
    parse(source, by, { file: 'a.slu' });
  } catch (error) {
    if (isSluiceError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const rendered = (source: string) => renderError(failure(source), { readSource: () => source });
/** The problems, in short. */
const problems = (source: string, by = registry): string[] => {
  const error = failure(source, by);
  return (error.problems.length === 0 ? [error] : error.problems).map((p) => `${p.where?.span?.line}:${p.where?.span?.column} ${p.code}: ${p.message}`);
};
const host = (...lines: string[]) => `program p(%a: u32, %b: u64, %file: i32 {grant = rw}, %h: GpuBufferHandle) {\n${lines.map((l) => `  ${l}\n`).join('')}  control.return\n}\n`;
const body = (text: string) => print(parse(text, registry)).split('\n').slice(1, -1).map((l) => l.trim());

describe('what may be left out', () => {
  test('result types that follow from the operands', () => {
    expect(body(host('%x = arith.add %a, %a', '%y = arith.lt %x, %a', '%z = arith.select %y, %x, %a'))).toEqual([
      '%x: u32 = arith.add %a, %a', '%y: bool = arith.lt %x, %a', '%z: u32 = arith.select %y, %x, %a', 'control.return',
    ]);
  });

  test('constants: a literal operand has the type that the signature asks for', () => {
    expect(body(host('%data = io.dma_from_nvme %file, 0, %b', '%x = arith.add %a, 0x10', '%y = arith.shr 1: i64, 2', '%z: f32 = arith.mul 1, 2.5'))).toEqual([
      '%4: u64 = arith.constant {value = 0: u64}', '%data: GpuBufferHandle = io.dma_from_nvme %file, %4, %b',
      '%6: u32 = arith.constant {value = 16: u32}', '%x: u32 = arith.add %a, %6',
      '%8: i64 = arith.constant {value = 1: i64}', '%9: u32 = arith.constant {value = 2: u32}', '%y: i64 = arith.shr %8, %9',
      '%11: f32 = arith.constant {value = 1: f32}', '%12: f32 = arith.constant {value = 2.5: f32}', '%z: f32 = arith.mul %11, %12', 'control.return',
    ]);
  });

  test('constants: where the pattern of an operand allows several types, the record says which', () => {
    const kernel = (name: string) => `kernel ${name}(%o: buffer<bf16, write>, %n: u64, %v: bool) workgroup(1) {\n  buffer.store %o, 1, 9\n  control.return\n}\n`;
    const text = `${kernel('k')}program p(%h: GpuBufferHandle, %c: GpuBufferHandle, %g: u64) {\n  kernel.launch 1, 2, 3, %h, 4, true {kernel = @k}\n  kernel.launch 1, %g, 3, %h, 4, true {kernel = @k}\n  kernel.launch_indirect %c, 8, %h, 5, false {kernel = @k}\n  control.return\n}`;
    const program = parse(text, registry);
    expect(verify(program, registry)).toEqual([]);
    const literals = (of: Pick<Program, 'body'>) => print({ ...program, body: of.body }).match(/value = [^}]+/g)?.map((l) => l.slice(8));
    expect(literals({ body: program.body })?.slice(2)).toEqual(['1: u32', '2: u32', '3: u32', '4: u64', 'true: bool', '1: u64', '3: u64', '4: u64', 'true: bool', '8: u64', '5: u64', 'false: bool']);
    expect(literals({ body: program.body })?.slice(0, 2)).toEqual(['1: u32', '9: f32']);
    expect(problems(`program p(%h: GpuBufferHandle) {\n  kernel.launch 1, 1, 1, %h, 4, true {kernel = @k}\n}\n${kernel('k')}`)).toEqual(['2:30 text/literal: the type of `4` does not follow: no kernel `k` stands before this launch']);
    expect(problems(`${kernel('scale')}program p(%h: GpuBufferHandle) {\n  kernel.launch 1, 1, 1, %h, 4, true {kernel = @scal}\n}`)[0]).toContain('no kernel `scal` stands before this launch; did you mean `scale`?');
    expect(problems(`${kernel('k')}program p(%h: GpuBufferHandle) {\n  kernel.launch 1, 1, 1, %h, 4, true, 9 {kernel = @k}\n}`)[0]).toContain('the type of `9` does not follow: kernel `k` has 3 parameters');
    expect(problems(`kernel k(%n: u7) workgroup(1) {\n  control.return\n}\nprogram p() {\n  kernel.launch 1, 1, 1, 300 {kernel = @k}\n}`)).toEqual(['1:14 text/unknown-type: `u7` is not a type; did you mean `u8`?']);
    expect(problems(`kernel k(%n u32) workgroup(1) {\n  control.return\n}\nprogram p() {\n  kernel.launch 1, 1, 1, 300 {kernel = @k}\n}`)).toEqual(['1:13 text/syntax: expected `:`, found `u32`']);
  });

  test('sides of a workgroup, and types of attributes that the record says', () => {
    const text = 'kernel k() workgroup(8) {\n  %m = buffer.workgroup {element = u32, length = 64}\n  control.return\n}\nprogram p() {\n  control.return\n}';
    const [kernel] = parse(text, registry).kernels;
    expect(kernel?.workgroup).toEqual([8, 1, 1]);
    expect(kernel?.body.valueTypes.map((t) => t.spelling)).toEqual(['buffer<u32, workgroup>']);
  });
});

describe('an op that nobody registered', () => {
  test('is read where the types of its results are written, so that the verifier says what is missing', () => {
    const text = host('%x: acme.tensor, %y: buffer<acme.half, read> = acme.load %h, 3: u32 {mode = fast, on = @k}', 'acme.run %x, %y');
    const program = parse(text, registry, { file: 'a.slu' });
    expect(verify(program, registry).map((e) => `${e.where?.span?.line} ${e.code}`)).toEqual(['2 verify/unknown-op', '3 verify/unknown-op']);
    expect(print(parse(print(program), registry))).toBe(print(program));
  });

  test('is a problem where they are not', () => {
    expect(problems(host('%x = arith.ad %a, %a', '%y = arith.add %x, 1'))).toEqual(['2:8 text/unknown-op: `arith.ad` is not a registered op; did you mean `arith.add` or `arith.and` or `arith.abs`?']);
  });

  test('is a problem of a text with other problems, which nobody verifies: the first use of each', () => {
    const lines = ['acme.run %a', '%x: u32 = arith.ad %a, %a', '%y = arith.ad %a, %a', '%z = arith.add %a, %nosuch', 'acme.run %a', 'control.retrun'];
    expect(problems(host(...lines))).toEqual([
      '2:3 text/unknown-op: `acme.run` is not a registered op',
      '4:8 text/unknown-op: `arith.ad` is not a registered op; did you mean `arith.add` or `arith.and` or `arith.abs`?',
      '5:22 text/unknown-value: `%nosuch` is not defined',
      '7:3 text/unknown-op: `control.retrun` is not a registered op; did you mean `control.return` or `control.trap`?',
    ]);
  });
});

describe('problems', () => {
  test('show the line, what is wrong and what to do; a run finds several', () => {
    const text = [
      'program ingest(%file: i32 {grant = r}, %bytes: u64) -> (out: GpuBufferHandle) {',
      '  %data = io.dma_from_nvme %flie, 0, %bytes',
      '  %sum = arith.add %bytes %bytes',
      '  %n: u46 = arith.constant {valu = 1: u64}',
      '  control.for 0, 4, 1 (%i: u32) {',
      '    %half = arith.div %data, 2',
      '    %i: u32 = arith.add %i, 1',
      '    control.yield',
      '  }',
      '  control.return %half, "no"',
      '}',
    ].join('\n');
    expect(rendered(text)).toMatchInlineSnapshot(`
      "text/invalid: \`a.slu\` is not a program: 8 problems:

        text/unknown-value: \`%flie\` is not defined; did you mean \`%file\`?
          --> a.slu:2:28
           2 |   %data = io.dma_from_nvme %flie, 0, %bytes
             |                            ^^^^^
          in program ingest, io.dma_from_nvme
          available: %file
          fix: correct the name, or define the value before

        text/syntax: expected \`,\` or the end of the line, found \`%bytes\`
          --> a.slu:3:27
           3 |   %sum = arith.add %bytes %bytes
             |                           ^^^^^^
          in program ingest, arith.add
          fix: separate operands by commas, and write each op on a line of its own

        text/unknown-type: \`u46\` is not a type; did you mean \`u16\` or \`u64\`?
          --> a.slu:4:7
           4 |   %n: u46 = arith.constant {valu = 1: u64}
             |       ^^^
          available: u16, u64
          fix: use a scalar, vecN<scalar>, array<type, length>, buffer<type, access>, GpuBufferHandle, or the type of a plugin

        text/attribute: \`arith.constant\` has no attribute \`valu\`: it has value; did you mean \`value\`?
          --> a.slu:4:29
           4 |   %n: u46 = arith.constant {valu = 1: u64}
             |                             ^^^^
          in program ingest, arith.constant
          available: value
          fix: correct the name, or remove it

        text/literal: the type of \`0\` does not follow: operand \`from\` of \`control.for\` may have several
          --> a.slu:5:15
           5 |   control.for 0, 4, 1 (%i: u32) {
             |               ^
          in program ingest, control.for
          fix: write it behind a colon, such as \`0: u32\`

        text/redefined: \`%i\` is defined already, in line 5
          --> a.slu:7:5
           7 |     %i: u32 = arith.add %i, 1
             |     ^^
          in program ingest, arith.add
          fix: give it another name

        text/unknown-value: \`%half\` is not defined here: it is defined in line 6, in a region that ended before
          --> a.slu:10:18
           10 |   control.return %half, "no"
              |                  ^^^^^
          in program ingest, control.return
          fix: use a value that is defined before, in this region or in one around it; hand values out of a region with its terminator

        text/syntax: expected an operand, found \`"no"\`
          --> a.slu:10:25
           10 |   control.return %half, "no"
              |                         ^
          in program ingest, control.return
          fix: write a value as \`%name\`, or a literal"
    `);
  });

  test.each([
    ['', '1:1 text/syntax: the text has no program'],
    ['hello', '1:1 text/syntax: expected `kernel` or `program`, found `hello`'],
    ['program p() {', '1:14 text/syntax: expected an op or `}`, found the end of the text'],
    ['program p() { control.return', '1:29 text/syntax: expected an op or `}`, found the end of the text'],
    ['program p() { control.return }\nprogram q() { control.return }', '2:1 text/syntax: a second program starts here'],
    ['program p(a: u32) { control.return }', '1:11 text/syntax: expected a parameter, found `a`'],
    ['kernel k() { control.return }\nprogram p() { control.return }', '1:12 text/syntax: expected `workgroup`, found `{`'],
    ['kernel k() workgroup(1.5) { control.return }\nprogram p() { control.return }', '1:22 text/syntax: expected a number of invocations, found `1.5`'],
    ['program p() { add 1, 2 }', '1:15 text/syntax: `add` is not an op id: those have a dot; did you mean `arith.add`?'],
    ['program p() { control.barrier {memory = storag} }', '1:41 text/attribute: `storag` is none of workgroup, storage; did you mean `storage`?'],
    ['program p() { control.barrier {memry = storage} }', '1:32 text/attribute: `control.barrier` has no attribute `memry`: it has memory; did you mean `memory`?'],
    ['program p() { a.b {x = 1: u32, x = 2: u32} }', '1:32 text/attribute: attribute `x` is given twice'],
    ['program p() { a.b {x = 1} }', '1:24 text/literal: the type of `1` does not follow'],
    ['program p() { a.b {x = -1: u32} }', '1:24 text/literal: `-1` is not a u32: it is out of range'],
    ['kernel k() workgroup(1) {\n  %x: u32 = buffer.load 1, 2\n  control.return\n}\nprogram p() { control.return }', '2:25 text/literal: the type of `1` does not follow: operand `buffer` of `buffer.load` may have several'],
    ['program p() { acme.b 1 }', '1:15 text/unknown-op: `acme.b` is not a registered op'],
    ['program p() { %x = arith.add 1, 2 }', '1:30 text/literal: the type of `1` does not follow: operand `a` of `arith.add` may have several'],
    ['program p(%c: bool) { %x = control.if %c () { control.yield } }', '1:23 text/result-type: the type of `%x` does not follow from the operands of `control.if`'],
    ['program p(%x: vec5<f32>) { control.return }', '1:15 text/unknown-type: `vec5<f32>` is not a type'],
    ['program p(%x: f23) { control.return }', '1:15 text/unknown-type: `f23` is not a type; did you mean `f32`?'],
    ['program p(%x: u32, %x: u32) { control.return }', '1:20 text/redefined: `%x` is defined already, in line 1'],
    ['program p(%x: u32) {\n  %x = arith.add %x, 1\n}', '2:3 text/redefined: `%x` is defined already, in line 1'],
    ['program p() {\n  a.b %late\n  %late: u32 = a.c\n}', '2:7 text/unknown-value: `%late` is not defined here: it is defined in line 3, later'],
    ['program p() {\n  a.b (%i: u32) {\n  }\n  a.c %i\n}', '4:7 text/unknown-value: `%i` is not defined here: it is defined in line 2, in a region that ended before'],
    ['program p(%total: u32) {\n  a.c %totl\n}', '2:7 text/unknown-value: `%totl` is not defined; did you mean `%total`?'],
    ['program p() { a.b {x = "open} \n }', '1:24 text/syntax: the string is not closed on its line'],
    ['program p() { a.b {x = "\\q"} }', '1:24 text/syntax: the string has an escape that is none of \\" \\\' \\\\ \\/ \\b \\f \\n \\r \\t \\u0000'],
    ['program p() { a.b $ }', '1:19 text/syntax: `$` is no part of the language outside of strings and comments'],
    ['program p() { a.b 𝒳 }', '1:19 text/syntax: `𝒳` is no part of the language outside of strings and comments'],
    ['program p(%c: bool) {\n  control.if %c {\n    control.yield\n  }\n}', '2:17 text/syntax: expected `(`, found `{`'],
    ['program p() {\n  a.b\n  kernel k() workgroup(1) {\n  }\n', '3:3 text/syntax: expected an op or `}`, found `kernel`'],
    ['program p(%v: vec2<f32>) {\n  %x = arith.mul %v, 2\n}', '2:22 text/literal: `2` cannot be a vec2<f32>: literals are scalars'],
  ])('%j', (text, ...expected) => expect(problems(text, withOpen)).toEqual(expected));

  test.each([
    ['an unknown type of an attribute', ['%q = arith.constant {value = 300: u7}', '%r = arith.add %q, 1'], '2:37 text/unknown-type: `u7` is not a type; did you mean `u8`?'],
    ['an unknown type of a literal', ['%q = arith.add 300: u7, 1', '%r: u32 = arith.add %q, 1'], '2:23 text/unknown-type: `u7` is not a type; did you mean `u8`?'],
    ['an unknown type of a result', ['%q: u7 = arith.add 300, 1', '%r = arith.add %q, 1'], '2:7 text/unknown-type: `u7` is not a type; did you mean `u8`?'],
    ['an unknown type that is an attribute', ['%q = buffer.read %h, 0 {element = vec9<u7>}', '%r = arith.add %q, 300'], '2:37 text/unknown-type: `vec9<u7>` is not a type'],
    ['an unknown type of a block argument', ['control.for %a, %a, %a (%i: u7) {', '%q = arith.add %i, 300', '}'], '2:31 text/unknown-type: `u7` is not a type; did you mean `u8`?'],
    ['a misspelt attribute', ['%q = arith.constant {valu = 300: u32}', '%r = arith.add %q, 1'], '2:24 text/attribute: `arith.constant` has no attribute `valu`: it has value; did you mean `value`?'],
    ['a literal that is none', ['%q = arith.constant {value = 300: i8}', '%r = arith.add %q, true'], '2:32 text/literal: `300` is not a i8: it is out of range'],
  ])('%s has no consequences', (_, lines, expected) => expect(problems(host(...lines))).toEqual([expected]));

  test('a record that throws is a problem of the record', () => {
    const odd = defineOp({ id: 'acme.odd', dialect: 'acme', version: '1.0.0', summary: 'Throws.', category: 'extension', level: 'both', operands: [], results: [{ name: 'r', type: 'any' }], infer: () => { throw new Error('no such luck'); } });
    const acme = registry.with(definePlugin({ name: 'acme', version: '1.0.0', api: 1, register: ({ dialect }) => dialect(defineDialect({ id: 'acme', version: '1.0.0', ops: [odd] })) }));
    expect(problems('program p() {\n  %x = acme.odd\n}', acme)).toEqual(['2:3 text/result-type: the type of `%x` does not follow: the record of `acme.odd` failed: no such luck']);
  });
});

describe('spans', () => {
  test('are those of the op ids, kernels and programs, so that the verifier points into the text', () => {
    const text = 'kernel k() workgroup(1) {\r\n  control.return\r\n}\n\n  program p() {\n  %x: u32 =\n    arith.constant {value = 1: u32}\n  control.for 0: u32, 1, 1 (%i: u32) { control.yield }\n  control.return\n}';
    const program = parse(text, registry, { file: 'a.slu' });
    const at = (p: Pick<Program, 'body'>) => [...walkOps(p.body.region)].map((op) => [opId(p.body, op), p.body.debug.spans.get(op)]);
    expect(program.span).toEqual({ file: 'a.slu', line: 5, column: 3 });
    expect(program.kernels[0]?.span).toEqual({ file: 'a.slu', line: 1, column: 1 });
    expect(at(program.kernels[0] as Pick<Program, 'body'>)).toEqual([['control.return', { file: 'a.slu', line: 2, column: 3 }]]);
    const span = (line: number, column: number) => ({ file: 'a.slu', line, column });
    expect(at(program)).toEqual([
      ['arith.constant', span(7, 5)], ['arith.constant', span(8, 15)], ['arith.constant', span(8, 23)], ['arith.constant', span(8, 26)],
      ['control.for', span(8, 3)], ['control.yield', span(8, 40)], ['control.return', span(9, 3)],
    ]);
    const wrong = parse('program p(%f: f32) {\n  %x: u32 = arith.add %f, %f\n  control.return\n}', registry, { file: 'a.slu' });
    expect(verify(wrong, registry).map((e) => [e.code, e.where?.span])).toEqual([['verify/result-type', span(2, 13)]]);
  });
});

describe('names', () => {
  test('of sibling regions may be the same; numbers that are not those of the values are kept for messages', () => {
    const text = host('a.b (%i: u32) {', '  a.c %i', '}', 'a.b (%i: u32) {', '  a.c %i', '}', '%100: u32 = a.d', 'a.c %100');
    expect(body(text).slice(-3)).toEqual(['%6: u32 = a.d', 'a.c %6', 'control.return']);
    expect(body(text).filter((l) => l === 'a.b (%i: u32) {')).toHaveLength(2);
    const program = parse(text, registry);
    expect(program.body.debug.names.get(6)).toBe('100');
  });

  test('that are taken get a number, and a body that is not in order shows the ids of the IR', () => {
    const program = parse(host('%x: u32 = a.b', 'a.c %x'), registry);
    const names = new Map([...program.body.debug.names, [4, 'a']]);
    const renamed = { ...program, body: { ...program.body, debug: { ...program.body.debug, names } } };
    expect(print(renamed)).toContain('%a_1: u32 = a.b\n  a.c %a_1');
    const [first, second, ...rest] = program.body.region.ops;
    if (first === undefined || second === undefined) throw new Error('no ops');
    const swapped = { ...program, body: { ...program.body, debug: { ...program.body.debug, names: new Map() }, region: { args: program.body.region.args, ops: [second, first, ...rest] } } };
    expect(print(swapped)).toContain('  a.c %4\n  %4: u32 = a.b\n');
  });
});
