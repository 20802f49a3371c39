// Kernel arith_pack of program goldens, lowered by @sluice/wgsl.
enable f16;

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
}
@group(0) @binding(0) var<uniform> launch: Launch;
var<workgroup> in_vec4_i32_: array<vec4<i32>, 1>;
var<workgroup> in_vec4_u32_: array<vec4<u32>, 1>;
var<workgroup> in_vec2_i32_: array<vec2<i32>, 1>;
var<workgroup> in_vec2_u32_: array<vec2<u32>, 1>;
var<workgroup> in_vec4_f32_: array<vec4<f32>, 1>;
var<workgroup> in_vec2_f32_: array<vec2<f32>, 1>;
var<workgroup> in_vec2_f16_: array<vec2<f16>, 1>;
var<workgroup> in_u32_: array<u32, 1>;

fn is_nan_f32x4(a: vec4<f32>) -> vec4<bool> {
  return (bitcast<vec4<u32>>(a) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
}

fn is_nan_f32x2(a: vec2<f32>) -> vec2<bool> {
  return (bitcast<vec2<u32>>(a) & vec2<u32>(0x7fffffffu)) > vec2<u32>(0x7f800000u);
}

fn half_bits_f32x2(a: vec2<f32>) -> vec2<u32> {
  let bits = bitcast<vec2<u32>>(a);
  let size = bits & vec2<u32>(0x7fffffffu);
  let exponent = size >> vec2<u32>(23u);
  let normal = size - vec2<u32>(0x38000000u);
  let rounded = (normal + vec2<u32>(0xfffu) + ((normal >> vec2<u32>(13u)) & vec2<u32>(1u))) >> vec2<u32>(13u);
  let drop = min(vec2<u32>(126u) - min(exponent, vec2<u32>(125u)), vec2<u32>(31u));
  let digits = (bits & vec2<u32>(0x7fffffu)) | vec2<u32>(0x800000u);
  let kept = digits >> drop;
  let rest = digits & ((vec2<u32>(1u) << drop) - vec2<u32>(1u));
  let half = vec2<u32>(1u) << (drop - vec2<u32>(1u));
  let up = (rest > half) | ((rest == half) & ((kept & vec2<u32>(1u)) == vec2<u32>(1u)));
  let subnormal = select(kept + select(vec2<u32>(0u), vec2<u32>(1u), up), vec2<u32>(0u), exponent < vec2<u32>(102u));
  let finite = select(rounded, subnormal, size < vec2<u32>(0x38800000u));
  let infinite = select(finite, vec2<u32>(0x7c00u), size >= vec2<u32>(0x477ff000u));
  let magnitude = select(infinite, vec2<u32>(0x7e00u), size > vec2<u32>(0x7f800000u));
  return select((bits >> vec2<u32>(16u)) & vec2<u32>(0x8000u), vec2<u32>(0u), size > vec2<u32>(0x7f800000u)) | magnitude;
}

fn from_half_bits_u32x2(half: vec2<u32>) -> vec2<f32> {
  let size = half & vec2<u32>(0x7fffu);
  let normal = (size << vec2<u32>(13u)) + vec2<u32>(0x38000000u);
  let special = (size << vec2<u32>(13u)) | vec2<u32>(0x7f800000u);
  let subnormal = bitcast<vec2<u32>>(vec2<f32>(size) * vec2<f32>(5.9604645e-8f));
  let magnitude = select(select(normal, subnormal, size < vec2<u32>(0x400u)), special, size >= vec2<u32>(0x7c00u));
  return bitcast<vec2<f32>>(magnitude | ((half & vec2<u32>(0x8000u)) << vec2<u32>(16u)));
}

@compute @workgroup_size(1, 1, 1)
fn arith_pack(
  @builtin(local_invocation_id) local_id: vec3<u32>,
) {
  let a1 = in_vec4_i32_[local_id.x];
  let fields = bitcast<vec4<u32>>(a1) & vec4<u32>(255u);
  let pack4xi8_of_vec4i32_2 = fields.x | (fields.y << 8u) | (fields.z << 16u) | (fields.w << 24u);
  let a3 = in_vec4_u32_[local_id.x];
  let fields2 = (a3) & vec4<u32>(255u);
  let pack4xu8_of_vec4u32_4 = fields2.x | (fields2.y << 8u) | (fields2.z << 16u) | (fields2.w << 24u);
  let a5 = in_vec4_i32_[local_id.x];
  let fields3 = bitcast<vec4<u32>>(clamp(a5, vec4<i32>(-128i), vec4<i32>(127i))) & vec4<u32>(255u);
  let pack4xi8_sat_of_vec4i32_6 = fields3.x | (fields3.y << 8u) | (fields3.z << 16u) | (fields3.w << 24u);
  let a7 = in_vec4_u32_[local_id.x];
  let fields4 = (clamp(a7, vec4<u32>(0u), vec4<u32>(255u))) & vec4<u32>(255u);
  let pack4xu8_sat_of_vec4u32_8 = fields4.x | (fields4.y << 8u) | (fields4.z << 16u) | (fields4.w << 24u);
  let a9 = in_vec2_i32_[local_id.x];
  let fields5 = bitcast<vec2<u32>>(a9) & vec2<u32>(65535u);
  let pack2xi16_of_vec2i32_10 = fields5.x | (fields5.y << 16u);
  let a11 = in_vec2_u32_[local_id.x];
  let fields6 = (a11) & vec2<u32>(65535u);
  let pack2xu16_of_vec2u32_12 = fields6.x | (fields6.y << 16u);
  let a13 = in_vec4_f32_[local_id.x];
  let known = select(a13, vec4<f32>(0.0f), is_nan_f32x4(a13));
  let fields7 = bitcast<vec4<u32>>(vec4<i32>(floor(vec4<f32>(0.5f) + vec4<f32>(127.0f) * clamp(known, vec4<f32>(-1.0f), vec4<f32>(1.0f))))) & vec4<u32>(255u);
  let pack4x8snorm_of_vec4f32_14 = fields7.x | (fields7.y << 8u) | (fields7.z << 16u) | (fields7.w << 24u);
  let a15 = in_vec4_f32_[local_id.x];
  let known2 = select(a15, vec4<f32>(0.0f), is_nan_f32x4(a15));
  let fields8 = bitcast<vec4<u32>>(vec4<i32>(floor(vec4<f32>(0.5f) + vec4<f32>(255.0f) * clamp(known2, vec4<f32>(0.0f), vec4<f32>(1.0f))))) & vec4<u32>(255u);
  let pack4x8unorm_of_vec4f32_16 = fields8.x | (fields8.y << 8u) | (fields8.z << 16u) | (fields8.w << 24u);
  let a17 = in_vec2_f32_[local_id.x];
  let known3 = select(a17, vec2<f32>(0.0f), is_nan_f32x2(a17));
  let fields9 = bitcast<vec2<u32>>(vec2<i32>(floor(vec2<f32>(0.5f) + vec2<f32>(32767.0f) * clamp(known3, vec2<f32>(-1.0f), vec2<f32>(1.0f))))) & vec2<u32>(65535u);
  let pack2x16snorm_of_vec2f32_18 = fields9.x | (fields9.y << 16u);
  let a19 = in_vec2_f32_[local_id.x];
  let known4 = select(a19, vec2<f32>(0.0f), is_nan_f32x2(a19));
  let fields10 = bitcast<vec2<u32>>(vec2<i32>(floor(vec2<f32>(0.5f) + vec2<f32>(65535.0f) * clamp(known4, vec2<f32>(0.0f), vec2<f32>(1.0f))))) & vec2<u32>(65535u);
  let pack2x16unorm_of_vec2f32_20 = fields10.x | (fields10.y << 16u);
  let a21 = in_vec2_f32_[local_id.x];
  let halves = half_bits_f32x2(a21);
  let pack2x16float_of_vec2f32_22 = halves.x | (halves.y << 16u);
  let a23 = in_vec2_f16_[local_id.x];
  let pack2xf16_of_vec2f16_24 = bitcast<u32>(a23);
  let a25 = in_u32_[local_id.x];
  let unpack4xi8_of_u32_26 = bitcast<vec4<i32>>(vec4<u32>(a25) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u);
  let a27 = in_u32_[local_id.x];
  let unpack4xu8_of_u32_28 = (vec4<u32>(a27) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(255u);
  let a29 = in_u32_[local_id.x];
  let unpack2xi16_of_u32_30 = bitcast<vec2<i32>>(vec2<u32>(a29) << vec2<u32>(16u, 0u)) >> vec2<u32>(16u);
  let a31 = in_u32_[local_id.x];
  let unpack2xu16_of_u32_32 = (vec2<u32>(a31) >> vec2<u32>(0u, 16u)) & vec2<u32>(65535u);
  let a33 = in_u32_[local_id.x];
  let unpack4x8snorm_of_u32_34 = unpack4x8snorm(a33);
  let a35 = in_u32_[local_id.x];
  let unpack4x8unorm_of_u32_36 = unpack4x8unorm(a35);
  let a37 = in_u32_[local_id.x];
  let unpack2x16snorm_of_u32_38 = unpack2x16snorm(a37);
  let a39 = in_u32_[local_id.x];
  let unpack2x16unorm_of_u32_40 = unpack2x16unorm(a39);
  let a41 = in_u32_[local_id.x];
  let unpack2x16float_of_u32_42 = from_half_bits_u32x2((vec2<u32>(a41) >> vec2<u32>(0u, 16u)) & vec2<u32>(65535u));
  let a43 = in_u32_[local_id.x];
  let unpack2xf16_of_u32_44 = bitcast<vec2<f16>>(a43);
}
