import { isRegisterType } from '../dialects/vector.ts';
import type { Op, Region, ValueId } from '../ir/program.ts';
import { MOST_SCALARS } from '../ir/types.ts';
import type { RegionSpec, VerifyContext } from '../ops/op.ts';
import { checkAttributes } from './attributes.ts';
import { checkBytesExtraction } from './bytes-extraction.ts';
import type { BodyContext } from './context.ts';
import type { OpFacts } from './facts.ts';
import { LIMITS } from './limits.ts';
import { idOf, valueName } from './path.ts';
import { Scopes } from './scopes.ts';
import { TypeRules } from './types.ts';
import { reportUnknownOp } from './unknown-op.ts';

/**
 * Walks a body in program order, once, and checks each op by its record: that it is registered and stands at its
 * level, its operands (defined before, in scope, of its types), attributes, regions and terminators, and last the
 * op's own rules.
 */
export function checkStructure(c: BodyContext): void {
  const walk = new StructureWalk(c);
  try {
    const returns: Op[] = [];
    walk.region(c.body.region, 0, c.spec, undefined, returns);
    for (const op of returns) checkReturn(c, op);
  } catch (cause) {
    // Rules of op records are other people's code: what they throw is a fault of the record.
    const why = cause instanceof Error ? cause.message : String(cause);
    c.report.add(c, walk.current, 'registry/bad-op', `verifying \`${walk.current === undefined ? 'body' : idOf(c, walk.current)}\` failed: ${why}`, 'report it to the package that declares the op', { cause });
  }
}

/** What a return hands on: the results of the program, nothing in a kernel. */
function checkReturn(c: BodyContext, op: Op): void {
  const found = op.operands.map((v) => c.body.valueTypes[v]?.spelling);
  const expected = c.returns.map((t) => t.spelling);
  if (found.length === expected.length && found.every((t, i) => t === expected[i])) return;
  const what = c.level === 'kernel' ? 'a kernel returns nothing' : `the results of the program are (${expected.join(', ')})`;
  c.report.add(c, op, 'verify/results', `\`${idOf(c, op)}\` hands on (${found.join(', ')}), ${what}`, c.level === 'kernel' ? 'store results in a buffer' : 'return one value for each result, of its type');
}

/** An open region: its record, the op that owns it, and the terminators that end in it. */
interface Frame {
  spec: RegionSpec | undefined;
  owner: Op | undefined;
  caught: Op[];
}

class StructureWalk implements VerifyContext {
  readonly body: BodyContext['body'];
  /** The op that is looked at, for a rule that throws. */
  current: Op | undefined;
  readonly #c: BodyContext;
  readonly #types: TypeRules;
  readonly #scopes: Scopes;
  /** Open regions by depth. */
  readonly #frames: Frame[] = Array.from({ length: LIMITS.depth + 1 }, () => ({ spec: undefined, owner: undefined, caught: [] }));
  /** What the regions of the op that is being walked caught, by their depth and index. */
  readonly #caught: Op[][][] = Array.from({ length: LIMITS.depth + 2 }, () => []);
  /** The op whose own rules run, and the depth of its regions. */
  #verifying: Op | undefined;
  #regionDepth = 0;

  constructor(c: BodyContext) {
    this.#c = c;
    this.body = c.body;
    this.#types = new TypeRules(c);
    this.#scopes = new Scopes(c.body.valueTypes.length);
  }

