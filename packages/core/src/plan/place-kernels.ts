import { SluiceError } from '../diagnostics/error.ts';
import type { Program } from '../ir/program.ts';
import { legalize } from '../optimize/legalize.ts';
import type { Candidate } from './candidates.ts';
import { kernelGaps } from './kernel-fit.ts';
import type { Gap } from './kernel-fit.ts';
import type { PlanOptions } from './options.ts';
import { idleBackends } from './place-transfer.ts';
import type { PassedOver } from './placement.ts';
import { regionNames } from './region-names.ts';

interface PlacedKernels {
  readonly chosen: Candidate | undefined;
  /** With its kernels as the backend takes them. */
  readonly program: Program;
}

interface Tried {
  readonly backend: string;
  readonly reason: string;
}

/** The first compute backend that takes every kernel, and the program as it takes it; else every gap goes to `problems`. */
export function placeKernels(program: Program, options: PlanOptions, passedOver: PassedOver[], problems: SluiceError[]): PlacedKernels {
  const { registry } = options;
  if (program.kernels.length === 0) return { chosen: undefined, program };
  const able = options.candidates.filter((c) => c.backend.role === 'compute');
  const unavailable: Tried[] = [];
  const gaps = new Map<string, { readonly gap: Gap; readonly tried: Tried[] }>();
  for (const candidate of able) {
    const { backend, probe, capabilities } = candidate;
    if (!probe.available || capabilities === undefined) {
      const reason = probe.available ? 'has no capabilities' : probe.reason;
      unavailable.push({ backend: backend.id, reason });
      passedOver.push({ backend: backend.id, reason, ...(probe.available ? {} : { fix: probe.fix }) });
      continue;
    }
    const legal = legalize(program, registry, { backend: backend.id, capabilities });
    const found = legal.kernels.flatMap((k) => kernelGaps(k, candidate, registry, regionNames(registry)));
    if (found.length === 0) return { chosen: candidate, program: legal };
    const keys = new Set(found.map((g) => g.key)).size;
    passedOver.push({ backend: backend.id, reason: `${found[0]?.reason ?? ''}${keys > 1 ? `, and ${keys - 1} more` : ''}` });
    for (const gap of found) {
      const entry = gaps.get(gap.key) ?? { gap, tried: [] };
      if (!entry.tried.some((t) => t.backend === backend.id)) entry.tried.push({ backend: backend.id, reason: gap.reason });
      gaps.set(gap.key, entry);
    }
  }
  if (gaps.size === 0) problems.push(noBackend(program, able, unavailable, options));
  for (const { gap, tried } of gaps.values()) {
    problems.push(new SluiceError({
      code: gap.code, message: `${gap.message} on ${tried.map((t) => t.backend).join(', ')}`, where: { program: program.name, ...gap.where },
      fix: gap.fix, available: gap.available, details: { tried: [...tried, ...unavailable] },
    }));
  }
  return { chosen: undefined, program };
}

function noBackend({ name, kernels }: Program, able: readonly Candidate[], tried: readonly Tried[], options: PlanOptions): SluiceError {
  const [k] = kernels;
  const launches = kernels.length === 1 ? `kernel \`${k?.name ?? ''}\`` : `${kernels.length} kernels`;
  const idle = idleBackends(options, 'compute');
  const listed = idle.length === 0 ? '' : `add ${idle.map((i) => `'${i}'`).join(' or ')}, which is imported, to \`backends\`; or `;
  return new SluiceError({
    code: able.length === 0 ? 'plan/no-backend' : 'plan/backend-unavailable',
    message: able.length === 0 ? `no compute backend is linked, and the program launches ${launches}` : `no compute backend that is linked can run on this machine: ${tried.map((t) => `${t.backend}: ${t.reason}`).join('; ')}`,
    fix: `${listed}import '@sluice/wgsl' (WebGPU), '@sluice/cuda' (NVIDIA) or '@sluice/cpu-ref' (the reference, slow and exact), and name it in \`backends\` if you give a list`,
    where: { program: name, kernel: k?.name, span: k?.span },
    available: idle,
    details: { tried },
  });
}
