/** The public surface: suites, the runner, the generator of programs, and the oracle that all are held against. */
export { suite, suites, Unsupported } from './runner/suite.ts';
export type { Bench, Case, ScratchFile, Suite } from './runner/suite.ts';
export { covers, effective, matches } from './runner/backend.ts';
export type { BackendUnderTest, Exception, OpenBackend } from './runner/backend.ts';
export { runConformance } from './runner/run.ts';
export type { BackendReport, ConformanceOptions, ConformanceReport, Outcome, PlannedCase, Verdict } from './runner/run.ts';
export { renderReport } from './runner/report.ts';
export { conformanceTests } from './runner/vitest.ts';
export type { TestFramework } from './runner/vitest.ts';

export { check as checkGenerated, generated, generatedWithFiles } from './suites/generated.ts';
export { ioDialect } from './suites/io.ts';
export { memory } from './suites/memory.ts';
export { atomics, barriers } from './suites/workgroups.ts';
export { capabilities } from './suites/capabilities.ts';
export { opEdges } from './suites/op-edges.ts';
export { opLaws } from './suites/op-laws.ts';

export { buildProgram, oracleArgs, programs, show } from './generate/program.ts';
export type { GeneratedArg, GeneratedProgram, GeneratorOptions } from './generate/program.ts';
export type { Floats } from './generate/scope.ts';
export { interpret, FileModel } from './oracle/oracle.ts';
export type { OracleArg, OracleOptions, OracleResult } from './oracle/oracle.ts';
export { withinAccuracy } from './oracle/bounds.ts';
export { exactly } from './oracle/compute.ts';
export type { Compute } from './oracle/compute.ts';
export type { FloatRules } from './oracle/float-rules.ts';
export { Interval } from './oracle/interval.ts';
export { Bytes, difference } from './oracle/memory.ts';
export { Draft, kernelOf, param, programFrom, programOf } from './ir/draft.ts';
export { edgesOf } from './ops/edges.ts';
export { spell, usesOf, valueUses } from './ops/uses.ts';
export type { OpUse, ValueUse } from './ops/uses.ts';
export { fuzz } from './fuzz/fuzz.ts';
export type { FuzzOptions, FuzzOutcome, FuzzTotals } from './fuzz/fuzz.ts';
export { properties } from './fuzz/properties.ts';
export type { Checking, Property } from './fuzz/properties.ts';
export { mended, mutateBytes, mutateText } from './fuzz/mutate.ts';
