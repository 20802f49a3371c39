import { buffer, control, defineKernel, defineProgram, isSluiceError, kernel, u32 } from '@sluice/core';
import type { ProgramIr } from '@sluice/core';
import { suite } from '../runner/suite.ts';
import type { Bench, Case } from '../runner/suite.ts';
import { execute } from './execute.ts';
import { expectCode, expectNumbers, expectValue } from './expect.ts';

/** Invocations from `from` up to, not including, `to` trap with their own address, and go on. */
const trapping = defineKernel('trapping', { params: { out: 'buffer<u32, write>', from: 'u32', to: 'u32' }, workgroup: [4, 2, 1] }, ({ out, from, to }, { global, count }) => {
  const at = global.y.mul(count.x.mul(4)).add(global.x);
  control.if(at.ge(from).and(at.lt(to)), () => control.trap(at.mul(16), { tag: 7, message: 'past the end' }));
  out.store(at, at.add(1));
});
const trap = defineProgram('trap', { from: 'u32', to: 'u32' }, ({ from, to }) => {
  const out = buffer.alloc('u32', 32);
  kernel.launch(trapping, { groups: [2, 2] }, { out, from, to });
  return { out };
});
const twoTags = defineKernel('two-tags', { params: { which: 'u32' }, workgroup: 1 }, ({ which }) => {
  control.if(which.eq(1), () => control.trap(u32(10), { tag: 1 }));
  control.if(which.eq(2), () => control.trap(u32(0xffffffff), { tag: 0xffffffff }));
  // An invocation goes on behind a trap: the first one counts.
  control.if(which.ne(0), () => control.trap(u32(30), { tag: 3 }));
});
const tags = defineProgram('tags', { which: 'u32' }, ({ which }) => kernel.launch(twoTags, 1, { which }));

const increment = defineKernel('increment', { params: { out: 'buffer<u32, read_write>' }, workgroup: 1 }, ({ out }) => out.store(0, out.load(0).add(1)));
const asserting = defineProgram('asserting', { n: 'u32', kept: 'GpuBufferHandle' }, ({ n, kept }) => {
  kernel.launch(increment, 1, { out: kept });
  control.assert(buffer.read(kept, 0, { element: 'u32' }).lt(n), 'n is greater');
  control.if(n.gt(100), () => control.assert(n.lt(200), 'n is less than 200'));
  kernel.launch(increment, 1, { out: kept });
  return { kept };
});

async function trapsWith(bench: Bench, program: ProgramIr, args: Readonly<Record<string, number>>, tag: number) {
  const error = await expectCode('the run', execute(bench, program, args), 'run/trap');
  expectValue('the family', isSluiceError(error) ? error.family : undefined, 'run');
  expectValue('the tag', error.details?.['tag'], tag);
  return { message: error.message, address: error.details?.['address'], invocation: error.details?.['invocation'] as readonly number[] };
}

const CASES: readonly Case[] = [
  {
    id: 'a trap says the tag, the address, the invocation and the message',
    run: async (bench) => {
      const { message, address, invocation } = await trapsWith(bench, trap, { from: 21, to: 22 }, 7);
      expectValue('the address', address, 21 * 16);
      expectValue('the invocation', String(invocation), '5,2,0');
      expectValue('the message has the kernel\'s', message.includes('past the end'), true);
    },
  },
  {
    id: 'of many traps one is recorded, whole',
    run: async (bench) => {
      const { address, invocation } = await trapsWith(bench, trap, { from: 3, to: 30 }, 7);
      const [x = -1, y = -1] = invocation;
      const at = y * 8 + x;
      expectValue(`the address that invocation ${String(invocation)} gave`, address, at * 16);
      expectValue('that it is one that traps', at >= 3 && at < 30, true);
    },
  },
  {
    id: 'the first trap of an invocation counts, with any tag and address',
    run: async (bench) => {
      expectValue('the address', (await trapsWith(bench, tags, { which: 1 }, 1)).address, 10);
      expectValue('the address', (await trapsWith(bench, tags, { which: 2 }, 0xffffffff)).address, 0xffffffff);
      expectValue('the address', (await trapsWith(bench, tags, { which: 9 }, 3)).address, 30);
    },
  },
  {
    id: 'a launch without a trap is not disturbed, after one with it either',
    run: async (bench) => {
      const whole = Uint32Array.from({ length: 32 }, (_, i) => i + 1);
      for (let i = 0; i < 2; i++) {
        expectNumbers('out', (await execute(bench, trap, { from: 0, to: 0 }))['out'], whole);
        await trapsWith(bench, trap, { from: 0, to: 1 }, 7);
      }
      expectNumbers('out', (await execute(bench, trap, { from: 32, to: 99 }))['out'], whole);
    },
  },
  {
    id: 'an assertion fails the run with its message, where it stands',
    run: async (bench) => {
      const kept = () => new Uint8Array(4);
      expectNumbers('kept', (await execute(bench, asserting, { n: 2, kept: kept() }))['kept'], [2]);
      const first = await expectCode('an assertion on what a kernel wrote', execute(bench, asserting, { n: 1, kept: kept() }), 'run/assert');
      expectValue('the message has the program\'s', first.message.includes('n is greater'), true);
      const inner = await expectCode('an assertion in a branch', execute(bench, asserting, { n: 300, kept: kept() }), 'run/assert');
      expectValue('the message has the program\'s', inner.message.includes('n is less than 200'), true);
      expectNumbers('kept', (await execute(bench, asserting, { n: 150, kept: kept() }))['kept'], [2]);
    },
  },
];

/** What fails a run on purpose. */
export const failures = suite({ id: 'launches/failures', summary: 'Traps of kernels and assertions of programs: what they say, and that nothing else is harmed.', tags: ['compute'], cases: () => CASES });
