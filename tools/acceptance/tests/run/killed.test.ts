import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PRELUDE, inChild } from './child.ts';
import { bytesOf, file, folder, same } from './sessions.ts';

const CHUNK = 64 * 1024;
const CHUNKS = 64;

test.each([1, 5, 17, 40])('what a stream had reported as durable is there when the process is killed in the middle of its writes: after %i chunks', async (reports) => {
  const dir = folder();
  const words = Uint32Array.from({ length: (CHUNKS * CHUNK) / 4 }, (_, i) => Math.imul(i, 0x9e3779b1));
  const path = file(dir, 'in', new Uint8Array(words.buffer));
  const out = join(dir, 'out');
  const { status, signal, stdout, stderr } = await inChild(`${PRELUDE}
    import { writeSync } from 'node:fs';
    const flip = defineKernel('flip', { params: { data: 'buffer<u32, read_write>' }, workgroup: 64 }, ({ data }, { global: { x } }) => data.store(x, data.load(x).not()));
    const program = defineProgram('flipped', { input: fd('r'), output: fd('w'), offset: 'u64', length: 'u64' }, ({ input, output, offset, length }) => {
      const data = io.dma_from_nvme(input, offset, length);
      kernel.launch(flip, length.div(4), { data });
      io.write_back_to_nvme(data, output, offset);
    });
    const s = await session({ registry, backends: ['fs', 'cpu-ref'], durability: 'op' });
    const input = await s.grant(${JSON.stringify(path)});
    const output = await s.grant(${JSON.stringify(out)}, { rights: 'w', create: 'truncate' });
    for await (const { index } of s.stream(program, { input, output }, { over: input, chunk: ${CHUNK}, window: 6 })) {
      writeSync(1, index + '\\n');
      if (index + 1 === ${reports}) process.kill(process.pid, 'SIGKILL');
    }
  `);
  expect({ status, signal, stderr }).toEqual({ status: null, signal: 'SIGKILL', stderr: '' });
  expect(stdout).toBe(Array.from({ length: reports }, (_, i) => `${i}\n`).join(''));
  expect(existsSync(out)).toBe(true);
  const expected = new Uint8Array(words.map((w) => ~w).buffer);
  const found = bytesOf(out);
  expect(found.length).toBeGreaterThanOrEqual(reports * CHUNK);
  expect(same(found.subarray(0, reports * CHUNK), expected.subarray(0, reports * CHUNK))).toBe(true);
});
