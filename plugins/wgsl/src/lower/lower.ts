import { indexBounds, isSluiceError, SluiceError, walkKernel, walkOps, whereOf } from '@sluice/core';
import type { Builder, KernelIr, Op, OpDef, Registry, ValueId, Where } from '@sluice/core';
import { lowerings } from './lowerings.ts';
import type { Binding, LineOrigin, LoweredKernel, LowerOptions } from './lowered.ts';
import { BACKEND, STATUS_WORDS } from './lowered.ts';
import { Module } from './module.ts';
import { prologueNames, prologueOf } from './prologue.ts';
import { recordOf, scalarIn } from './record.ts';
import type { Recorded } from './record.ts';
import { layoutOf, typeText } from './types.ts';

/** Names that every module may use, beside those of its prologue and of the kernel. */
const FIXED = ['launch', 'Launch', 'launch_status'];

/**
 * The WGSL of a verified kernel that is legal for this backend. The same kernel and options give the same text.
 * @throws SluiceError `plan/no-lowering`, `plan/type`, `plan/bad-lowering`
 */
export function lowerKernel(kernel: KernelIr, options: LowerOptions): LoweredKernel {
  const { registry, features, unguarded, unshifted = false } = options;
  const bounds = indexBounds(kernel, registry);
  const module = new Module(kernel, { features, unguarded, unshifted }, bounds, usesOf(kernel, registry));
  for (const name of [...FIXED, ...prologueNames(module)]) module.names.make(name);
  const entryPoint = module.fresh(kernel.name);
  const recorded = recordOf(kernel);
  const { params, bindings, variables, scalars } = parametersOf(kernel, module, recorded);
  walkKernel<string>(kernel, {
    registry,
    target: BACKEND,
    params,
    builderOf: (def) => builderOf(def, module, registry),
    emit: module.emit,
    declare: module.declare,
    fresh: module.fresh,
    exits: { 'control.return': () => module.leave('return;') },
    around: (op, _, lower) => {
      const outer = module.op;
      module.op = op;
      lower();
      module.op = outer;
    },
  });

  const status = module.traps.length === 0 ? undefined : { binding: bindings.length + 1 };
  if (status !== undefined) variables.push(`@group(0) @binding(${status.binding}) var<storage, read_write> launch_status: array<atomic<u32>, ${STATUS_WORDS}>;`);
  const [x, y, z] = kernel.workgroup;
  const { parameters, statements } = prologueOf(module);
  const before = [
    [recorded.declaration, ...variables].join('\n'),
    ...module.declarations.map((text) => (text.startsWith('var<') ? text : `\n${text}`)),
    `\n@compute @workgroup_size(${x}, ${y}, ${z})\nfn ${entryPoint}(${parameters.length === 0 ? '' : `\n${parameters.map((p) => `  ${p},\n`).join('')}`}) {`,
    ...[...scalars, ...statements].map((s) => `  ${s}`),
  ].join('\n');
  const body = module.lines.join('\n');
  const usesF16 = F16.test(before) || F16.test(body);
  if (usesF16 && !features.f16) throw new SluiceError({ code: 'plan/type', message: `kernel \`${kernel.name}\` computes with f16, and the device has no shader-f16`, fix: 'use f32, or another device', where: { kernel: kernel.name, span: kernel.span } });
  const head = [...header(kernel, options), ...(usesF16 ? ['enable f16;'] : []), ...(module.usesSubgroups ? ['enable subgroups;'] : []), '', before].join('\n');
  return {
    code: `${head}\n${body}${body === '' ? '' : '\n'}}\n`,
    entryPoint,
    workgroup: [x, y, z],
    record: recorded.record,
    bindings,
    status,
    traps: module.traps,
    workgroupBytes: module.workgroupBytes,
    usesSubgroups: module.usesSubgroups,
    bounds,
    lines: originsOf(module, head.split('\n').length + 1, registry, options.program),
  };
}

const F16 = /\bf16\b|\d[\d.e+-]*h\b/;

function header({ name }: KernelIr, { program, hash }: LowerOptions): readonly string[] {
  return [`// Kernel ${shown(name)}${program === undefined ? '' : ` of program ${shown(program)}`}, lowered by @sluice/wgsl.`, ...(hash === undefined ? [] : [`// ${shown(hash)}`])];
}

/** On one line, whatever a name holds. */
function shown(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, 200);
}

