import { loadNative } from './native.ts';
import type { Found, FoundDevice, Lack, Missing, Native } from './native.ts';
import { deviceChoice } from './options.ts';
import type { CudaOptions } from './options.ts';

export interface FoundCuda {
  readonly native: Native;
  readonly device: FoundDevice;
  readonly description: string;
}

const INSTALL = 'install the NVIDIA driver (Debian: apt-get install nvidia-driver; in a container, run it with the NVIDIA container toolkit: docker run --gpus all)';

const WHY: Readonly<Record<Exclude<Lack, 'none'>, (found: Found) => Missing>> = {
  library: ({ text }) => ({ reason: `there is no NVIDIA driver here: libcuda.so.1 does not load (${text})`, fix: INSTALL }),
  symbol: ({ text }) => ({ reason: `the driver's libcuda.so.1 lacks ${text}: it is too old`, fix: 'install a driver for CUDA 11.1 or later (455.23 or later)' }),
  version: ({ version }) => ({ reason: `the driver is for CUDA ${spelled(version)}, and 11.1 is the oldest that can register memory read-only`, fix: 'install a driver for CUDA 11.1 or later (455.23 or later)' }),
  init: ({ result }) => INITIALISATION[result] ?? { reason: `cuInit failed with CUDA error ${result}`, fix: 'see what dmesg says of nvidia' },
  devices: ({ result }) => (result === 0 ? NO_DEVICE : { reason: `the driver cannot list devices: CUDA error ${result}`, fix: 'see what dmesg says of nvidia' }),
};

const NO_DEVICE: Missing = { reason: 'the driver finds no device', fix: 'check that nvidia-smi lists one, that CUDA_VISIBLE_DEVICES does not hide it, and that the container was given it (docker run --gpus all)' };

/** What cuInit says on machines where something is amiss. */
const INITIALISATION: Readonly<Record<number, Missing>> = {
  100: NO_DEVICE,
  3: { reason: 'cuInit failed: the driver is being shut down', fix: 'probe again' },
  34: { reason: 'libcuda.so.1 is the stub library, which is for linking alone', fix: INSTALL },
  802: { reason: 'cuInit failed: the system is not ready (CUDA_ERROR_SYSTEM_NOT_READY)', fix: 'start the fabric manager (systemctl start nvidia-fabricmanager), which machines with NVSwitch need' },
  803: { reason: 'cuInit failed: the driver in the kernel and libcuda are not of one version (CUDA_ERROR_SYSTEM_DRIVER_MISMATCH)', fix: 'restart the machine after an update of the driver, or give the container the libraries of the host' },
  804: { reason: 'cuInit failed: forward compatibility is not supported on this device', fix: 'take the cuda-compat libraries off LD_LIBRARY_PATH, or update the driver' },
  999: { reason: 'cuInit failed with an unknown error', fix: 'load the module (modprobe nvidia-uvm), and look into dmesg' },
};

/** The device that the options choose, or what is missing. Never throws. */
export function findDevice(options: CudaOptions): FoundCuda | Missing {
  const loaded = loadNative();
  if (!('native' in loaded)) return loaded;
  const found = loaded.native.probe();
  if (found.lack !== 'none') return WHY[found.lack](found);
  const choice = deviceChoice(options);
  const device = found.devices.find((d) => d !== null && isChosen(d, choice));
  if (device === undefined || device === null) {
    const there = found.devices.flatMap((d) => (d === null ? [] : [`device ${d.ordinal} (${d.name}, ${d.uuid})`])).join(', ');
    return { reason: `no device is \`${choice}\`: the driver has ${there || 'none that it describes'}`, fix: 'name one of these, or none' };
  }
  return { native: loaded.native, device, description: `CUDA ${spelled(found.version)} on ${device.name} (device ${device.ordinal}, compute capability ${device.capability}, ${Math.round(device.bytes / 2 ** 30)} GiB)` };
}

function isChosen({ ordinal, uuid }: FoundDevice, choice: number | string): boolean {
  return String(ordinal) === String(choice) || (typeof choice === 'string' && choice.length > 4 && uuid.startsWith(choice.toLowerCase().replace(/^gpu-/, 'GPU-')));
}

function spelled(version: number): string {
  return `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;
}
