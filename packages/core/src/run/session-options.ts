import { defaultPasses, findPass, passIds } from '../optimize/passes.ts';
import type { Mask } from '../registry/capabilities.ts';
import { Registry } from '../registry/registry.ts';
import { isRecord } from '../registry/shape.ts';
import type { SessionOptions } from './api.ts';
import type { CompileCache } from './compile-cache.ts';
import { BOOLEAN, SIGNAL, STRING, STRINGS, TIMELINE, checkOptions, count, isStrings, oneOf, wrong } from './options.ts';
import type { OptionKind } from './options.ts';
import type { Timeline } from './trace/timeline.ts';

const DEFAULT_MEMORY = 4 * 2 ** 30;
const DEFAULT_WINDOW = 4;

const OPTIONS: Readonly<Record<keyof SessionOptions, OptionKind>> = {
  backends: { ...STRINGS, takes: 'the ids of backends, in an array' },
  registry: { fits: (v) => isRecord(v) && v['~registry'] === 1, takes: 'a Registry' },
  space: STRING,
  strict: BOOLEAN,
  memory: count('bytes'),
  window: count('loop iterations'),
  durability: oneOf(['run', 'op', 'none']),
  masks: { fits: (v) => isRecord(v) && Object.values(v).every(isMask), takes: 'a record of masks by backend id: `{ ops, types, limits }`' },
  passes: { ...STRINGS, takes: 'the ids of passes, in an array' },
  trace: TIMELINE,
  cache: { fits: (v) => isRecord(v) && typeof v['get'] === 'function' && typeof v['put'] === 'function', takes: 'a CompileCache: `{ get, put }`' },
  signal: SIGNAL,
};

export interface CheckedOptions {
  readonly registry: Registry;
  readonly backends: readonly string[] | undefined;
  readonly space: string | undefined;
  readonly memory: number;
  readonly window: number;
  readonly durability: 'run' | 'op' | 'none';
  readonly strict: boolean;
  readonly passes: readonly string[];
  readonly masks: Readonly<Record<string, Mask>>;
  readonly trace: Timeline | undefined;
  readonly cache: CompileCache | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The options with what is absent filled in. @throws SluiceError `session/option` */
export function checkSessionOptions(options: SessionOptions): CheckedOptions {
  checkOptions('session()', options, OPTIONS);
  const { registry = Registry.default, backends, space, memory = DEFAULT_MEMORY, window = DEFAULT_WINDOW, durability = 'run', strict = false, passes = defaultPasses, masks = {}, cache, trace, signal } = options;
  const twice = backends?.find((b, i) => backends.indexOf(b) !== i);
  if (twice !== undefined) throw wrong(`option \`backends\` of session() names \`${twice}\` twice`, 'name each backend once, in order of preference');
  const pass = passes.find((p) => findPass(p, registry) === undefined);
  if (pass !== undefined) throw wrong(`option \`passes\` of session() names \`${pass}\`, which is not registered`, 'import the plugin that has it', passIds(registry));
  const masked = Object.keys(masks).find((b) => !registry.backends.has(b));
  if (masked !== undefined) throw wrong(`option \`masks\` of session() names \`${masked}\`, which is not a registered backend`, 'name a backend that is registered', [...registry.backends.keys()]);
  if (space !== undefined && space !== 'host' && !registry.spaces.has(space)) throw wrong(`option \`space\` of session() is \`${space}\`, which is not registered`, 'import the plugin that has it', ['host', ...registry.spaces.keys()]);
  return { registry, backends, space, memory, window, durability, strict, passes, masks, cache, trace, signal };
}

function isMask(mask: unknown): boolean {
  if (!isRecord(mask)) return false;
  const { ops = [], types = [], limits = {} } = mask;
  return isStrings(ops) && isStrings(types) && isRecord(limits) && Object.values(limits).every((most) => typeof most === 'number' && most >= 0);
}
