import { opId, walkOps } from '@sluice/core';
import type { ProgramIr, Session } from '@sluice/core';
import type { BackendUnderTest } from '../src/index.ts';

/** The backend, which notes in `met` the ops of the programs that suites give it; those of random programs do not count. */
export function recording(backend: BackendUnderTest, met: Set<string>): BackendUnderTest {
  return {
    ...backend,
    open: async (options) => {
      const open = await backend.open(options);
      const compile: Session['compile'] = (program, ...rest) => {
        note(program, met);
        return open.session.compile(program, ...rest);
      };
      const session = new Proxy(open.session, {
        get: (target, key) => {
          if (key === 'compile') return compile;
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
      return { ...open, session };
    },
  };
}

function note(program: ProgramIr, met: Set<string>): void {
  if (program.name === 'generated') return;
  for (const body of [program.body, ...program.kernels.map((k) => k.body)]) for (const op of walkOps(body.region)) met.add(opId(body, op));
}

/** Ops of a list that no case met, and exceptions that are out of date because one did. */
export function gaps(ops: readonly string[], met: ReadonlySet<string>, exceptions: Readonly<Record<string, string>>): { readonly unmet: readonly string[]; readonly outOfDate: readonly string[] } {
  return { unmet: ops.filter((id) => !met.has(id) && !(id in exceptions)), outOfDate: Object.keys(exceptions).filter((id) => met.has(id) || !ops.includes(id)) };
}
