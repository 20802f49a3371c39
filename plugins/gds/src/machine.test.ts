import { expect, test } from 'vitest';
import { fileObstacles, machineObstacles, machineWarnings, udevObstacles } from './machine.ts';
import type { Library, System } from './machine.ts';

const EXT4 = 0xef53n;
const GOOD: Library = { mode: 'auto', kernelVersion: '2.24', status: 1 << 4 };
const on = (files: Readonly<Record<string, string>>, folders: Readonly<Record<string, readonly string[]>> = {}): System => ({ read: (path) => files[path], exists: (path) => path in files, list: (path) => folders[path] ?? [] });
const UDEV = on({ '/run/udev/data/b259:1': 'S:disk/by-id/x\nE:ID_FS_USAGE=filesystem\nE:ID_FS_TYPE=ext4\n' });
const FACTS = { fileSystem: EXT4, major: 259, minor: 1 };
const reasons = (found: readonly { readonly reason: string }[]) => found.map((f) => f.reason);

test('a file on ext4 on NVMe that udev knows goes straight, by nvidia-fs or by peer-to-peer', () => {
  expect(fileObstacles(GOOD, FACTS, UDEV)).toEqual([]);
  expect(fileObstacles({ mode: 'auto', kernelVersion: '0.0', status: 1 << 11 }, FACTS, UDEV)).toEqual([]);
  expect(fileObstacles({ ...GOOD, status: 1 << 2 }, { ...FACTS, fileSystem: 0x6969n }, on({}))).toEqual([]);
});

test('each thing that stands in the way is found, all of them at once, each with its remedy', () => {
  expect(reasons(fileObstacles({ mode: 'auto', kernelVersion: '0.0', status: 0 }, { ...FACTS, directRefused: 'EINVAL' }, on({})))).toEqual([
    'nvidia-fs is not loaded', 'udev knows nothing of its device (no /run/udev/data/b259:1)', 'O_DIRECT is refused: EINVAL',
  ]);
  expect(reasons(fileObstacles(GOOD, { ...FACTS, fileSystem: 0x01021994n }, UDEV))).toEqual(['it is on tmpfs that cuFile does not take directly']);
  expect(reasons(fileObstacles(GOOD, { ...FACTS, fileSystem: undefined }, UDEV))).toEqual(['it is on a file system that cuFile does not take directly']);
  expect(reasons(fileObstacles({ ...GOOD, status: 1 << 2 }, FACTS, UDEV))).toEqual(['nvidia-fs has no support for ext4 here']);
  expect(reasons(udevObstacles(FACTS, on({ '/run/udev/data/b259:1': 'E:ID_PATH=x\n' })))).toEqual(['udev does not say that its device has a file system (no ID_FS_USAGE in /run/udev/data/b259:1)']);
  expect(reasons(machineObstacles({ mode: 'compat', kernelVersion: '2.24', status: 16 }, UDEV))).toEqual(['compatibility mode was asked for']);
  expect(reasons(machineObstacles({ mode: 'auto', kernelVersion: '0.0', status: 0 }, on({ '/proc/driver/nvidia-fs': '' })))).toEqual(['nvidia-fs is loaded, and cuFile does not use it']);
  expect(reasons(machineWarnings(on({}, { '/sys/class/iommu': ['dmar0'] })))).toEqual(['the IOMMU is on, so that transfers between drive and device go through the root complex']);
  for (const { fix } of fileObstacles({ mode: 'auto', kernelVersion: '0.0', status: 0 }, { ...FACTS, directRefused: 'EINVAL' }, on({}))) expect(fix).toMatch(/\w+ \w+/);
});
