/*
 * Identifiers of the generated code. Every name is used once in a module, so that nothing is ever shadowed, and none is a
 * word of WGSL. Functions beside the kernel are called `<what>_<scalar>` or `<what>_<scalar>x<lanes>`: such names are
 * theirs alone.
 */

/** Makes names that nothing else in the module has. */
export class Names {
  readonly #taken = new Set<string>();
  /** By stem, the number of the name that was made last. */
  readonly #last = new Map<string, number>();

  /** `wanted` as an identifier, with a number behind it where it is taken. */
  make(wanted: string): string {
    const stem = identifier(wanted);
    if (!this.#taken.has(stem)) return this.#take(stem);
    const base = /\d$/.test(stem) ? `${stem}_` : stem;
    for (let n = (this.#last.get(stem) ?? 1) + 1; ; n++) {
      const name = `${base}${n}`;
      if (this.#taken.has(name) || isOurs(name)) continue;
      this.#last.set(stem, n);
      return this.#take(name);
    }
  }

  #take(name: string): string {
    this.#taken.add(name);
    return name;
  }
}

/** Letters, digits and single underscores of `wanted`, made such that WGSL takes it as a name of ours. */
function identifier(wanted: string): string {
  const plain = wanted.replaceAll(/[^A-Za-z0-9_]+/g, '_').replaceAll(/__+/g, '_').slice(0, LONGEST);
  const started = /^[A-Za-z]/.test(plain) ? plain : `v${/^\d/.test(plain) ? '_' : ''}${plain === '_' ? '' : plain}`;
  return isOurs(started) ? `${started}${started.endsWith('_') ? 'v' : '_'}` : started;
}

/** Whether WGSL or this package gives the name a meaning. */
function isOurs(name: string): boolean {
  return WORDS.has(name) || HELPER.test(name);
}

const LONGEST = 60;
const HELPER = /_(?:f32|f16|i32|u32|bool)(?:x[234])?$/;

/** What WGSL keeps for itself: keywords, reserved words, and predeclared names, which a declaration would hide. */
export const WORDS: ReadonlySet<string> = new Set(
  `
  alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let loop
  override requires return struct switch true var while

  NULL Self abstract active alignas alignof as asm asm_fragment async attribute auto await become binding_array cast catch
  class co_await co_return co_yield coherent column_major common compile compile_fragment concept const_cast consteval
  constexpr constinit crate debugger decltype delete demote demote_to_helper do dynamic_cast enum explicit export extends
  extern external fallthrough filter final finally friend from fxgroup get goto groupshared highp impl implements import
  inline instanceof interface layout lowp macro macro_rules match mediump meta mod module move mut mutable namespace new nil
  noexcept noinline nointerpolation non_coherent noncoherent noperspective null nullptr of operator package packoffset
  partition pass patch pixelfragment precise precision premerge priv protected pub public readonly ref regardless register
  reinterpret_cast require resource restrict self set shared sizeof smooth snorm static static_assert static_cast std
  subroutine super target template this thread_local throw trait try type typedef typeid typename typeof union unless unorm
  unsafe unsized use using varying virtual volatile wgsl where with writeonly yield

  bool i32 u32 f32 f16 i64 u64 f64 i8 u8 i16 u16 array atomic ptr sampler sampler_comparison vec2 vec3 vec4 vec2i vec3i vec4i vec2u vec3u
  vec4u vec2f vec3f vec4f vec2h vec3h vec4h mat2x2 mat2x3 mat2x4 mat3x2 mat3x3 mat3x4 mat4x2 mat4x3 mat4x4 function private
  workgroup uniform storage handle read write read_write

  bitcast all any select arrayLength abs acos acosh asin asinh atan atanh atan2 ceil clamp cos cosh countLeadingZeros
  countOneBits countTrailingZeros cross degrees determinant distance dot dot4U8Packed dot4I8Packed exp exp2 extractBits
  faceForward firstLeadingBit firstTrailingBit floor fma fract frexp insertBits inverseSqrt ldexp length log log2 max min mix
  modf normalize pow quantizeToF16 radians reflect refract reverseBits round saturate sign sin sinh smoothstep sqrt step tan
  tanh transpose trunc dpdx dpdy fwidth atomicLoad atomicStore atomicAdd atomicSub atomicMax atomicMin atomicAnd atomicOr
  atomicXor atomicExchange atomicCompareExchangeWeak pack4x8snorm pack4x8unorm pack4xI8 pack4xU8 pack4xI8Clamp pack4xU8Clamp
  pack2x16snorm pack2x16unorm pack2x16float unpack4x8snorm unpack4x8unorm unpack4xI8 unpack4xU8 unpack2x16snorm
  unpack2x16unorm unpack2x16float storageBarrier textureBarrier workgroupBarrier workgroupUniformLoad subgroupAdd
  subgroupExclusiveAdd subgroupInclusiveAdd subgroupAll subgroupAnd subgroupAny subgroupBallot subgroupBroadcast
  subgroupBroadcastFirst subgroupElect subgroupMax subgroupMin subgroupMul subgroupExclusiveMul subgroupInclusiveMul
  subgroupOr subgroupShuffle subgroupShuffleDown subgroupShuffleUp subgroupShuffleXor subgroupXor quadBroadcast quadSwapX
  quadSwapY quadSwapDiagonal print
  `.trim().split(/\s+/),
);
