// What the tests run WebGPU on. SLUICE_TEST_ADAPTERS names adapters as SLUICE_WGSL_ADAPTER does, and `swiftshader` for the
// software one that npm's @sparticuz/chromium brings, which needs nothing of the system; absent, it is that alone.
import { brotliDecompressSync } from 'node:zlib';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const FILES = ['libvk_swiftshader.so', 'libvulkan.so.1', 'vk_swiftshader_icd.json'];

/**
 * Environment for a process, and for all that it starts, so that Dawn finds SwiftShader beside the drivers of the system.
 * It has to be set before the process starts: the loader of libraries reads it then. Empty where there is no SwiftShader.
 */
export function swiftshaderEnvironment(env = process.env) {
  const folder = swiftshader();
  if (folder === undefined) return {};
  const driver = join(folder, 'vk_swiftshader_icd.json');
  // Other drivers than the software one are looked for only where they are asked for.
  const system = (env.SLUICE_TEST_ADAPTERS ?? 'swiftshader') !== 'swiftshader';
  return {
    LD_LIBRARY_PATH: [folder, env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter),
    ...(system ? { VK_ADD_DRIVER_FILES: [driver, env.VK_ADD_DRIVER_FILES].filter(Boolean).join(delimiter) } : { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver }),
  };
}

/** The folder with SwiftShader and a Vulkan loader, unpacked once; undefined where the package has none for this platform. */
function swiftshader() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const entry = createRequire(join(root, 'package.json')).resolve('@sparticuz/chromium');
  const archive = join(dirname(entry), '../../bin/swiftshader.tar.br');
  const { version } = JSON.parse(readFileSync(join(dirname(entry), '../../package.json'), 'utf8'));
  const folder = join(root, 'node_modules/.cache/swiftshader', version);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  // Processes may come here at once: each unpacks for itself, and the first one counts.
  const scratch = mkdtempSync(`${folder}-`);
  for (const [name, content] of tarFiles(brotliDecompressSync(readFileSync(archive)))) {
    if (FILES.includes(name)) writeFileSync(join(scratch, name), content, { mode: 0o755 });
  }
  try {
    renameSync(scratch, folder);
  } catch (error) {
    rmSync(scratch, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** The regular files of a tar archive: blocks of 512 bytes, a header before each file. */
function* tarFiles(archive) {
  const text = (from, length) => archive.toString('latin1', from, from + length).replace(/\0.*$/s, '');
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const [name, type] = [text(at, 100), text(at + 156, 1)];
    if (type === '0' || type === '') yield [name.replace(/^\.\//, ''), archive.subarray(at + 512, at + 512 + size)];
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
