import { defineDialect, defineOp } from '../ops/op.ts';
import type { OpSpec } from '../ops/op.ts';

const size = defineOp({
  dialect: 'grant', version: '1.0.0', category: 'intrinsic', level: 'host', id: 'grant.size',
  summary: 'Bytes that the grant covers: the length of its range, or what lies between its offset and the end of the file.',
  operands: [{ name: 'fd', type: 'i32' }], results: [{ name: 'byte_length', type: 'u64' }], traits: ['session'], effects: [{ kind: 'file-read', fd: 'fd' }],
} satisfies OpSpec);

/** What a program may ask about the files granted to it. */
export const grant = defineDialect({ id: 'grant', version: '1.0.0', summary: 'Questions about granted files.', ops: [size] });
