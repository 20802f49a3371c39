/** What cuFile means by its errors, and what to do: of those that a user can do something about. */
const MEANINGS: Readonly<Record<number, readonly [name: string, text: string, fix?: string]>> = {
  5001: ['CU_FILE_DRIVER_NOT_INITIALIZED', 'nvidia-fs is not loaded', 'load it (modprobe nvidia-fs), or allow compatibility mode (`allow_compat_mode` in /etc/cufile.json, `mode: \'auto\'`)'],
  5002: ['CU_FILE_DRIVER_INVALID_PROPS', 'a property is invalid', 'correct /etc/cufile.json'],
  5003: ['CU_FILE_DRIVER_UNSUPPORTED_LIMIT', 'a property is out of range', 'correct /etc/cufile.json'],
  5004: ['CU_FILE_DRIVER_VERSION_MISMATCH', 'nvidia-fs and libcufile are not of one version', 'install both from one release of CUDA'],
  5005: ['CU_FILE_DRIVER_VERSION_READ_ERROR', 'the version of nvidia-fs cannot be read', 'load nvidia-fs anew'],
  5007: ['CU_FILE_PLATFORM_NOT_SUPPORTED', 'the platform is not supported', 'use compatibility mode'],
  5008: ['CU_FILE_IO_NOT_SUPPORTED', 'the file is not supported', 'keep the file on ext4 or XFS on an NVMe drive'],
  5009: ['CU_FILE_DEVICE_NOT_SUPPORTED', 'the device is not supported', 'direct transfers take a data-center or workstation device; use compatibility mode'],
  5010: ['CU_FILE_NVFS_DRIVER_ERROR', 'nvidia-fs refused a request', 'see dmesg'],
  5011: ['CU_FILE_CUDA_DRIVER_ERROR', 'the CUDA driver failed'],
  5012: ['CU_FILE_CUDA_POINTER_INVALID', 'a device address is invalid'],
  5013: ['CU_FILE_CUDA_MEMORY_TYPE_INVALID', 'a device address is of memory that it does not take'],
  5014: ['CU_FILE_CUDA_POINTER_RANGE_ERROR', 'a range leaves its allocation'],
  5015: ['CU_FILE_CUDA_CONTEXT_MISMATCH', 'memory is of another context'],
  5016: ['CU_FILE_INVALID_MAPPING_SIZE', 'more memory than may be pinned', 'raise `max_device_pinned_mem_size_kb` in /etc/cufile.json'],
  5018: ['CU_FILE_INVALID_FILE_TYPE', 'the file is of a type that is not supported'],
  5019: ['CU_FILE_INVALID_FILE_OPEN_FLAG', 'the file was opened with flags that are not supported'],
  5020: ['CU_FILE_DIO_NOT_SET', 'the file system takes no O_DIRECT', 'keep the file on one that does, such as ext4 or XFS'],
  5022: ['CU_FILE_INVALID_VALUE', 'an argument is invalid'],
  5023: ['CU_FILE_MEMORY_ALREADY_REGISTERED', 'the memory is registered already'],
  5024: ['CU_FILE_MEMORY_NOT_REGISTERED', 'the memory is not registered'],
  5025: ['CU_FILE_PERMISSION_DENIED', 'access is denied', 'let the user open /dev/nvidia-fs*'],
  5026: ['CU_FILE_DRIVER_ALREADY_OPEN', 'the driver is open already'],
  5027: ['CU_FILE_HANDLE_NOT_REGISTERED', 'the file cannot be registered'],
  5028: ['CU_FILE_HANDLE_ALREADY_REGISTERED', 'the descriptor is registered already'],
  5029: ['CU_FILE_DEVICE_NOT_FOUND', 'there is no device'],
  5030: ['CU_FILE_INTERNAL_ERROR', 'it failed inside'],
  5031: ['CU_FILE_GETNEWFD_FAILED', 'no descriptor is left', 'close files, or raise the limit on open files (ulimit -n)'],
  5033: ['CU_FILE_NVFS_SETUP_ERROR', 'nvidia-fs could not be set up', 'see dmesg'],
  5034: ['CU_FILE_IO_DISABLED', 'the configuration disables it for this file', 'correct /etc/cufile.json'],
  5036: ['CU_FILE_GPU_MEMORY_PINNING_FAILED', 'device memory cannot be pinned', 'free device memory, or use smaller chunks: what may be pinned is bounded by the device\'s BAR'],
};

export interface FileError {
  readonly name: string;
  readonly text: string;
  readonly fix: string | undefined;
}

export function fileError(result: number): FileError {
  const [name, text, fix] = MEANINGS[result] ?? [`cuFile error ${result}`, 'no text for it'];
  return { name, text, fix };
}

export const CODES = {
  'gds/file-refused': { family: 'run', summary: 'cuFile does not take the file.' },
  'gds/not-direct': { family: 'run', summary: 'The mode is `direct`, and transfers of the file would go through memory of the host.' },
  'gds/failed': { family: 'run', summary: 'cuFile failed in the middle of a transfer.' },
  'gds/mode': { family: 'unsupported', summary: 'cuFile was opened in another mode, and keeps that for as long as the process runs.' },
} as const;
