/** The public surface of core, on one page. */
export { API_VERSION } from './global-slot.ts';

// errors
export { SluiceError, isSluiceError, combine } from './diagnostics/error.ts';
export type { Span } from './diagnostics/span.ts';
export type { Problem, Where } from './diagnostics/error.ts';
export { renderError } from './diagnostics/render.ts';
export type { RenderOptions } from './diagnostics/render.ts';
export { errorToJson, toJson } from './diagnostics/json.ts';
export type { Json } from './diagnostics/json.ts';
export { codes } from './diagnostics/codes.ts';
export type { Code, CodeRow, Family } from './diagnostics/codes.ts';

// IR
export { print } from './text/print.ts';
export { parse } from './text/parse.ts';
export type { ParseOptions } from './text/parse.ts';
export { format } from './text/format.ts';
export { toDot } from './text/dot.ts';
export { scalar, vector as vectorType, array, buffer as bufferType, handle as handleType, parseType, byteSize, loadedType, scalarCount, scalarOf, MOST_SCALARS } from './ir/types.ts';
export type { Access, ArrayType, BufferType, ComputedScalar, HandleType, OpaqueType, ScalarName, ScalarType, StorageOnlyScalar, Type, VectorType } from './ir/types.ts';
export { NO_ATTRIBUTES, attributeKey, fromBits, scalarAttribute, toBits } from './ir/attributes.ts';
export { decodeBf16, decodeF16, encodeBf16, encodeF16, roundToF16 } from './ir/half.ts';
export type { Attribute, Attributes, RuntimeValue, ScalarValue } from './ir/attributes.ts';
export { opId, walkOps } from './ir/program.ts';
export { whereOf } from './ir/where.ts';
export type { RegionNames } from './ir/where.ts';
export { canonical, equal } from './ir/canonical.ts';
export type { Body, Debug, Op, Param, Region, Result, ValueId } from './ir/program.ts';
export type { Kernel as KernelIr, Program as ProgramIr } from './ir/program.ts';

// the wire form
export { encode } from './wire/encode.ts';
export type { EncodeOptions } from './wire/encode.ts';
export { decode } from './wire/decode.ts';
export type { DecodeOptions } from './wire/decode.ts';
export type { WireLimits } from './wire/format.ts';
export type { Migration } from './wire/migration.ts';
export { hashOf } from './wire/hash.ts';

// ops, dialects, plugins
export { defineDialect, defineOp, meaningOf, signatureOf, structuredIntrinsic } from './ops/op.ts';
export type { Accuracy, ErrorBound, Expression, Interval } from './ops/accuracy.ts';
export type { Law } from './ops/law.ts';
export type { AttrSpec, Category, CpuRef, Dialect, Effect, Level, Meaning, OpDef, OpId, OpSpec, PartialUse, ParamSpec, RegionSpec, SignatureView, StructuredIntrinsic, Trait, TypedOp, Use, VerifyContext } from './ops/op.ts';
export type { Signature } from './ops/signature.ts';
export { componentType, componentUse, lanesOf } from './ops/elementwise.ts';
export type { Lanes } from './ops/elementwise.ts';
export { Registry, registerPlugin } from './registry/registry.ts';
export { definePlugin } from './registry/plugin.ts';
export type { Hooks, Pass, PassContext, PassTarget, Plugin } from './registry/plugin.ts';
export { SLOTS } from './registry/lowering.ts';
export type { AnyLowering, Builder, Emitter, Exits, FoundLowering, Lowering, LoweringTable, Slot, SlotBuilders, TransferBuilder, TransferContext } from './registry/lowering.ts';
export { masked, opCell, typeCell } from './registry/capabilities.ts';
export type { Capabilities, Cell, How, Limits, Mask, Via } from './registry/capabilities.ts';
export type { Allocator, Backend, Compute, Create, Device, FileSource, Launch, LaunchArg, MapRequest, Memory, OpenFile, OpenOptions, Outcome, Pieces, PreparedKernel, Probe, Rights, Space, SpaceTransfer, Storage as StorageDevice, Transfer, UnmapRequest } from './registry/backend.ts';
export { systemProblem } from './storage/system-problem.ts';
export type { SystemCall } from './storage/system-problem.ts';
export { ABORTED, END_OF_FILE, failedTransfer, refusedTransfer } from './storage/failed-transfer.ts';
export type { FailedTransfer } from './storage/failed-transfer.ts';
export { chunkedTransfers } from './storage/chunked-transfers.ts';
export type { ChunkMover } from './storage/chunked-transfers.ts';
export { gatheredByReads } from './storage/gathered-by-reads.ts';
export { wordsOf } from './storage/words.ts';
export { dialects } from './dialects/index.ts';
export { workgroupLayout } from './dialects/buffer.ts';
export { COMBINES, combination, neutral } from './dialects/combine.ts';
export type { Combine } from './dialects/combine.ts';
export { isRegisterType, swizzled } from './dialects/vector.ts';

