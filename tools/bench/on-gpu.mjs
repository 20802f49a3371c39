// What on-gpu.sh runs on a machine with an NVIDIA device, beside the bench: what the backends say of it, whether the suites of
// storage pass on its memory, and what the suites do not ask. Bundled by pack-gpu.mjs.
//   on-gpu.mjs probe
//   on-gpu.mjs conformance [part of a case's id]
//   on-gpu.mjs trips
//   on-gpu.mjs direct
//   on-gpu.mjs second
import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry, buffer, defineProgram, fd, io, isSluiceError, mem, renderError, session } from '@sluice/core';
import { effective, renderReport, runConformance } from '@sluice/conformance';
import { cuda } from '@sluice/cuda/plugin';
import { gds } from '@sluice/gds/plugin';
import { plugin as ioUring } from '@sluice/io-uring/plugin';

const MiB = 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'sluice-on-gpu-'));
const WAYS = [{ name: 'gds', plugin: gds(), id: 'gds' }, { name: 'io-uring through cuda-host', plugin: ioUring, id: 'io-uring' }];

const COMMANDS = {
  async probe() {
    const registry = new Registry().with(cuda()).with(gds()).with(ioUring);
    const found = await Promise.all([...registry.backends.values()].map(async (b) => ({ id: b.id, p: await b.probe() })));
    for (const { id, p } of found) console.log(p.available ? `${id}: ${p.description}\n${JSON.stringify(p.capabilities.ops)}` : `${id}: unavailable: ${p.reason}\nfix: ${p.fix}`);
    return found.every(({ id, p }) => p.available || id === 'io-uring');
  },

  async conformance(only = 'io/transfers/') {
    const start = performance.now();
    const found = await runConformance((await ways()).map(underTest), {
      only,
      // At once, so that a log that ends early says how far it was.
      onOutcome: (name, { suite, case: id, verdict, reason = '', seconds: took }) => console.log(`${name}: ${verdict} ${suite}/${id} ${took.toFixed(2)} s${verdict === 'failed' ? `\n${reason}` : ''}`),
    });
    console.log(`${renderReport(found)}${seconds(start)} s`);
    return found.ok;
  },

  /** Random offsets and lengths up to a large file, there and back, in a strict session; and maps of random windows. */
  async trips() {
    const size = 192 * MiB + 12_345;
    const content = contentOf(size);
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    writeFileSync(from, content);
    const written = openSync(from, 'r');
    fsyncSync(written);
    closeSync(written);
    let ok = true;
    for (const { name, plugin, id } of await ways()) {
      const s = await session({ registry: new Registry().with(cuda()).with(plugin), backends: [id, 'cuda'], space: 'cuda', strict: true });
      try {
        const start = performance.now();
        const copy = await s.compile(COPY);
        // Out of the page cache, so that it is read past that where it can be.
        execFileSync('dd', [`if=${from}`, 'iflag=nocache', 'count=0'], { stdio: 'pipe' });
        const source = await s.grant(from);
        let report;
        for (let i = 0; i < 60; i++) {
          const [offset, length] = i === 0 ? [0, size] : span(size, i);
          writeFileSync(to, content.subarray(0, 100_000).map((b) => b ^ 255));
          const target = await s.grant(to, { rights: 'w' });
          const ran = await copy.run({ source, target, offset, length, at: i * 777 });
          report = ran.report;
          same(`${name}: ${length} bytes from ${offset}`, Buffer.from(await ran.results.data.read()), content.subarray(offset, offset + length));
          await ran.results.data.close();
          await target.close();
          const written = readFileSync(to);
          const expected = Buffer.alloc(Math.max(100_000, length === 0 ? 0 : i * 777 + length));
          expected.set(content.subarray(0, 100_000).map((b) => b ^ 255));
          expected.set(content.subarray(offset, offset + length), i * 777);
          same(`${name}: ${length} bytes written at ${i * 777}`, written, length === 0 ? expected.subarray(0, 100_000) : expected);
        }
        console.log(`${name}: 60 trips in ${seconds(start)} s`);
        for (const file of report.placement.files) console.log(`  ${file.param}: ${file.via}, ${file.reason}`);
        if (id === 'gds') console.log(await maps(s, from, content));
      } catch (error) {
        ok = false;
        console.log(`${name}: ${isSluiceError(error) ? renderError(error) : error.stack}`);
      } finally {
        await s.close();
      }
    }
    return ok;
  },

  /** Mode direct goes straight or refuses with reasons; it never goes another way. */
  async direct() {
    const registry = new Registry().with(cuda()).with(gds({ mode: 'direct' }));
    const probe = await registry.backends.get('gds').probe();
    console.log(probe.available ? probe.description : `unavailable in mode direct: ${probe.reason}\nfix: ${probe.fix}`);
    if (!probe.available) return true;
    const path = join(folder, 'direct');
    await writeFile(path, contentOf(8 * MiB));
    const s = await session({ registry, backends: ['gds', 'cuda'] });
    try {
      const file = await s.grant(path);
      const { results, report } = await (await s.compile(READ)).run({ file, offset: 0, length: 8 * MiB });
      same('a direct read', Buffer.from(await results.data.read()), contentOf(8 * MiB));
      console.log(`read directly: ${report.bytes.direct} bytes direct, ${report.bytes.buffered} buffered`);
      return report.bytes.direct > 0n;
    } catch (error) {
      console.log(isSluiceError(error) ? renderError(error) : error.stack);
      return isSluiceError(error) && (error.code === 'gds/not-direct' || error.code === 'gds/file-refused');
    } finally {
      await s.close();
    }
  },

  /** A session on each of two devices at once, where there are two. */
  async second() {
    const second = await new Registry().with(cuda({ device: 1 })).backends.get('cuda').probe();
    if (!second.available) {
      console.log(`one device: ${second.reason}`);
      return true;
    }
    const path = join(folder, 'second');
    const content = contentOf(40 * MiB + 7);
    await writeFile(path, content);
    const sessions = await Promise.all([0, 1].map((device) => session({ registry: new Registry().with(cuda({ device })).with(gds({ device })), backends: ['gds', 'cuda'] })));
    await Promise.all(sessions.map(async (s, device) => {
      const { results } = await (await s.compile(READ)).run({ file: await s.grant(path), offset: 3, length: content.length - 3 });
      same(`device ${device}`, Buffer.from(await results.data.read()), content.subarray(3));
    }));
    await Promise.all(sessions.map((s) => s.close()));
    console.log('both devices read the file');
    return true;
  },
};

