/**
 * Who can mend it:
 * - `program`: the program is invalid;
 * - `unsupported`: the program is valid, and not runnable here;
 * - `run`: the run failed.
 */
export type Family = 'program' | 'unsupported' | 'run';

export interface CodeRow {
  readonly family: Family;
  /** One sentence for the error page: when it is raised. */
  readonly summary: string;
}

const program = (summary: string): CodeRow => ({ family: 'program', summary });
const unsupported = (summary: string): CodeRow => ({ family: 'unsupported', summary });
const run = (summary: string): CodeRow => ({ family: 'run', summary });

/** Every code that core and the built-in plugins raise. A plugin adds its own through the `codes` hook. */
export const codes = {
  // the TypeScript front end
  'build/outside-trace': program('An op was called outside the body of a kernel or program.'),
  'build/foreign-value': program('A value of another kernel or program was used.'),
  'build/out-of-scope': program('A value was used outside the region that defines it.'),
  'build/after-terminator': program('An op follows break, continue or return in its region.'),
  'build/host-operator': program('A JavaScript operator or conversion was applied to a traced value.'),
  'build/unused-condition': program('A condition was computed and nothing uses it.'),
  'build/async-body': program('A traced body was async or returned a promise.'),
  'build/literal-range': program('A literal is not a value of the type it must have.'),
  'build/operand': program('An argument is neither a value nor a literal that the op takes there.'),
  'build/types': program('The operand types do not fit the op.'),
  'build/level': program('A kernel op was called in a program, or a host op in a kernel.'),
  'build/carried': program('What a loop or branch hands on does not match what it was given.'),
  'build/result': program('A program returns something that is not a record of values.'),
  'build/param': program('A parameter declaration is malformed.'),
  'build/launch-args': program('The arguments of a launch do not match the parameters of the kernel.'),
  'build/call': program('The arguments of a call do not match the parameters of the program that is called.'),
  'build/name-clash': program('Two kernels of one program have the same name.'),

  // IR and registry
  'ir/unknown-type': program('A spelling names no type.'),
  'registry/bad-op': program('An op record contradicts itself.'),
  'registry/bad-plugin': program('A plugin value is malformed.'),
  'registry/clash': program('Two packages register the same thing.'),
  'registry/closed-dialect': program('A plugin adds an op to a dialect of another package.'),
  'registry/api-mismatch': program('A plugin or a second copy of core was made for another plugin contract.'),
  'registry/rejected': program('Several things are wrong with the plugins; each is listed.'),
  'registry/replaced': program('A plugin of the same version was registered again with another value.'),
  'registry/dangling-lowering': program('A lowering is for an op or a backend that nobody has registered.'),

  // the text form
  'text/invalid': program('A text is no program; the single problems are listed.'),
  'text/syntax': program('A text does not follow the grammar.'),
  'text/literal': program('A literal is malformed, is not a value of its type, or has a type that does not follow.'),
  'text/unknown-value': program('A value is used where it is not defined.'),
  'text/redefined': program('A value has the name of another one that is seen there.'),
  'text/unknown-type': program('A spelling in a text names no type.'),
  'text/unknown-op': program('An op that nobody registered, which has results or literals whose types are not written, or stands in a text with other problems.'),
  'text/attribute': program('An attribute is given twice, is none of the op, or has a value that the op does not take.'),
  'text/result-type': program('The type of a result is not written and does not follow.'),
  'text/limit': program('A text, or a program that is to be text, is larger or more deeply nested than is accepted.'),

  // the wire form
  'wire/not-wire': program('What is to be decoded is no program in wire form.'),
  'wire/version': program('A file in wire form needs a newer reader.'),
  'wire/truncated': program('A file in wire form ends too early, or goes on after its end.'),
  'wire/checksum': program('A file in wire form was changed after it was written.'),
  'wire/malformed': program('A file in wire form contradicts itself.'),
  'wire/limit': program('A file in wire form holds more than is accepted, or a limit is not a number.'),
  'wire/dialect-version': program('A file was written for a newer major version of a dialect than the one that is linked.'),
  'wire/unencodable': program('A program that is not well-formed was to be encoded.'),
  'wire/migration': program('A migration renames what is renamed already, or gives an attribute a name that is taken.'),
  'wire/migration-cycle': program('Renamed ops go in a circle.'),

  // the verifier
  'verify/unknown-op': program('An op that nobody registered.'),
  'verify/level': program('A kernel op in a host body, or a host op in a kernel.'),
  'verify/operand-count': program('An op has too few or too many operands.'),
  'verify/operand-type': program('An operand has a type that the op does not take.'),
  'verify/result-type': program('A result has another type than the op gives.'),
  'verify/attribute': program('An attribute is missing, unknown, or of the wrong kind.'),
  'verify/region-count': program('An op has too few or too many regions.'),
  'verify/terminator': program('A region does not end in one allowed terminator, or has one in the middle.'),
  'verify/dominance': program('A value is used where it is not defined, or defined twice.'),
  'verify/region-args': program('The block arguments of a region do not match the op.'),
  'verify/carried': program('The values that a terminator hands on do not match the op that owns the region.'),
  'verify/divergent-barrier': program('A barrier stands in control flow that is not uniform over the workgroup.'),
  'verify/divergent-collective': program('An op that a workgroup or subgroup does as one stands in control flow, or has an operand, that is not uniform over the workgroup.'),
  'verify/workgroup-size': program('The workgroup size of a kernel is zero, fractional or too large.'),
  'verify/buffer-access': program('A buffer is written that is read-only, or read that is write-only.'),
  'verify/param': program('A parameter has a type that is not allowed there.'),
  'verify/results': program('The results of a program do not match its return.'),
  'verify/kernel': program('A launch names a kernel that the program does not have.'),
  'verify/kernel-name': program('A kernel has no name, or two kernels of one program have the same one.'),
  'verify/workgroup-memory': program('Workgroup memory is made inside a region instead of at the top level of a kernel.'),
  'verify/workgroup-bytes': program('The workgroup memory of a kernel is larger than is accepted.'),
  'verify/launch-alias': program('A launch provably binds one buffer for reading and for writing, or twice for writing.'),
  'verify/bytes-extraction': program('An op that does not declare it takes a handle as typed elements.'),
  'verify/use-after-free': program('A handle is used after it was freed or unmapped.'),
  'verify/limit': program('The program is larger or more deeply nested than is accepted.'),
  'verify/malformed': program('The program is not well-formed data.'),
  'verify/invalid': program('The program does not verify; the single problems are listed.'),

  // planning
  'plan/no-lowering': unsupported('No linked backend lowers an op.'),
  'plan/no-backend': unsupported('No backend of the kind that the program needs is linked.'),
  'plan/unknown-backend': unsupported('A backend that the application names is not registered.'),
  'plan/unknown-pass': unsupported('A pass that the application names is not registered.'),
  'plan/backend-unavailable': unsupported('A backend that is linked cannot run on this machine.'),
  'plan/no-capability': unsupported('A backend lowers an op and cannot do it here.'),
  'plan/type': unsupported('A backend lacks an element type.'),
  'plan/limit': unsupported('A kernel is over a limit of the backend.'),
  'plan/no-path': unsupported('No way leads from the storage backend to the memory of the compute backend.'),
  'plan/bounce': unsupported('Strict mode: a transfer would be copied by the CPU.'),
  'plan/bad-lowering': unsupported('A lowering, a pass, or the composition of an op does not keep to its contract.'),
  'plan/not-runnable': unsupported('The program cannot run here; every gap is listed.'),

  // sessions and runs
  'session/closed': run('The session, executable or grant is closed.'),
  'session/no-storage': unsupported('A file was granted to a session that has no storage backend.'),
  'session/close-failed': run('The session is closed, and something in it could not be closed cleanly.'),
  'session/option': run('An option has a value that it does not take.'),
  'backend/open-failed': run('A backend probed as available and could not be opened.'),
  'backend/fault': run('A backend broke its contract: it threw where it must not, or gave what it must not.'),
  'cache/failed': run('The cache of a session failed, and its program was compiled without it; or a folder is none that a cache can be in.'),
  'run/argument': run('An argument of a run is missing, unknown or of the wrong kind.'),
  'run/step-limit': run('A kernel ran longer than the step limit allows.'),
  'run/kernel-failed': run('A backend failed to run a kernel.'),
  'run/copy-failed': run('A copy between two memory spaces failed.'),
  'run/trap': run('An invocation of a kernel trapped; the launch ran to its end, and what it wrote is not to be used.'),
  'run/assert': run('An assertion of a program does not hold.'),
  'run/zero-step': run('A loop counts with step 0.'),
  'launch/alias': run('One buffer is bound for reading and for writing, or twice for writing.'),
  'launch/too-large': run('A view has more elements than an index can count.'),
  'launch/misaligned': run('A slice does not start at a multiple of the element size.'),
  'launch/groups': run('A workgroup count is not a u32.'),
  'grant/unknown': run('A run names a grant that it was not given, or one of another session.'),
  'grant/revoked': run('The grant was revoked.'),
  'grant/rights': run('The grant lacks the right to read or to write.'),
  'grant/range': run('The range of a grant is negative, fractional, or past the end of the file.'),
  'grant/changed': run('The file behind a grant was replaced by another one.'),
  'mem/stale-handle': run('A handle was used after it was released.'),
  'mem/wrong-kind': run('A handle was freed by the op for another kind of handle.'),
  'mem/read-only': run('An op writes to a map of a file.'),
  'mem/foreign-handle': run('A handle of another session or thread was used.'),
  'mem/too-large': run('A handle is larger than the device or the memory budget allows.'),
  'mem/range': run('A slice, copy or fill reaches past the end of its buffer.'),
  'mem/budget': run('The memory budget is spent and nothing in flight will give any back.'),

  // storage
  'io/range': run('An offset or length is outside the grant, offset + length is over 2^63-1, or the stretches of a gather do not add up.'),
  'io/short-read': run('The file ended before the requested length.'),
  'io/truncated': run('A file shrank while it was mapped.'),
  'io/not-found': run('The file does not exist.'),
  'io/is-directory': run('The path names a directory.'),
  'io/permission': run('The file may not be opened that way.'),
  'io/not-a-file': run('The path names something that cannot be read or written at an offset.'),
  'io/source': run('The source of a grant is nothing that the storage backend can open.'),
  'io/no-space': run('The device is full.'),
  'io/read-failed': run('The device or file system failed a read.'),
  'io/write-failed': run('The device or file system failed a write.'),
  'io/sync-failed': run('The file could not be made durable.'),
  'io/open-failed': run('The operating system refused to open the file.'),
  'io/aborted': run('A transfer was stopped by its signal; whoever waits for it gets the reason of the signal.'),
} as const satisfies Readonly<Record<string, CodeRow>>;

export type Code = keyof typeof codes;
