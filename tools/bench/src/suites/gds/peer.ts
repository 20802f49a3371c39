import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { noPeer, wrongValue } from '../../errors.ts';
import type { Sample } from '../../harness.ts';

const run = promisify(execFile);

/** A plain program on cuFile and the CUDA driver; see `native/cufile_peer.cc`. */
export interface Peer {
  /** Runs it; gives what it took for each of `work` units. `sum`: of the words that it must have read, where it reads any. */
  sample(work: number, args: readonly (string | number)[], expected: { readonly sum?: bigint; readonly env?: Readonly<Record<string, string>> }): Promise<Sample>;
}

/** The program that SLUICE_CUFILE_PEER names, or one that is built at `path` now. @throws SluiceError `bench/no-peer` */
export function cufilePeer(path: string): Peer {
  const program = process.env['SLUICE_CUFILE_PEER'] ?? built(path);
  return {
    async sample(work, args, { sum, env = {} }) {
      let printed: string;
      try {
        ({ stdout: printed } = await run(program, args.map(String), { env: { ...process.env, ...env } }));
      } catch (cause) {
        throw noPeer(`the program on cuFile failed: ${String((cause as { stderr?: string }).stderr ?? cause).trim()}`, 'see what it says; `sluice doctor` says more of the machine', cause);
      }
      const { seconds, cpuSeconds, sum: found } = JSON.parse(printed.replace(/"sum":(\d+)/, '"sum":"$1"')) as { readonly seconds: number; readonly cpuSeconds: number; readonly sum: string };
      if (sum !== undefined && BigInt(found) !== sum) throw wrongValue(`the peer's ${String(args[0])}`, `its words add up to ${found}, expected ${sum}`);
      return { seconds: seconds / work, cpuSeconds: cpuSeconds / work };
    },
  };
}

function built(path: string): string {
  const source = fileURLToPath(new URL('../../../native/cufile_peer.cc', import.meta.url));
  try {
    execFileSync(process.env['CXX'] ?? 'g++', ['-std=c++17', '-O2', '-o', path, source, '-ldl', '-lpthread'], { stdio: 'pipe' });
  } catch (cause) {
    throw noPeer('the program on cuFile, which the suite measures against, cannot be built', 'install g++, or name a built one in SLUICE_CUFILE_PEER', cause);
  }
  return path;
}

/** The sum of the 32-bit words. */
export function wordSum(bytes: Uint8Array): bigint {
  let sum = 0;
  for (const word of new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)) sum += word;
  return BigInt(sum);
}
