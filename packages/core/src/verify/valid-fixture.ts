import type { Kernel, Program } from '../ir/program.ts';
import { parseType } from '../ir/types.ts';
import { scalarAttribute } from '../ir/attributes.ts';
import { kernel, program } from './ir-fixture.ts';
import type { BodyBuilder } from './ir-fixture.ts';

/* Valid IR: what every rule must accept. Made afresh by each call, since tests change it. */

const RW = 'buffer<u32, read_write>';

/** Leaves a counted loop from within an `if`, at a condition that differs between invocations. */
export function searching(): Kernel {
  return kernel('searching', { data: 'buffer<u32, read>', out: RW }, (b, data, out) => {
    const [zero, one] = [b.constant('u32', 0), b.constant('u32', 1)];
    const x = b.id('global');
    const found = b.for([zero, b.get('buffer.length', [data], 'u32'), one], [zero], ['u32'], (i, seen) => {
      const here = b.get('arith.eq', [b.get('buffer.load', [data, i], 'u32'), x], 'bool');
      const next = b.if(here, () => b.op('control.break', [i]), () => {
        b.if(b.get('arith.lt', [seen, x], 'bool'), () => b.op('control.continue', [i]), () => b.yield());
        b.yield(b.get('arith.add', [seen, one], 'u32'));
      }, ['u32']);
      b.yield(next.results[0] as number);
    });
    b.op('buffer.store', [out, x, found.results[0] as number]);
    b.return();
  });
}

/** A tree reduction in workgroup memory: a barrier in a while whose carried stride is uniform, whose carried sum is not. */
export function reduction(): Kernel {
  return kernel('reduction', { data: 'buffer<f32, read>', out: 'buffer<f32, write>', n: 'u32' }, (b, data, out, n) => {
    const shared = workgroupMemory(b, 'f32', 64);
    const [zero, one] = [b.constant('u32', 0), b.constant('u32', 1)];
    const x = b.id('local');
    b.op('buffer.store', [shared, x, b.get('buffer.load', [data, b.id('global')], 'f32')]);
    b.barrier();
    const last = b.while([b.constant('u32', 32), b.constant('f32', 0)], ['u32', 'f32'], (stride, sum) => {
      b.op('control.condition', [b.get('arith.gt', [stride, zero], 'bool'), stride, sum]);
    }, (stride, sum) => {
      const other = b.get('buffer.load', [shared, b.get('arith.add', [x, stride], 'u32')], 'f32');
      const more = b.get('arith.add', [sum, other], 'f32');
      b.barrier();
      b.if(b.get('arith.lt', [x, stride], 'bool'), () => {
        b.op('buffer.store', [shared, x, more]);
        b.yield();
      });
      b.barrier();
      b.if(b.get('arith.eq', [stride, n], 'bool'), () => b.op('control.break', [stride, sum]));
      b.yield(b.get('arith.shr', [stride, one], 'u32'), more);
    });
    b.if(b.get('arith.eq', [x, zero], 'bool'), () => {
      b.op('buffer.store', [out, b.id('workgroup'), last.results[1] as number]);
      b.yield();
    });
    b.return();
  });
}

/** Barriers in loops bounded by the launch record, by the workgroup id, and by loads of a read buffer at a uniform index. */
export function uniformLoops(): Kernel {
  return kernel('uniform_loops', { sizes: 'buffer<u32, read>', out: RW, n: 'u32' }, (b, sizes, out, n) => {
    const [zero, one] = [b.constant('u32', 0), b.constant('u32', 1)];
    const group = b.id('workgroup');
    const bounds = [n, group, b.get('buffer.length', [out], 'u32'), b.get('buffer.load', [sizes, group], 'u32')];
    for (const to of bounds) {
      b.for([zero, to, one], [], [], (i) => {
        b.barrier();
        b.if(b.get('arith.eq', [i, group], 'bool'), () => {
          b.barrier();
          b.yield();
        });
        b.for([zero, b.id('local'), one], [], [], () => b.yield());
        b.barrier();
        b.yield();
      });
    }
    b.if(b.get('arith.gt', [group, n], 'bool'), () => b.return());
    b.barrier();
    b.return();
  });
}

/** The main job in small: chunks of a file through kernels, and a result back. */
export function chunks(): Program {
  return program('chunks', { input: 'fd:r', output: 'fd:w', chunk: 'u64' }, { bytes: 'u64', total: 'GpuBufferHandle' }, [searching(), reduction(), uniformLoops()], (b, input, output, chunk) => {
    const [zero, groups] = [b.constant('u64', 0n), b.constant('u32', 4)];
    const size = b.get('grant.size', [input], 'u64');
    const total = b.get('buffer.alloc', [b.constant('u64', 1024n)], 'GpuBufferHandle');
    const bytes = b.op('control.for', [zero, size, chunk, zero], ['u64'], {}, [b.region(['u64', 'u64'], (offset, done) => {
      const rest = b.get('arith.sub', [size, offset], 'u64');
      const length = b.get('arith.min', [rest, chunk], 'u64');
      const data = b.get('io.dma_from_nvme', [input, offset, length], 'GpuBufferHandle');
      b.op('kernel.launch', [groups, groups, groups, data, total], [], { kernel: { kind: 'symbol', name: 'searching' } });
      const view = b.get('buffer.slice', [total, zero, chunk], 'GpuBufferHandle');
      b.op('buffer.fill', [view, groups]);
      b.op('buffer.free', [data]);
      b.if(b.get('arith.eq', [rest, chunk], 'bool'), () => b.op('control.break', [size]), () => b.op('control.continue', [offset]));
      b.yield(b.get('arith.add', [done, length], 'u64'));
    })]);
    const map = b.get('mem.zerocopy_map', [input], 'GpuBufferHandle');
    b.op('buffer.copy', [map, total]);
    b.op('mem.unmap', [map]);
    b.op('io.write_back_to_nvme', [total, output, zero]);
    b.return(bytes.results[0] as number, total);
  });
}

export function workgroupMemory(b: BodyBuilder, element: 'f32' | 'u32', length: number): number {
  return b.get('buffer.workgroup', [], `buffer<${element}, workgroup>`, { element: { kind: 'type', type: parseType(element) }, length: scalarAttribute('u32', length) });
}