const READ = defineProgram('read', { file: fd('r'), offset: 'u64', length: 'u64' }, ({ file, offset, length }) => ({ data: io.dma_from_nvme(file, offset, length) }));
const COPY = defineProgram('copy', { source: fd('r'), target: fd('w'), offset: 'u64', length: 'u64', at: 'u64' }, ({ source, target, offset, length, at }) => {
  const data = io.dma_from_nvme(source, offset, length);
  io.write_back_to_nvme(data, target, at);
  return { data };
});
const MAP = defineProgram('map', { file: fd('r') }, ({ file }) => {
  const map = mem.zerocopy_map(file);
  const copy = buffer.alloc('u8', map.byteLength);
  buffer.copy(map, copy);
  mem.unmap(map);
  return { copy };
});

async function maps(s, path, content) {
  const start = performance.now();
  const executable = await s.compile(MAP);
  for (let i = 0; i < 30; i++) {
    const [offset, length] = i === 0 ? [0, content.length] : span(content.length, i);
    const file = await s.grant(path, { offset, length });
    const { results } = await executable.run({ file });
    same(`a map of ${length} bytes from ${offset}`, Buffer.from(await results.copy.read()), content.subarray(offset, offset + length));
    await results.copy.close();
    await file.close();
  }
  return `gds: 30 maps in ${seconds(start)} s`;
}

/** The ways that there are here. */
async function ways() {
  const found = [];
  for (const way of WAYS) {
    const probe = await new Registry().with(way.plugin).backends.get(way.id).probe();
    if (probe.available) found.push(way);
    else console.log(`${way.name}: not here: ${probe.reason}`);
  }
  return found;
}

function underTest({ name, plugin, id }) {
  const registry = new Registry().with(cuda()).with(plugin);
  return {
    name, tags: ['storage'],
    unsupported: [{ case: 'io/transfers/a gather packs stretches of the file in order', reason: 'the offsets of a gather lie in device memory, which the CPU cannot address' }],
    open: async ({ mask }) => {
      const capabilities = await effective(registry, id, mask);
      const opened = await session({ registry, backends: [id, 'cuda'], space: 'cuda', masks: { [id]: mask } });
      let files = 0;
      return {
        session: opened, registry, capabilities, exact: true,
        file: async (content) => {
          const path = join(folder, `${id}-${files++}`);
          await writeFile(path, content);
          return { source: path, read: async () => new Uint8Array(await readFile(path)), write: (bytes) => writeFile(path, bytes) };
        },
        close: () => opened.close(),
      };
    },
  };
}

/** A span of a file that depends on the number alone: small and large, aligned and not. */
function span(size, i) {
  const random = (n) => (Math.imul(i * 31 + n, 0x9e3779b1) >>> 0) / 2 ** 32;
  const length = Math.floor(2 ** (random(1) * Math.log2(size)));
  const offset = Math.floor(random(2) * (size - length));
  return i % 3 === 0 ? [offset - (offset % 4096), length - (length % 4096)] : [offset, length];
}

function contentOf(length) {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i + 4 <= length; i += 4) bytes.writeUInt32LE(Math.imul(i + 1, 0x9e3779b1) >>> 0, i);
  return bytes;
}

function same(what, found, expected) {
  if (Buffer.compare(found, expected) === 0) return;
  const at = found.findIndex((byte, i) => byte !== expected[i]);
  throw new Error(`${what}: ${found.length} bytes, expected ${expected.length}; they differ from byte ${at} on`);
}

function seconds(start) {
  return ((performance.now() - start) / 1000).toFixed(1);
}

const [command = '', ...args] = process.argv.slice(2);
try {
  if (!Object.hasOwn(COMMANDS, command)) {
    console.error(`usage: on-gpu.mjs ${Object.keys(COMMANDS).join('|')} [arguments]`);
    process.exitCode = 2;
  } else process.exitCode = (await COMMANDS[command](...args)) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
