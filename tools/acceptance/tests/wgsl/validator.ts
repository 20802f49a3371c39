import { create, globals } from 'webgpu';

/*
 * Dawn's null backend: it compiles and validates WGSL, makes pipelines, and executes nothing. The object that `create`
 * gives must live as long as the process: Dawn crashes when it is collected.
 */
Object.assign(globalThis, globals);
const gpu = create(['backend=null']);
(globalThis as { nullGpu?: unknown }).nullGpu = gpu;

let device: Promise<GPUDevice> | undefined;

function openDevice(): Promise<GPUDevice> {
  return (device ??= (async () => {
    const adapter = await gpu.requestAdapter();
    if (adapter === null) throw new Error('Dawn gives no null adapter');
    return adapter.requestDevice({ requiredFeatures: ['shader-f16', 'subgroups'], requiredLimits: { maxStorageBuffersPerShaderStage: adapter.limits.maxStorageBuffersPerShaderStage } });
  })());
}

/** Everything that Dawn says of a module and of its pipeline: errors, warnings and infos; nothing if it is in order. */
export async function messagesOf(code: string): Promise<readonly string[]> {
  const on = await openDevice();
  on.pushErrorScope('validation');
  const module = on.createShaderModule({ code });
  const { messages } = await module.getCompilationInfo();
  const said = messages.map((m) => `${m.type} at ${m.lineNum}:${m.linePos}: ${m.message}\n    ${code.split('\n')[m.lineNum - 1] ?? ''}`);
  if (said.length === 0) {
    await on.createComputePipelineAsync({ layout: 'auto', compute: { module } }).catch((error: unknown) => said.push(`pipeline: ${error instanceof Error ? error.message : String(error)}`));
  }
  const error = await on.popErrorScope();
  if (error !== null && said.length === 0) said.push(error.message);
  return said;
}