  region(region: Region, depth: number, spec: RegionSpec | undefined, owner: Op | undefined, caught: Op[]): void {
    const frame = this.#frames[depth] as Frame;
    frame.spec = spec;
    frame.owner = owner;
    frame.caught = caught;
    this.#scopes.open(depth);
    for (let i = 0; i < region.args.length; i++) this.#define(region.args[i] as ValueId, owner, depth, 'block argument', depth > 0);
    const { ops } = region;
    const last = ops.length - 1;
    for (let i = 0; i <= last && !this.#c.report.full; i++) this.#op(ops[i] as Op, depth, i === last);
    if (last < 0 && spec !== undefined) {
      this.#c.report.add(this.#c, owner, 'verify/terminator', `region \`${spec.name}\`${ownedBy(this.#c, owner)} is empty`, `end it in ${oneOf(spec.terminators)}`);
    }
    this.#scopes.close(depth);
  }

  #op(op: Op, depth: number, last: boolean): void {
    this.current = op;
    const c = this.#c;
    const facts = c.facts[op.name] as OpFacts;
    let ok = this.#checkOperands(op);
    if (facts.def === undefined) reportUnknownOp(c, op, facts.id);
    else {
      ok = this.#checkLevel(op, facts, facts.def.level) && ok;
      ok = checkAttributes(c, op, facts) && ok;
      // A wrong attribute would be found a second time in the types that follow from it.
      ok = ok && this.#types.check(op, facts) && checkBytesExtraction(c, op, facts);
      if (op.regions.length < facts.minRegions || op.regions.length > facts.regions.length) {
        ok = false;
        c.report.add(c, op, 'verify/region-count', `\`${facts.id}\` has ${op.regions.length} region${op.regions.length === 1 ? '' : 's'}, expected ${regionCount(facts)}`, 'give the op the regions that it declares');
      }
      if (facts.terminator) this.#checkTerminator(op, facts, depth, last);
      else if (last) this.#checkEnd(op, facts, depth);
    }
    if (op.regions.length > 0) this.#walkRegions(op, facts, depth + 1);
    const { results } = op;
    for (let i = 0; i < results.length; i++) this.#define(results[i] as ValueId, op, depth, 'result', true);
    if (ok && facts.def?.verify !== undefined) {
      this.current = op;
      this.#verifying = op;
      this.#regionDepth = depth + 1;
      facts.def.verify(op, this);
    }
  }

