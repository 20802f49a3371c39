// The application under test, the same in a page and in a worker. No name of a plugin is used: nothing but the imports says that they are needed.
import '@sluice/wgsl';
import '@sluice/wgsl/web';
import { Registry, buffer, control, defineKernel, defineProgram, fd, grant, io, kernel, session } from '@sluice/core';

// The program of README.md, to the letter.
const count = defineKernel('count', { params: { data: 'buffer<u8, read>', bins: 'buffer<u32, read_write>' }, workgroup: 64 }, ({ data, bins }, { global }) => {
  control.if(global.x.lt(data.length), () => {
    bins.atomicAdd(data.load(global.x), 1);
  });
});
const histogram = defineProgram('histogram', { input: fd('r'), output: fd('w') }, ({ input, output }) => {
  const size = grant.size(input);
  const data = io.dma_from_nvme(input, 0, size);
  const bins = buffer.alloc('u32', 256);
  kernel.launch(count, size, { data, bins });
  io.write_back_to_nvme(bins, output, 0);
  return { size, bins };
});

/** Two stretches of a file change places with what lies there, in the file itself. */
const move = defineProgram('move', { file: fd('rw'), from: 'u64', to: 'u64', length: 'u64' }, ({ file, from, to, length }) => {
  io.write_back_to_nvme(io.dma_from_nvme(file, from, length), file, to);
});

const plain = (value) => JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v)));
const root = () => navigator.storage.getDirectory();
async function entry(name, content) {
  const handle = await (await root()).getFileHandle(name, { create: true });
  if (content === undefined) return handle;
  if (handle.createSyncAccessHandle === undefined) {
    const stream = await handle.createWritable();
    await stream.write(content);
    await stream.close();
  } else {
    const access = await handle.createSyncAccessHandle();
    access.truncate(0);
    access.write(content, { at: 0 });
    access.close();
  }
  return handle;
}
const content = async (handle) => [...new Uint8Array(await (await handle.getFile()).arrayBuffer())];
const pattern = (length) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 255);

async function opened(work) {
  const s = await session({ backends: ['web', 'wgsl'] });
  try {
    return await work(s);
  } finally {
    await s.close();
  }
}
async function counted(source) {
  return opened(async (s) => {
    const output = await entry('histogram.bin', Uint8Array.of(1, 2, 3));
    const executable = await s.compile(histogram);
    const granted = await s.grant(output, { rights: 'w', create: 'truncate' });
    const { results, report } = await executable.run({ input: await s.grant(source), output: granted });
    const bins = [...new Uint32Array((await results.bins.read()).buffer)];
    await granted.close();
    return plain({ size: results.size, bins, bytes: report.bytes, ops: executable.placement.ops, written: [...new Uint32Array(Uint8Array.from(await content(output)).buffer)] });
  });
}
async function failure(work) {
  try {
    return { passed: plain(await work()) };
  } catch (error) {
    return { code: error.code, message: error.message, fix: error.fix };
  }
}

export const scenarios = {
  plugins: () => Registry.default.plugins.map((p) => p.name),
  chosen: () => counted(document.querySelector('input').files[0]),
  blob: (length) => counted(new Blob([pattern(length)])),
  opfs: async (length) => counted(await entry('input.bin', pattern(length))),
  move: async (from, to, length) => opened(async (s) => {
    const handle = await entry('moved.bin', pattern(300_000));
    // Granted twice: it stays one file.
    const [file, again] = [await s.grant(handle, { rights: 'rw' }), await s.grant(handle)];
    const { report } = await (await s.compile(move)).run({ file, from: BigInt(from), to: BigInt(to), length: BigInt(length) });
    await file.close();
    await again.close();
    const digest = await crypto.subtle.digest('SHA-256', Uint8Array.from(await content(handle)));
    return plain({ size: (await handle.getFile()).size, sha256: [...new Uint8Array(digest)], bytes: report.bytes });
  }),
  short: () => opened(async (s) => failure(async () => {
    const handle = await entry('short.bin', pattern(1000));
    await (await s.compile(move)).run({ file: await s.grant(handle, { rights: 'rw' }), from: 900n, to: 0n, length: 200n });
  })),
  removed: () => opened(async (s) => {
    const handle = await entry('removed.bin', pattern(10));
    await (await root()).removeEntry('removed.bin');
    return failure(() => s.grant(handle));
  }),
  folder: () => opened(async (s) => failure(async () => s.grant(await (await root()).getDirectoryHandle('folder', { create: true })))),
  blobToWrite: () => opened(async (s) => failure(() => s.grant(new Blob(['x']), { rights: 'rw' }))),
  path: () => opened(async (s) => failure(() => s.grant('package.json'))),
  locked: async () => {
    const handle = await entry('locked.bin', pattern(10));
    const access = await handle.createSyncAccessHandle();
    try {
      return await opened((s) => failure(() => s.grant(handle)));
    } finally {
      access.close();
    }
  },
};
