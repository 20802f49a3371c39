import { SluiceError, isSluiceError } from '../diagnostics/error.ts';
import { inWords } from '../diagnostics/in-words.ts';
import type { Program } from '../ir/program.ts';
import type { Pass, PassContext } from '../registry/plugin.ts';
import type { Registry } from '../registry/registry.ts';
import { isRecord } from '../registry/shape.ts';
import { verified } from '../verify/verify.ts';
import { cse } from './cse.ts';
import { dce } from './dce.ts';
import { legalizeF16 } from './f16/legalize-f16.ts';
import { fold } from './fold.ts';
import { fuse } from './fuse/fuse.ts';
import { inline } from './inline.ts';
import { licm } from './licm.ts';
import { range } from './ranges/range.ts';
import { simplify } from './simplify.ts';
import { legalizeSmall } from './small/legalize-small.ts';
import { legalizeVector } from './vectors/legalize-vector.ts';
import { legalize64 } from './wide/legalize-64.ts';

/** Core's own passes, in the order in which they are best run. */
export const passes: readonly Pass[] = [inline, fold, simplify, range, licm, cse, dce, fuse, legalizeF16, legalizeSmall, legalize64, legalizeVector];

/** What a session runs between verifying and planning, where it is not told otherwise. None of them looks at a backend. */
export const defaultPasses: readonly string[] = [fold, simplify, range, fold, licm, cse, dce].map((p) => p.id);

/** The pass of that id: core's own, or one that a plugin registered. */
export function findPass(id: string, registry: Registry): Pass | undefined {
  return OWN.get(id) ?? registry.passes.get(id);
}

/** Ids of all passes that there are. */
export function passIds(registry: Registry): readonly string[] {
  return [...OWN.keys(), ...registry.passes.keys()];
}

const OWN: ReadonlyMap<string, Pass> = new Map(passes.map((p) => [p.id, p]));

export interface OptimizeOptions {
  readonly registry: Registry;
  /** Ids of passes, run in this order; absent: `defaultPasses`. */
  readonly passes?: readonly string[];
  readonly target?: PassContext['target'];
  /** Told after each pass what it made; the same program again where it changed nothing. */
  readonly after?: (pass: Pass, program: Program) => void;
}

/**
 * What passes make of a verified program; the same program where they change nothing. What passes of plugins make is
 * verified each time; for core's own, the caller verifies the outcome.
 * @throws SluiceError `plan/unknown-pass`; `plan/bad-lowering` for a pass that throws or makes no program; `verify/invalid`
 */
export function optimize(program: Program, { registry, passes: ids = defaultPasses, target, after }: OptimizeOptions): Program {
  let made = program;
  for (const pass of ids.map((id) => named(id, registry))) {
    const before = made;
    made = passed(made, pass, { registry, target });
    if (made !== before && !OWN.has(pass.id)) made = verified(made, registry);
    after?.(pass, made);
  }
  return made;
}

function named(id: string, registry: Registry): Pass {
  const found = findPass(id, registry);
  if (found !== undefined) return found;
  throw new SluiceError({ code: 'plan/unknown-pass', message: `there is no pass \`${id}\``, fix: 'name a pass of core, or import the plugin that has it', available: passIds(registry) });
}

/** What a pass makes of the program; one that throws, or makes no program, is at fault. */
function passed(program: Program, pass: Pass, context: PassContext): Program {
  const atFault = (how: string, cause?: unknown) => new SluiceError({ code: 'plan/bad-lowering', message: `pass \`${pass.id}\` ${how}`, fix: 'report it to the author of the pass, or take it off `passes`', where: { program: program.name }, cause });
  let made: unknown;
  try {
    made = pass.run(program, context);
  } catch (cause) {
    throw isSluiceError(cause) ? cause : atFault(`threw: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  if (!isRecord(made) || made instanceof Promise) throw atFault(`gave ${inWords(made)} in place of a program`);
  return made as unknown as Program;
}
