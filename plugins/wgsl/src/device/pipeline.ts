import { SluiceError } from '@sluice/core';
import type { KernelIr, Where } from '@sluice/core';
import type { LineOrigin, LoweredKernel } from '../lower/lowered.ts';
import type { OpenGpu } from './open-gpu.ts';
import { scoped } from './scopes.ts';
import { COMPUTE_STAGE } from './webgpu.ts';

/** A lowered kernel as the device runs it. */
export interface Pipeline {
  readonly lowered: LoweredKernel;
  readonly layout: GPUBindGroupLayout;
  readonly pipeline: GPUComputePipeline;
}

/**
 * Compiles in the background.
 * @throws SluiceError `wgsl/rejected-code`, with what the shader compiler says, at the author's line; `wgsl/device-lost`
 */
export async function compilePipeline(gpu: OpenGpu, kernel: KernelIr, lowered: LoweredKernel): Promise<Pipeline> {
  const { device, health } = gpu;
  const label = kernel.name;
  const module = scoped(device, () => device.createShaderModule({ label, code: lowered.code }));
  const refused = await module.error;
  if (refused !== undefined) throw await rejected(kernel, lowered, refused.message, module.result);

  const made = scoped(device, () => {
    const layout = device.createBindGroupLayout({ label, entries: layoutOf(lowered) });
    return { layout, pipelineLayout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }) };
  });
  const { layout, pipelineLayout } = made.result;
  const compiled = device.createComputePipelineAsync({ label, layout: pipelineLayout, compute: { module: module.result, entryPoint: lowered.entryPoint } })
    .then((pipeline) => ({ pipeline }), (cause: unknown) => ({ cause }));
  const [error, outcome] = await Promise.all([made.error, compiled]);
  if ('pipeline' in outcome && error === undefined) return { lowered, layout, pipeline: outcome.pipeline };
  health.check();
  throw await rejected(kernel, lowered, error?.message ?? ('cause' in outcome && outcome.cause instanceof Error ? outcome.cause.message : 'no pipeline was made'), module.result);
}

function layoutOf({ record, bindings, status }: LoweredKernel): GPUBindGroupLayoutEntry[] {
  const storage = (binding: number, type: GPUBufferBindingType): GPUBindGroupLayoutEntry => ({ binding, visibility: COMPUTE_STAGE, buffer: { type } });
  return [
    { binding: 0, visibility: COMPUTE_STAGE, buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: record.byteLength } },
    ...bindings.map(({ binding, access }) => storage(binding, access === 'read' ? 'read-only-storage' : 'storage')),
    ...(status === undefined ? [] : [storage(status.binding, 'storage')]),
  ];
}

async function rejected(kernel: KernelIr, lowered: LoweredKernel, message: string, module: GPUShaderModule): Promise<SluiceError> {
  const top: Where = { kernel: kernel.name, span: kernel.span };
  const { code } = lowered;
  const { messages } = await module.getCompilationInfo();
  const first = messages.find((m) => m.type === 'error');
  const line = first === undefined ? undefined : code.split('\n')[first.lineNum - 1]?.trim();
  return new SluiceError({
    code: 'wgsl/rejected-code', family: 'unsupported',
    message: `the shader compiler refuses kernel \`${kernel.name}\`: ${first === undefined ? message.trim() : `${first.message.trim()}, at line ${first.lineNum} of its WGSL, \`${line ?? ''}\``}`,
    fix: 'report it to the authors of @sluice/wgsl, with the kernel; an op that another way of writing avoids may help until then',
    where: first === undefined ? top : { ...top, ...originOf(lowered.lines, first.lineNum) },
    details: { message: message.trim(), code },
  });
}

/** The op that a line of the code came from. */
function originOf(lines: readonly LineOrigin[], line: number): Where | undefined {
  return lines.findLast((origin) => origin.line <= line)?.where;
}