// the TypeScript front end
export { defineKernel, kernel } from './build/kernel.ts';
export type { Extent, Ids, Kernel, KernelArgs, KernelParams, KernelSpec, LaunchArgs, Vec3u } from './build/kernel.ts';
export { defineProgram, fd } from './build/program.ts';
export type { FdParam, Program, ProgramArgs, ProgramParams, Returned } from './build/program.ts';
export { arith, buffer, grant, io, math, mem } from './build/host.ts';
export { control } from './build/control.ts';
export { vector } from './build/vector.ts';
export { subgroup } from './build/subgroup.ts';
export type { Range } from './build/control.ts';
export type { CallArgs, CallResults } from './build/call.ts';
export { functionsOf } from './build/functions.ts';
export type { OpFunction, OpFunctions } from './build/functions.ts';
export { bool, f16, f32, i32, i64, u32, u64 } from './build/value.ts';
export type { AnyValue, ArrayOps, ArrayTy, Atomic, BoolOps, BufferTy, BufferView, Carry, Components, Float, FloatOps, HandleOps, In, Int, IntOps, Literal, Next, Operand, Ordering, Readable, Scalar, Storage, Ty, TyOf, Value, Vector, VectorOps, Writable } from './build/types.ts';

// verification, planning, sessions
export { verified, verify } from './verify/verify.ts';
export { place } from './plan/place.ts';
export type { PlaceOptions } from './plan/place.ts';
export { session } from './run/session.ts';
export type { BoundFile, BoundPlacement, PassedOver, Path, PlacedOp, Placement } from './plan/placement.ts';
export type { DeviceBuffer, Executable, Grant, GrantOptions, Progress, Report, RunArgs, RunOptions, RunResults, Session, SessionOptions } from './run/api.ts';
export type { ByteReadable, ByteSource, ResultStream, StreamArgs, StreamItem, StreamOptions, StreamProgress } from './run/stream/api.ts';
export type { CacheUse, CompileCache } from './run/compile-cache.ts';

// traces
export { Timeline } from './run/trace/timeline.ts';
export { chromeTrace } from './run/trace/chrome.ts';
export type { ChromeEvent, ChromeTrace } from './run/trace/chrome.ts';
export type { TraceEvent, TraceFacts, TraceKind, TraceOutcome } from './run/trace/event.ts';

// passes
export { defaultPasses, findPass, optimize, passIds } from './optimize/passes.ts';
export type { OptimizeOptions } from './optimize/passes.ts';
export { legalize } from './optimize/legalize.ts';
export { rewrite } from './optimize/rewrite.ts';
export type { Rewriter, Visitor } from './optimize/rewrite.ts';
export type { PassFacts } from './optimize/facts.ts';
export { inBounds, indexBounds } from './optimize/ranges/index-bounds.ts';
export type { IndexBounds } from './optimize/ranges/index-bounds.ts';
export type { Bound } from './optimize/ranges/bound.ts';

// lowering, backends
export { walkKernel } from './lower/walk.ts';
export type { Walk } from './lower/walk.ts';
export { onAbort } from './run/on-abort.ts';
