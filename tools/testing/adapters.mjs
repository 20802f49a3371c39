// What the tests run WebGPU on. SLUICE_TEST_ADAPTERS names adapters as SLUICE_WGSL_ADAPTER does, with commas between, and
// `swiftshader` for the software one that npm's @sparticuz/chromium brings, which needs nothing of the system; absent, it is
// that alone. Tests ask for the list by `inject('adapters')`.
import { delimiter, join } from 'node:path';
import { unpacked } from './unpacked.mjs';

const SOFTWARE = 'SwiftShader';
const FILES = ['libvk_swiftshader.so', 'libvulkan.so.1', 'vk_swiftshader_icd.json'];

/** The adapters, each as the option `adapter` of @sluice/wgsl names it. @throws Error where there is none: no test would run */
export function testAdapters(env = process.env) {
  const names = (env.SLUICE_TEST_ADAPTERS ?? SOFTWARE).split(',').map((name) => name.trim()).filter((name) => name !== '');
  if (names.length === 0) throw new Error('SLUICE_TEST_ADAPTERS names no adapter: unset it, or give some of their names, such as swiftshader');
  return names.map((name) => (name.toLowerCase() === SOFTWARE.toLowerCase() ? SOFTWARE : name));
}

/**
 * Environment for a process, and for all that it starts, so that Dawn finds SwiftShader beside the drivers of the system.
 * It has to be set before the process starts: the loader of libraries reads it then. Empty where there is no SwiftShader.
 */
export function swiftshaderEnvironment(env = process.env) {
  const folder = unpacked('swiftshader', [{ archive: 'swiftshader.tar.br', files: FILES }]);
  if (folder === undefined) return {};
  const driver = join(folder, 'vk_swiftshader_icd.json');
  // Other drivers than the software one are looked for only where they are asked for.
  const system = testAdapters(env).some((name) => name !== SOFTWARE);
  return {
    LD_LIBRARY_PATH: [folder, env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter),
    ...(system ? { VK_ADD_DRIVER_FILES: [driver, env.VK_ADD_DRIVER_FILES].filter(Boolean).join(delimiter) } : { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver }),
  };
}
