// Kernel arith_convert of program goldens, lowered by @sluice/wgsl.
enable f16;

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
}
@group(0) @binding(0) var<uniform> launch: Launch;
var<workgroup> in_i32_: array<i32, 1>;
var<workgroup> in_vec2_i32_: array<vec2<i32>, 1>;
var<workgroup> in_u32_: array<u32, 1>;
var<workgroup> in_vec2_u32_: array<vec2<u32>, 1>;
var<workgroup> in_f16_: array<f16, 1>;
var<workgroup> in_f32_: array<f32, 1>;
var<workgroup> in_vec2_f32_: array<vec2<f32>, 1>;

fn to_bool_f32(a: f32) -> bool {
  return (bitcast<u32>(a) & 0x7fffffffu) != 0u;
}

fn is_nan_f32(a: f32) -> bool {
  return (bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u;
}

fn to_i32_f32(a: f32) -> i32 {
  return select(select(select(i32(a), 2147483647i, a >= 2147483648.0f), i32(i32(-2147483648)), a <= f32(-2147483648.0f)), 0i, is_nan_f32(a));
}

fn to_u32_f32(a: f32) -> u32 {
  let most = select(u32(a), 0xffffffffu, a >= 4294967296.0f);
  return select(0u, most, (a > 0.0f) & !is_nan_f32(a));
}

fn to_bool_f32x2(a: vec2<f32>) -> vec2<bool> {
  return (bitcast<vec2<u32>>(a) & vec2<u32>(0x7fffffffu)) != vec2<u32>(0u);
}

fn is_nan_f32x2(a: vec2<f32>) -> vec2<bool> {
  return (bitcast<vec2<u32>>(a) & vec2<u32>(0x7fffffffu)) > vec2<u32>(0x7f800000u);
}

fn to_i32_f32x2(a: vec2<f32>) -> vec2<i32> {
  return select(select(select(vec2<i32>(a), vec2<i32>(2147483647i), a >= vec2<f32>(2147483648.0f)), vec2<i32>(i32(-2147483648)), a <= vec2<f32>(-2147483648.0f)), vec2<i32>(0i), is_nan_f32x2(a));
}

fn to_u32_f32x2(a: vec2<f32>) -> vec2<u32> {
  let most = select(vec2<u32>(a), vec2<u32>(0xffffffffu), a >= vec2<f32>(4294967296.0f));
  return select(vec2<u32>(0u), most, (a > vec2<f32>(0.0f)) & !is_nan_f32x2(a));
}

@compute @workgroup_size(1, 1, 1)
fn arith_convert(
  @builtin(local_invocation_id) local_id: vec3<u32>,
) {
  let a1 = in_i32_[local_id.x];
  let cast_of_i32_2 = bool(a1);
  let a3 = in_i32_[local_id.x];
  let a5 = in_i32_[local_id.x];
  let cast_of_i32_6 = u32(a5);
  let a7 = in_i32_[local_id.x];
  let cast_of_i32_8 = f16(f32(a7));
  let a9 = in_i32_[local_id.x];
  let cast_of_i32_10 = f32(a9);
  let a11 = in_vec2_i32_[local_id.x];
  let cast_of_vec2i32_12 = vec2<bool>(a11);
  let a13 = in_vec2_i32_[local_id.x];
  let a15 = in_vec2_i32_[local_id.x];
  let cast_of_vec2i32_16 = vec2<u32>(a15);
  let a17 = in_vec2_i32_[local_id.x];
  let cast_of_vec2i32_18 = vec2<f16>(vec2<f32>(a17));
  let a19 = in_vec2_i32_[local_id.x];
  let cast_of_vec2i32_20 = vec2<f32>(a19);
  let a21 = in_u32_[local_id.x];
  let cast_of_u32_22 = bool(a21);
  let a23 = in_u32_[local_id.x];
  let cast_of_u32_24 = i32(a23);
  let a25 = in_u32_[local_id.x];
  let a27 = in_u32_[local_id.x];
  let cast_of_u32_28 = f16(f32(a27));
  let a29 = in_u32_[local_id.x];
  let cast_of_u32_30 = f32(a29);
  let a31 = in_vec2_u32_[local_id.x];
  let cast_of_vec2u32_32 = vec2<bool>(a31);
  let a33 = in_vec2_u32_[local_id.x];
  let cast_of_vec2u32_34 = vec2<i32>(a33);
  let a35 = in_vec2_u32_[local_id.x];
  let a37 = in_vec2_u32_[local_id.x];
  let cast_of_vec2u32_38 = vec2<f16>(vec2<f32>(a37));
  let a39 = in_vec2_u32_[local_id.x];
  let cast_of_vec2u32_40 = vec2<f32>(a39);
  let a41 = in_f16_[local_id.x];
  let cast_of_f16_42 = to_bool_f32(f32(a41));
  let a43 = in_f16_[local_id.x];
  let cast_of_f16_44 = to_i32_f32(f32(a43));
  let a45 = in_f16_[local_id.x];
  let cast_of_f16_46 = to_u32_f32(f32(a45));
  let a47 = in_f16_[local_id.x];
  let a49 = in_f16_[local_id.x];
  let cast_of_f16_50 = f32(a49);
  let a51 = in_f32_[local_id.x];
  let cast_of_f32_52 = to_bool_f32(a51);
  let a53 = in_f32_[local_id.x];
  let cast_of_f32_54 = to_i32_f32(a53);
  let a55 = in_f32_[local_id.x];
  let cast_of_f32_56 = to_u32_f32(a55);
  let a57 = in_f32_[local_id.x];
  let cast_of_f32_58 = f16(a57);
  let a59 = in_f32_[local_id.x];
  let a61 = in_vec2_f32_[local_id.x];
  let cast_of_vec2f32_62 = to_bool_f32x2(a61);
  let a63 = in_vec2_f32_[local_id.x];
  let cast_of_vec2f32_64 = to_i32_f32x2(a63);
  let a65 = in_vec2_f32_[local_id.x];
  let cast_of_vec2f32_66 = to_u32_f32x2(a65);
  let a67 = in_vec2_f32_[local_id.x];
  let cast_of_vec2f32_68 = vec2<f16>(a67);
  let a69 = in_vec2_f32_[local_id.x];
  let a71 = in_u32_[local_id.x];
  let a71b = bool(a71);
  let a73 = in_u32_[local_id.x];
  let a73b = bool(a73);
  let cast_of_bool_74 = i32(a73b);
  let a75 = in_u32_[local_id.x];
  let a75b = bool(a75);
  let cast_of_bool_76 = u32(a75b);
  let a77 = in_u32_[local_id.x];
  let a77b = bool(a77);
  let cast_of_bool_78 = f16(a77b);
  let a79 = in_u32_[local_id.x];
  let a79b = bool(a79);
  let cast_of_bool_80 = f32(a79b);
  let a81 = in_vec2_u32_[local_id.x];
  let a81b = vec2<bool>(a81);
  let a83 = in_vec2_u32_[local_id.x];
  let a83b = vec2<bool>(a83);
  let cast_of_vec2bool_84 = vec2<i32>(a83b);
  let a85 = in_vec2_u32_[local_id.x];
  let a85b = vec2<bool>(a85);
  let cast_of_vec2bool_86 = vec2<u32>(a85b);
  let a87 = in_vec2_u32_[local_id.x];
  let a87b = vec2<bool>(a87);
  let cast_of_vec2bool_88 = vec2<f16>(a87b);
  let a89 = in_vec2_u32_[local_id.x];
  let a89b = vec2<bool>(a89);
  let cast_of_vec2bool_90 = vec2<f32>(a89b);
  let a91 = in_i32_[local_id.x];
  let bitcast_of_i32_92 = bitcast<u32>(a91);
  let a93 = in_vec2_i32_[local_id.x];
  let bitcast_of_vec2i32_94 = bitcast<vec2<u32>>(a93);
  let a95 = in_u32_[local_id.x];
  let a97 = in_vec2_u32_[local_id.x];
  let a99 = in_f16_[local_id.x];
  let a101 = in_f32_[local_id.x];
  let bitcast_of_f32_102 = bitcast<u32>(a101);
  let a103 = in_vec2_f32_[local_id.x];
  let bitcast_of_vec2f32_104 = bitcast<vec2<u32>>(a103);
}
