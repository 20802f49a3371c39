// What gpu.sh runs on a machine with a GPU, beside the bench and the demo: which adapter there is, and whether the backend
// `wgsl` conforms on it. Bundled by pack-gpu.mjs.
//   gpu.mjs adapter
//   gpu.mjs conformance [part of a case's id]
//   gpu.mjs masks [part of a case's id]
//   gpu.mjs generated <programs> [seed]
import { Registry, session } from '@sluice/core';
import { checkGenerated, effective, renderReport, runConformance } from '@sluice/conformance';
import { wgsl } from '@sluice/wgsl/plugin';

const TRANSCENDENTAL = ['sin', 'cos', 'tan', 'exp', 'log', 'pow'].map((name) => `math.${name}`);
/** What devices lack, each as a mask or as features that are left alone. */
const LACKING = {
  'wgsl without shader-f16 and subgroups': { options: { without: ['shader-f16', 'subgroups'] } },
  'wgsl without transcendental functions': { mask: { ops: TRANSCENDENTAL } },
  'wgsl as a small device': { mask: { ops: ['arith.fma', 'arith.popcount', 'vector.dot'], limits: { buffers: 4, workgroupInvocations: 128, workgroupBytes: 16_384 } } },
};

/** Programs of one batch; each batch is its own seed. */
const BATCH = 50;

const COMMANDS = {
  async adapter() {
    const { available, description, reason, fix, capabilities } = await new Registry().with(wgsl()).backends.get('wgsl').probe();
    console.log(available ? `${description}\n${JSON.stringify(capabilities.limits)}` : `no adapter: ${reason}\nfix: ${fix}`);
    return available;
  },

  async conformance(only) {
    return report([backend('wgsl')], only);
  },

  async masks(only) {
    return report(Object.entries(LACKING).map(([name, { mask, options }]) => backend(name, mask, options)), only);
  },

  async generated(count = '1000', seed = String(Date.now() % 1_000_000)) {
    const bench = await backend('wgsl').open({ mask: {} });
    const start = performance.now();
    let failed = 0;
    try {
      for (let done = 0, at = Number(seed); done < Number(count); done += BATCH, at++) {
        await checkGenerated(bench, { seed: at, count: Math.min(BATCH, count - done), file: false }).catch((error) => {
          failed++;
          console.log(error.message);
        });
      }
    } finally {
      await bench.close();
    }
    console.log(`${count} programs from seed ${seed} on: ${failed === 0 ? 'all agree with the oracle' : `${failed} batches have one that does not`}; ${seconds(start)} s`);
    return failed === 0;
  },
};

function backend(name, mask = {}, options = {}) {
  const registry = new Registry().with(wgsl(options));
  return {
    name, tags: ['compute'], mask,
    open: async ({ mask: masked }) => {
      const capabilities = await effective(registry, 'wgsl', masked);
      const opened = await session({ registry, backends: ['wgsl'], masks: { wgsl: masked } });
      return { session: opened, registry, capabilities, exact: false, close: () => opened.close() };
    },
  };
}

async function report(backends, only) {
  const start = performance.now();
  const found = await runConformance(backends, {
    ...(only === undefined ? {} : { only }),
    // At once, so that a log that ends early says how far it was.
    onOutcome: (name, { suite, case: id, verdict, reason = '', seconds: took }) => console.log(`${name}: ${verdict} ${suite}/${id} ${took.toFixed(2)} s${verdict === 'failed' ? `\n${reason}` : ''}`),
  });
  console.log(`${renderReport(found)}${seconds(start)} s`);
  return found.ok;
}

function seconds(start) {
  return ((performance.now() - start) / 1000).toFixed(1);
}

const [command = '', ...args] = process.argv.slice(2);
if (!Object.hasOwn(COMMANDS, command)) {
  console.error(`usage: gpu.mjs ${Object.keys(COMMANDS).join('|')} [arguments]`);
  process.exitCode = 2;
} else process.exitCode = (await COMMANDS[command](...args)) ? 0 : 1;