  #walkRegions(op: Op, facts: OpFacts, depth: number): void {
    const lists = this.#caught[depth] as Op[][];
    for (let i = 0; i < op.regions.length; i++) {
      const caught = (lists[i] ??= []);
      if (caught.length > 0) caught.length = 0;
      this.region(op.regions[i] as Region, depth, facts.regions[i], op, caught);
    }
  }

  #checkOperands(op: Op): boolean {
    const { operands } = op;
    let ok = true;
    for (let i = 0; i < operands.length; i++) {
      const value = operands[i] as ValueId;
      if (this.#scopes.sees(value)) continue;
      ok = false;
      const name = valueName(this.body, value);
      const how = this.#scopes.isDefined(value) ? 'is defined in a region that ended before' : 'is not defined before it is used';
      this.#c.report.add(this.#c, op, 'verify/dominance', `\`${idOf(this.#c, op)}\`: operand ${i}, ${name}, ${how}`, 'use a value that is defined before, in this region or in one around it; hand values out of a region with its terminator');
    }
    return ok;
  }

  /** Defines a value in the region at `depth`; `judge` its type, unless that is a parameter's. */
  #define(value: ValueId, op: Op | undefined, depth: number, what: string, judge: boolean): void {
    const c = this.#c;
    if (!this.#scopes.define(value, depth)) {
      c.report.add(c, op, 'verify/dominance', `${what} ${valueName(this.body, value)} is defined twice`, 'give every block argument and result an id of its own');
    }
    if (!judge) return;
    const type = this.typeOf(value);
    if (type.kind === 'scalar' && !type.computed) {
      c.report.add(c, op, 'verify/result-type', `${what} ${valueName(this.body, value)} is ${type.spelling}, a type that only memory has`, 'use i32, u32 or f32: loads and stores convert');
    } else if ((type.kind === 'vector' || type.kind === 'array') && !isRegisterType(type)) {
      c.report.add(c, op, 'verify/result-type', `${what} ${valueName(this.body, value)} is ${type.spelling}, and a value is made of computed scalars, of at most ${MOST_SCALARS}`, 'load and store parts of it; make arrays of computed scalars, or of vectors of them');
    } else if (type.kind === 'buffer' && c.level === 'kernel') this.#checkBufferValue(value, op, depth, what);
  }

  /** Which memory an op of a kernel touches is fixed: buffers are parameters and workgroup memory, and flow nowhere. */
  #checkBufferValue(value: ValueId, op: Op | undefined, depth: number, what: string): void {
    const c = this.#c;
    const name = valueName(this.body, value);
    const spelling = this.typeOf(value).spelling;
    if (what === 'block argument' || (op !== undefined && op.regions.length > 0)) {
      c.report.add(c, op, 'verify/carried', `${what} ${name} is a ${spelling}: buffers cannot be handed from region to region`, 'use the buffer itself inside the region; hand on indices or values');
    } else if (depth > 0) {
      c.report.add(c, op, 'verify/workgroup-memory', `\`${op === undefined ? '' : idOf(c, op)}\` makes ${name}, a ${spelling}, inside a region`, 'move it to the top level of the kernel');
    }
  }

  #checkLevel(op: Op, facts: OpFacts, level: 'kernel' | 'host' | 'both'): boolean {
    if (level === 'both' || level === this.#c.level) return true;
    const [is, stands] = level === 'kernel' ? ['a kernel op', 'the host body of a program'] : ['a host op', 'a kernel'];
    this.#c.report.add(this.#c, op, 'verify/level', `\`${facts.id}\` is ${is} and stands in ${stands}`, level === 'kernel' ? 'move it into a kernel and launch that' : 'move it to the host body, before or after the launch');
    return false;
  }

  /** The last op of a region that is not a terminator. */
  #checkEnd(op: Op, facts: OpFacts, depth: number): void {
    const { spec, owner } = this.#frames[depth] as Frame;
    if (spec === undefined) return;
    this.#c.report.add(this.#c, op, 'verify/terminator', `region \`${spec.name}\`${ownedBy(this.#c, owner)} ends in \`${facts.id}\`, which is not a terminator`, `end it in ${oneOf(spec.terminators)}`);
  }

  /** A terminator stands last, may end its region and every region that it leaves, and is caught by one of them. */
  #checkTerminator(op: Op, facts: OpFacts, depth: number, last: boolean): void {
    const c = this.#c;
    if (!last) {
      c.report.add(c, op, 'verify/terminator', `\`${facts.id}\` stands in the middle of its region`, 'end the region with it, or remove what follows');
      return;
    }
    for (let d = depth; d >= 0; d--) {
      const frame = this.#frames[d] as Frame;
      // Of an unknown op's regions nothing is known: they may catch anything.
      if (frame.spec === undefined) return;
      const stops = !frame.spec.terminators.includes(facts.id) || (d === 0 && depth > 0 && c.level === 'host');
      if (stops) return this.#checkStopped(op, facts, frame, d === depth, d === 0);
      if (frame.spec.catches.includes(facts.id)) {
        frame.caught.push(op);
        return;
      }
    }
  }

  /** A terminator that may not end or leave the region of `frame`. */
  #checkStopped(op: Op, facts: OpFacts, frame: Frame, own: boolean, body: boolean): void {
    const c = this.#c;
    const { spec, owner } = frame;
    if (spec === undefined) return;
    const message = body
      ? spec.catches.includes(facts.id)
        ? `\`${facts.id}\` stands inside a region: a program returns at its top level alone`
        : `nothing around \`${facts.id}\` catches it`
      : `\`${facts.id}\` cannot ${own ? 'end' : 'leave'} region \`${spec.name}\`${ownedBy(c, owner)}`;
    const fix = body && !own ? 'use it inside an op that catches it, a loop for example, or end the region in another terminator' : `end the region in ${oneOf(spec.terminators)}`;
    c.report.add(c, op, 'verify/terminator', message, fix);
  }

  // What an op's own rules see.

  typeOf(value: ValueId) {
    const type = this.body.valueTypes[value];
    if (type === undefined) throw new RangeError(`there is no value %${value}`);
    return type;
  }

  opId(op: Op): string {
    return idOf(this.#c, op);
  }

  caught(index: number): readonly Op[] {
    return this.#caught[this.#regionDepth]?.[index] ?? [];
  }

  kernel(name: string) {
    return this.#c.kernels.get(name);
  }

  problem(code: Parameters<VerifyContext['problem']>[0], message: string, fix: string, at?: Op): void {
    this.#c.report.add(this.#c, at ?? this.#verifying, code, message, fix);
  }
}

function ownedBy(c: BodyContext, owner: Op | undefined): string {
  return owner === undefined ? '' : ` of \`${idOf(c, owner)}\``;
}

function oneOf(ids: readonly string[]): string {
  return ids.join(' or ');
}

function regionCount(facts: OpFacts): string {
  return facts.minRegions === facts.regions.length ? String(facts.minRegions) : `${facts.minRegions} to ${facts.regions.length}`;
}