interface Parameters {
  /** What each parameter is called in the body. */
  readonly params: readonly string[];
  readonly bindings: Binding[];
  /** Declarations of the buffers. */
  readonly variables: string[];
  /** Statements that read scalars of the launch record. */
  readonly scalars: readonly string[];
}

function parametersOf(kernel: KernelIr, module: Module, recorded: Recorded): Parameters {
  const where: Where = { kernel: kernel.name, span: kernel.span };
  const bindings: Binding[] = [];
  const variables: string[] = [];
  const scalars: string[] = [];
  const params = kernel.params.map(({ name: given, type }, param) => {
    const name = module.fresh(given);
    if (type.kind !== 'buffer') {
      scalars.push(`let ${name} = ${scalarIn(recorded.fieldOf(param, 'scalar'), typeText(type, { where }))};`);
      return name;
    }
    const layout = layoutOf(type.element, { where });
    const value = kernel.body.region.args[param];
    const atomic = value !== undefined && module.atomics.has(value);
    const access = type.access === 'read' ? 'read' : 'read_write';
    const binding = bindings.length + 1;
    bindings.push({ param, binding, access, wordBytes: layout.wordBytes });
    variables.push(`@group(0) @binding(${binding}) var<storage, ${access}> ${name}: array<${atomic ? `atomic<${layout.word}>` : layout.word}>;`);
    const memory = { name, layout, atomic, count: recorded.fieldOf(param, 'count') };
    module.memories.set(name, module.options.unshifted ? memory : { ...memory, offset: recorded.fieldOf(param, 'offset') });
    return name;
  });
  return { params, bindings, variables, scalars };
}

/** Buffers whose words are atomics, and the values that ops use. */
function usesOf({ body }: KernelIr, registry: Registry): { readonly atomics: ReadonlySet<ValueId>; readonly used: ReadonlySet<ValueId> } {
  const isAtomic = body.opNames.map((id) => registry.lookup(id)?.traits.includes('atomic') ?? false);
  const atomics = new Set<ValueId>();
  const used = new Set<ValueId>();
  for (const op of walkOps(body.region)) {
    for (const value of op.operands) used.add(value);
    const [first] = op.operands;
    if (isAtomic[op.name] === true && first !== undefined) atomics.add(first);
  }
  return { atomics, used };
}

const OWN: ReadonlySet<Builder<string>> = new Set(Object.values(lowerings));

/** The registry's builder, or this package's. Results have names from where they stand; those of other packages have their types too. */
function builderOf(def: OpDef, module: Module, registry: Registry): Builder<string> | undefined {
  const table = registry.table(def.id);
  const build = table?.primaryText.get(BACKEND) ?? table?.primaryText.get('*') ?? lowerings[def.id];
  if (build === undefined) return undefined;
  if (OWN.has(build)) return (op, ctx) => build(op, ctx).map((text, i) => module.value(op.results[i], text));
  return (op, ctx) => {
    try {
      return build(op, ctx).map((text, i) => {
        const type = ctx.resultType(i);
        if (type.kind === 'buffer') return text;
        const name = module.nameOf(op.results[i]);
        module.emit(`let ${name}: ${typeText(type, ctx)} = ${text};`);
        return name;
      });
    } catch (cause) {
      if (isSluiceError(cause)) throw cause;
      throw new SluiceError({ code: 'plan/bad-lowering', message: `the lowering of \`${def.id}\` to WGSL throws: ${cause instanceof Error ? cause.message : String(cause)}`, fix: 'correct the lowering: it is at fault, not the program', where: ctx.where, cause });
    }
  };
}

/** `first`: the line of the code at which the body's first one stands. */
function originsOf({ kernel, origins }: Module, first: number, registry: Registry, program: string | undefined): readonly LineOrigin[] {
  const names = (id: string) => registry.lookup(id)?.regions.map((r) => r.name) ?? [];
  const lines: LineOrigin[] = [];
  let before: Op | undefined;
  for (const [i, op] of origins.entries()) {
    if (op === undefined || op === before) continue;
    before = op;
    lines.push(new Origin(first + i, () => whereOf({ ...(program === undefined ? {} : { program }), kernel: kernel.name }, kernel.body, op, names)));
  }
  return lines;
}

class Origin implements LineOrigin {
  readonly line: number;
  readonly #search: () => Where;
  #where: Where | undefined;

  constructor(line: number, search: () => Where) {
    this.line = line;
    this.#search = search;
  }

  get where(): Where {
    return (this.#where ??= this.#search());
  }
}
