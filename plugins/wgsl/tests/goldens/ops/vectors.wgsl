// Kernel vectors of program goldens, lowered by @sluice/wgsl.

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
}
@group(0) @binding(0) var<uniform> launch: Launch;
var<workgroup> in_f32_: array<f32, 1>;
var<workgroup> in_vec2_f32_: array<vec2<f32>, 1>;
var<workgroup> in_i32_: array<i32, 1>;
var<workgroup> in_vec4_u32_: array<vec4<u32>, 1>;
var<workgroup> in_u32_: array<u32, 1>;
var<workgroup> in_array_f32_4_: array<f32, 4>;
var<workgroup> in_array_array_u32_2_3_: array<u32, 6>;
var<workgroup> in_vec3_f32_: array<f32, 3>;
var<workgroup> in_array_i32_4_: array<i32, 4>;
var<workgroup> in_vec4_f32_: array<vec4<f32>, 1>;
var<workgroup> in_vec3_u32_: array<u32, 3>;

fn rank_f32(a: f32) -> u32 {
  let bits = bitcast<i32>(a);
  return bitcast<u32>(bits ^ ((bits >> 31u) & 0x7fffffffi));
}

fn max_of_f32(a: f32, b: f32) -> f32 {
  return select(b, a, rank_f32(a) - 0x7f800001u > rank_f32(b) - 0x7f800001u);
}

@compute @workgroup_size(1, 1, 1)
fn vectors(
  @builtin(local_invocation_id) local_id: vec3<u32>,
) {
  let a1 = in_f32_[local_id.x];
  let b2 = in_vec2_f32_[local_id.x];
  let construct_of_f32_3 = vec3<f32>(a1, b2);
  let construct_of_arrayvec2u323_4 = array<vec2<u32>, 3>();
  let a5 = in_i32_[local_id.x];
  let b6 = in_i32_[local_id.x];
  let construct_of_i32_7 = array<i32, 2>(a5, b6);
  let a8 = in_vec4_u32_[local_id.x];
  let b9 = in_u32_[local_id.x];
  let extract_of_vec4u32_10 = select(0u, a8[min(b9, 3u)], b9 < 4u);
  let word = local_id.x * 4u;
  var element: array<f32, 4>;
  element = array<f32, 4>(in_array_f32_4_[word], in_array_f32_4_[word + 1u], in_array_f32_4_[word + 2u], in_array_f32_4_[word + 3u]);
  let b12 = in_u32_[local_id.x];
  let extract_of_arrayf324_13 = select(0.0f, element[min(b12, 3u)], b12 < 4u);
  let word2 = local_id.x * 6u;
  var element2: array<array<u32, 2>, 3>;
  element2 = array<array<u32, 2>, 3>(array<u32, 2>(in_array_array_u32_2_3_[word2], in_array_array_u32_2_3_[word2 + 1u]), array<u32, 2>(in_array_array_u32_2_3_[word2 + 2u], in_array_array_u32_2_3_[word2 + 3u]), array<u32, 2>(in_array_array_u32_2_3_[word2 + 4u], in_array_array_u32_2_3_[word2 + 5u]));
  let b15 = in_u32_[local_id.x];
  var extract_of_arrayarrayu3223_16: array<u32, 2>;
  if (b15 < 3u) {
    extract_of_arrayarrayu3223_16 = element2[min(b15, 2u)];
  }
  let word3 = local_id.x * 3u;
  let a17 = vec3<f32>(in_vec3_f32_[word3], in_vec3_f32_[word3 + 1u], in_vec3_f32_[word3 + 2u]);
  let b18 = in_u32_[local_id.x];
  let c19 = in_f32_[local_id.x];
  var insert_of_vec3f32_20 = a17;
  if (b18 < 3u) {
    insert_of_vec3f32_20[b18] = c19;
  }
  let word4 = local_id.x * 4u;
  var element3: array<i32, 4>;
  element3 = array<i32, 4>(in_array_i32_4_[word4], in_array_i32_4_[word4 + 1u], in_array_i32_4_[word4 + 2u], in_array_i32_4_[word4 + 3u]);
  let b22 = in_u32_[local_id.x];
  let c23 = in_i32_[local_id.x];
  var insert_of_arrayi324_24 = element3;
  if (b22 < 4u) {
    insert_of_arrayi324_24[b22] = c23;
  }
  let a25 = in_vec4_f32_[local_id.x];
  let a27 = in_u32_[local_id.x];
  let splat_of_u32_28 = vec4<u32>(a27);
  let word5 = local_id.x * 3u;
  let a29 = vec3<f32>(in_vec3_f32_[word5], in_vec3_f32_[word5 + 1u], in_vec3_f32_[word5 + 2u]);
  let word6 = local_id.x * 3u;
  let b30 = vec3<f32>(in_vec3_f32_[word6], in_vec3_f32_[word6 + 1u], in_vec3_f32_[word6 + 2u]);
  let dot_of_vec3f32_31 = a29.x * b30.x + a29.y * b30.y + a29.z * b30.z;
  let a32 = in_vec4_f32_[local_id.x];
  let part = max_of_f32(a32.x, a32.y);
  let part2 = max_of_f32(part, a32.z);
  let reduce_of_vec4f32_33 = max_of_f32(part2, a32.w);
  let word7 = local_id.x * 3u;
  let a34 = vec3<u32>(in_vec3_u32_[word7], in_vec3_u32_[word7 + 1u], in_vec3_u32_[word7 + 2u]);
  let part3 = a34.x ^ a34.y;
  let reduce_of_vec3u32_35 = part3 ^ a34.z;
}
