import type { Backend, Capabilities, Cell, Device } from '@sluice/core';
import { DEVICE_SPACE, deviceAllocator, pinnedAllocator } from '@sluice/cuda/device';
import { Engine } from './engine.ts';
import { openFile } from './file.ts';
import type { GdsFile } from './file.ts';
import { findLibrary } from './find-library.ts';
import type { FoundLibrary } from './find-library.ts';
import { machineObstacles, system } from './machine.ts';
import { checkOptions } from './options.ts';
import type { GdsOptions } from './options.ts';
import { mapsOf } from './maps.ts';
import { submitTo } from './transfers.ts';

export const BACKEND = 'gds';

/**
 * cuFile as a backend.
 * @throws SluiceError `session/option`
 */
export function gdsBackend(options: GdsOptions): Backend {
  checkOptions(options);
  return {
    id: BACKEND,
    slot: 'nativeModule',
    role: 'storage',
    // Above what goes through memory of the host.
    rank: 70,
    async probe() {
      const found = findLibrary(options);
      if (!('library' in found)) return { available: false, reason: found.reason, fix: found.fix };
      return { available: true, capabilities: capabilities(found), description: found.description };
    },
    async open({ signal }): Promise<Device> {
      signal?.throwIfAborted();
      const engine = Engine.acquire(options);
      const files = new Set<GdsFile>();
      let closing: Promise<void> | undefined;
      const close = async () => {
        await Promise.allSettled([...files].map((file) => file.close()));
        engine.release();
      };
      return {
        backend: BACKEND,
        allocators: [deviceAllocator(engine.device), pinnedAllocator(engine.device)],
        storage: { spaces: [DEVICE_SPACE], open: (source, given) => openFile(engine, source, given, files), submit: submitTo(engine), ...mapsOf(engine) },
        close: () => (closing ??= close()),
      };
    },
  };
}

function capabilities({ library, cuda }: FoundLibrary): Capabilities {
  const obstacles = machineObstacles(library, system);
  const transfer: Cell = obstacles.length === 0
    ? { how: 'native', via: 'direct', reason: 'each file that cuFile takes directly goes straight to the device' }
    : { how: 'native', via: 'compat', reason: `cuFile goes through memory of the host: ${obstacles.map((o) => o.reason).join('; ')}` };
  const unavailable = (reason: string): Cell => ({ how: 'unavailable', reason });
  const map: Cell = cuda.device.mapsFiles
    ? { how: 'native', via: 'mapped', reason: "the device reads the file's own pages, over the bus" }
    : unavailable(`${cuda.device.name} takes no read-only memory of the host`);
  return {
    default: unavailable('@sluice/gds moves bytes between files and device memory, and does nothing else'),
    ops: {
      'io.dma_from_nvme': transfer, 'io.write_back_to_nvme': transfer,
      'io.gather': unavailable('its offsets lie in device memory, which the CPU cannot address'),
      'mem.zerocopy_map': map, 'mem.unmap': map,
    },
    types: {}, limits: {}, spaces: [DEVICE_SPACE],
    floats: { subnormals: 'unspecified', nonFinite: 'unspecified' },
  };
}
