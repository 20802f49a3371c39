import { SluiceError, combine } from '../diagnostics/error.ts';
import { interned, internedKernel } from '../ir/interned.ts';
import type { Kernel, Program } from '../ir/program.ts';
import type { Registry } from '../registry/registry.ts';
import type { BodyContext } from './context.ts';
import { hostContext, kernelContext } from './context.ts';
import { checkKernelDeclaration, checkProgramDeclaration } from './declarations.ts';
import type { OpFacts } from './facts.ts';
import { checkLaunchAliases } from './launch-alias.ts';
import { checkLifetimes } from './lifetimes.ts';
import type { Diagnostic } from './report.ts';
import { Report } from './report.ts';
import { checkKernelShape, checkProgramShape } from './shape.ts';
import { checkStructure } from './structure.ts';
import { checkUniformity } from './uniformity.ts';
import { checkWorkgroupMemory } from './workgroup-memory.ts';

export type { Diagnostic } from './report.ts';

/**
 * Every rule of IR over a program and its kernels, driven by the op records of `registry`. Returns what is wrong in
 * program order, nothing for a valid program; never throws, whatever it is given, and ends in time linear in its size.
 */
export function verify(program: Program, registry: Registry): readonly Diagnostic[] {
  return reporting((report) => void examined(program, registry, report));
}

/** The program with the types of this process, when every rule was applied to it; undefined where its shape forbids it. */
function examined(given: Program, registry: Registry, report: Report): Program | undefined {
  // Nothing may be done with data from elsewhere, not even cloning it, before its sizes are known to be bounded.
  if (!checkProgramShape(given, registry, report)) return undefined;
  const program = interned(given);
  const known = new Map<string, OpFacts>();
  for (const [i, kernel] of program.kernels.entries()) {
    if (report.full) return undefined;
    checkKernel(kernelContext(kernel, program, i, registry, report, known), kernel);
  }
  const c = hostContext(program, registry, report, known);
  checkProgramDeclaration(c, program);
  checkBody(c);
  return program;
}

/** As `verify`, for a kernel by itself. */
export function verifyKernel(kernel: Kernel, registry: Registry): readonly Diagnostic[] {
  return reporting((report) => {
    if (!checkKernelShape(kernel, registry, report)) return;
    const ours = internedKernel(kernel);
    checkKernel(kernelContext(ours, undefined, 0, registry, report, new Map()), ours);
  });
}

/**
 * The program with the types of this process, which a clone from another thread lacks.
 * @throws SluiceError `verify/invalid`, with every diagnostic in its `problems`
 */
export function verified(given: Program, registry: Registry): Program {
  let program: Program | undefined;
  const problems = reporting((report) => void (program = examined(given, registry, report)));
  if (problems.length === 0 && program !== undefined) return program;
  const list = problems.map((p) => `${p.code}: ${p.message}`);
  const what = list.length === 1 ? `: ${list[0]}` : `, ${list.length} problems:\n  ${list.join('\n  ')}`;
  throw combine('verify/invalid', `${calledOf(given)} does not verify${what}`, problems);
}

/** It may be anything: a module with a default export of another kind, for one. */
function calledOf(program: unknown): string {
  try {
    const name = (program as { readonly name?: unknown } | undefined)?.name;
    return typeof name === 'string' ? `program \`${name}\`` : 'what is given as a program';
  } catch {
    return 'what is given as a program';
  }
}

function checkKernel(c: BodyContext, kernel: Kernel): void {
  checkKernelDeclaration(c, kernel);
  checkBody(c);
}

function checkBody(c: BodyContext): void {
  checkStructure(c);
  checkUniformity(c);
  checkWorkgroupMemory(c);
  checkLifetimes(c);
  checkLaunchAliases(c);
}

/** Data that runs code when it is read (getters, proxies) may throw; that too is a finding. */
function reporting(rules: (report: Report) => void): readonly Diagnostic[] {
  try {
    const report = new Report();
    rules(report);
    return report.finish();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : `it threw a ${typeof cause}`;
    return [new SluiceError({ code: 'verify/malformed', message: `reading the program failed: ${why}`, fix: 'build programs with defineProgram, the text form or the binary form', cause })];
  }
}
