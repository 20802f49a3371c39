// A headless Chromium with WebGPU in software, for tests of pages: the one of npm's @sparticuz/chromium, which needs nothing
// of the system, else the system's. `node tools/testing/chromium.mjs` says which one starts, and fails where none does.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { unpacked } from './unpacked.mjs';

const SYSTEM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  // Root has no sandbox, and the pages are ours.
  '--no-sandbox',
  '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader',
  // A browser that calls home at every start fails to, slowly, on closed networks.
  '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** Starts the browser. Whoever starts it closes it. Rejects with what kept each one from starting. */
export async function launchChromium() {
  const failures = [];
  for (const { executablePath, env } of candidates()) {
    try {
      return await chromium.launch({ executablePath, env, headless: true, args: FLAGS });
    } catch (error) {
      failures.push(`${executablePath}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(`no Chromium starts here; install one (Debian: apt-get install chromium)\n${failures.join('\n')}`);
}

function* candidates() {
  // Those that lead Dawn to the software adapter in Node are not for it.
  const { VK_DRIVER_FILES: _, VK_ICD_FILENAMES: _icd, LD_LIBRARY_PATH: _path, ...env } = process.env;
  const folder = unpacked('chromium', [
    { archive: 'chromium.br', as: 'chromium' },
    { archive: 'swiftshader.tar.br' },
    { archive: 'al2023.tar.br' },
    { archive: 'fonts.tar.br' },
  ]);
  if (folder !== undefined) {
    // Its own font, so that pages look alike on every machine; a bare one has no other.
    const fonts = join(folder, 'own-fonts.conf');
    if (!existsSync(fonts)) writeFileSync(fonts, `<?xml version="1.0"?>\n<fontconfig><dir>${join(folder, 'fonts')}</dir><dir>/usr/share/fonts</dir><cachedir>${join(folder, 'font-cache')}</cachedir></fontconfig>\n`);
    yield { executablePath: join(folder, 'chromium'), env: { ...env, LD_LIBRARY_PATH: join(folder, 'lib'), FONTCONFIG_FILE: fonts } };
  }
  for (const executablePath of SYSTEM.filter(existsSync)) yield { executablePath, env };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const browser = await launchChromium();
  process.stdout.write(`Chromium ${browser.version()}\n`);
  await browser.close();
}
