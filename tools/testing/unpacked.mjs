// What npm's @sparticuz/chromium brings: a headless Chromium, SwiftShader, a Vulkan loader and the libraries that Chromium
// needs, compressed. Unpacked once into node_modules/.cache, and found there from then on.
import { brotliDecompressSync } from 'node:zlib';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A folder with what `parts` names, each `{ archive, files? }`: the files of a tar archive, all or those named, or with
 * `as` a single file. Undefined where the package has nothing for this platform.
 */
export function unpacked(name, parts) {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const home = join(dirname(createRequire(join(root, 'package.json')).resolve('@sparticuz/chromium')), '../..');
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  const folder = join(root, 'node_modules/.cache', name, version);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  // Processes may come here at once: each unpacks for itself, and the first one counts.
  const scratch = mkdtempSync(`${folder}-`);
  for (const { archive, files, as } of parts) {
    const content = brotliDecompressSync(readFileSync(join(home, 'bin', archive)));
    for (const [path, bytes] of as === undefined ? tarFiles(content) : [[as, content]]) {
      if (files !== undefined && !files.includes(path)) continue;
      mkdirSync(dirname(join(scratch, path)), { recursive: true });
      writeFileSync(join(scratch, path), bytes, { mode: 0o755 });
    }
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
