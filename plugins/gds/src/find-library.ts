import { findDevice } from '@sluice/cuda/device';
import type { FoundCuda, Missing } from '@sluice/cuda/device';
import { logEnd, logPath, logged } from './log.ts';
import { MODES, loadNative } from './native.ts';
import type { Loaded, Mode, Native } from './native.ts';
import { machineObstacles, machineWarnings, system } from './machine.ts';
import type { Library, System } from './machine.ts';
import { modeChoice } from './options.ts';
import type { GdsOptions } from './options.ts';
import { fileError } from './results.ts';

export interface FoundLibrary {
  readonly native: Native;
  readonly library: Library;
  readonly cuda: FoundCuda;
  readonly description: string;
}

/** What is missing, or that the process has cuFile in another mode. */
export interface Lacking extends Missing {
  readonly otherMode?: true;
}

const INSTALL = 'install libcufile (from NVIDIA\'s repository: apt-get install libcufile-13-0, or nvidia-gds with nvidia-fs), or name its folder in LD_LIBRARY_PATH before the process starts';

/** cuFile, opened in the mode that the options choose, and the device; or what is missing. Never throws. */
export function findLibrary(options: GdsOptions, on: System = system): FoundLibrary | Lacking {
  const mode = modeChoice(options);
  if (typeof mode !== 'string') return mode;
  const addon = loadNative();
  if (!('native' in addon)) return addon;
  const cuda = findDevice(options);
  if (!('device' in cuda)) return cuda;
  const before = logEnd();
  const loaded = addon.native.load(MODES.indexOf(mode), logPath());
  if (loaded.lack !== 'none') return lacking(loaded, before);
  const opened = MODES[loaded.mode] as Mode;
  if (opened !== mode) return { reason: `cuFile was opened in mode \`${opened}\`, and keeps it for as long as the process runs: \`${mode}\` is not to be had`, fix: 'use one mode in a process', otherMode: true };
  const library: Library = { mode, kernelVersion: loaded.kernelVersion, status: loaded.status };
  return { native: addon.native, library, cuda, description: described(loaded, library, cuda, on) };
}

function lacking({ lack, text, result, driverResult }: Loaded, logFrom: number): Missing {
  if (lack === 'library') return { reason: `there is no cuFile here: libcufile.so.0 does not load (${text})`, fix: INSTALL };
  if (lack === 'symbol') return { reason: `libcufile.so.0 lacks ${text}: it is too old`, fix: INSTALL };
  if (lack === 'driver') return { reason: `libcuda.so.1 cannot be used: ${text}`, fix: 'install the NVIDIA driver, or a newer one' };
  const { name, text: said, fix } = fileError(result);
  const log = logged(logFrom);
  return { reason: `cuFile cannot be opened: ${name}, ${said}${driverResult === 0 ? '' : ` (CUDA error ${driverResult})`}${log === undefined ? '' : `; its log: ${log}`}`, fix: fix ?? `see its log (${logPath()}), and what gdscheck -p says` };
}

/** What gdscheck tells: whether transfers are direct here, else why not, and the remedy for each finding. */
function described({ version, kernelVersion }: Loaded, library: Library, cuda: FoundCuda, on: System): string {
  const obstacles = machineObstacles(library, on);
  const way = obstacles.length === 0 ? `direct transfers, by ${kernelVersion === '0.0' ? 'PCI peer-to-peer' : `nvidia-fs ${kernelVersion}`}, where a file allows` : 'through memory of the host (compatibility mode)';
  const findings = [...obstacles, ...(obstacles.length === 0 ? machineWarnings(on) : [])].map(({ reason, fix }) => `; ${reason} (to mend it: ${fix})`);
  return `cuFile ${version === 0 ? 'of unknown version' : `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`}, ${way}${findings.join('')}; ${cuda.description}`;
}
