import { defineKernel, defineProgram, kernel, Registry, session } from '@sluice/core';
import type { DeviceBuffer, Executable, Program, ProgramParams, Session } from '@sluice/core';
import { plugin } from '@sluice/wgsl/plugin';

export const registry = new Registry().with(plugin);

const nothing = defineKernel('nothing', { params: { data: 'buffer<u32, read>' }, workgroup: 1 }, () => {});
/** The launch of nothing is there so that the program's buffers lie where kernels compute. */
const cut = defineProgram('cut', { data: 'GpuBufferHandle', offset: 'u64', length: 'u64' }, ({ data, offset, length }) => {
  const part = data.slice(offset, length);
  kernel.launch(nothing, { groups: 0 }, { data: part });
  return { part };
});
const compileCut = (s: Session) => s.compile(cut);

/** A session on WebGPU alone, as an application opens it. */
export class Sluice {
  readonly #session: Session;
  readonly #cut: Awaited<ReturnType<typeof compileCut>>;

  static async open(): Promise<Sluice> {
    const opened = await session({ registry, backends: ['wgsl'], memory: 16 * 2 ** 30 });
    return new Sluice(opened, await compileCut(opened));
  }

  private constructor(opened: Session, cutting: Awaited<ReturnType<typeof compileCut>>) {
    this.#session = opened;
    this.#cut = cutting;
  }

  compile<P extends ProgramParams, R>(program: Program<P, R>): Promise<Executable<P, R>> {
    return this.#session.compile(program);
  }

  buffer(content: ArrayBufferView<ArrayBuffer>): Promise<DeviceBuffer> {
    return this.#session.buffer(content);
  }

  async read(data: DeviceBuffer, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const { results } = await this.#cut.run({ data, offset, length });
    const bytes = await results.part.read();
    await results.part.close();
    return bytes;
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}
