import { existsSync, readFileSync, readdirSync } from 'node:fs';
import type { Missing } from '@sluice/cuda/device';
import type { Loaded, Mode } from './native.ts';

/** What is asked of the system. In tests, of one that is made up. */
export interface System {
  /** The text of a file of /proc, /sys or /run, or undefined. */
  read(path: string): string | undefined;
  exists(path: string): boolean;
  list(path: string): readonly string[];
}

export const system: System = {
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
  exists: existsSync,
  list(path) {
    try {
      return readdirSync(path);
    } catch {
      return [];
    }
  },
};

/** Bits of `status`: kinds of storage. Of these local file systems are made; the peer-to-peer way needs no nvidia-fs. */
const NVME = 4;
const LOCAL = [NVME, 5, 6, 7, 8];
const PEER_TO_PEER = 11;

interface FileSystem {
  readonly name: string;
  /** Bits of `status`, of which one must be set. */
  readonly needs: readonly number[];
  /** It is on a block device that udev knows. */
  readonly block?: true;
}

/** By the magic number of statfs: those that cuFile takes directly. */
const FILE_SYSTEMS: ReadonlyMap<bigint, FileSystem> = new Map<bigint, FileSystem>([
  [0xef53n, { name: 'ext4', needs: LOCAL, block: true }],
  [0x58465342n, { name: 'XFS', needs: LOCAL, block: true }],
  [0x0bd00bd0n, { name: 'Lustre', needs: [0] }],
  [0x6969n, { name: 'NFS', needs: [2] }],
  [0x47504653n, { name: 'GPFS', needs: [3] }],
  [0x19830326n, { name: 'BeeGFS', needs: [9] }],
]);

/** Others that a file may be on, to call them by their names. */
const OTHERS: ReadonlyMap<bigint, string> = new Map([[0x01021994n, 'tmpfs'], [0x794c7630n, 'overlayfs'], [0x9123683en, 'btrfs'], [0x65735546n, 'FUSE'], [0x2fc12fc1n, 'ZFS']]);

export interface FileFacts {
  /** Magic number of its file system; undefined where the system does not tell. */
  readonly fileSystem: bigint | undefined;
  /** Numbers of the device that it is on. */
  readonly major: number;
  readonly minor: number;
  /** O_DIRECT was refused, by this errno. */
  readonly directRefused?: string;
}

/** What stands between files of this machine and direct transfers, whatever the file. */
export function machineObstacles({ mode, kernelVersion, status }: Library, { exists }: System): readonly Missing[] {
  if (mode === 'compat') return [{ reason: 'compatibility mode was asked for', fix: "open it with `mode: 'auto'`" }];
  if (kernelVersion !== '0.0' || has(status, PEER_TO_PEER)) return [];
  return [
    exists('/proc/driver/nvidia-fs')
      ? { reason: 'nvidia-fs is loaded, and cuFile does not use it', fix: 'install libcufile and nvidia-fs from one release of CUDA, and see its log' }
      : { reason: 'nvidia-fs is not loaded', fix: 'install it (apt-get install nvidia-gds) and load it (modprobe nvidia-fs); in a container, on the host' },
  ];
}

/** What stands between one file and direct transfers; none: they are. */
export function fileObstacles(library: Library, facts: FileFacts, on: System): readonly Missing[] {
  const { fileSystem: magic, directRefused } = facts;
  const known = magic === undefined ? undefined : FILE_SYSTEMS.get(magic);
  const found = [...machineObstacles(library, on)];
  if (known === undefined) found.push({ reason: `it is on ${OTHERS.get(magic ?? 0n) ?? 'a file system'} that cuFile does not take directly`, fix: 'keep it on ext4 (data=ordered) or XFS on an NVMe drive, or on a parallel file system that the vendor lists' });
  else {
    if (known.block === true) found.push(...udevObstacles(facts, on));
    if (library.kernelVersion !== '0.0' && !known.needs.some((bit) => has(library.status, bit))) found.push({ reason: `nvidia-fs has no support for ${known.name} here`, fix: 'load the drivers of the storage before nvidia-fs; with NVMe, those of MLNX_OFED or a kernel with support (gdscheck -p lists what is supported)' });
  }
  if (directRefused !== undefined) found.push({ reason: `O_DIRECT is refused: ${directRefused}`, fix: 'keep it on a file system that takes O_DIRECT' });
  return found;
}

/** cuFile reads of a file system in udev's database, which bare machines and containers may lack. */
export function udevObstacles({ major, minor }: Pick<FileFacts, 'major' | 'minor'>, { read }: System): readonly Missing[] {
  const path = `/run/udev/data/b${major}:${minor}`;
  const entry = read(path);
  const fix = `run udev (udevadm trigger), or mount /run/udev into the container; on a bare machine write 'E:ID_FS_USAGE=filesystem' and 'E:ID_FS_TYPE=ext4' into ${path}`;
  if (entry === undefined) return [{ reason: `udev knows nothing of its device (no ${path})`, fix }];
  return /^E:ID_FS_USAGE=filesystem$/m.test(entry) ? [] : [{ reason: `udev does not say that its device has a file system (no ID_FS_USAGE in ${path})`, fix }];
}

/** What may make direct transfers slow, though they work. */
export function machineWarnings({ list }: System): readonly Missing[] {
  return list('/sys/class/iommu').length === 0 ? [] : [{ reason: 'the IOMMU is on, so that transfers between drive and device go through the root complex', fix: 'turn it off for speed (intel_iommu=off or amd_iommu=off on the command line of the kernel), where nothing needs it' }];
}

/** cuFile as it was opened. */
export interface Library extends Pick<Loaded, 'kernelVersion' | 'status'> {
  readonly mode: Mode;
}

function has(status: number, bit: number): boolean {
  return (status & (1 << bit)) !== 0;
}
