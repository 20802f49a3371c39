// Kernel math of program goldens, lowered by @sluice/wgsl.
enable f16;

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
}
@group(0) @binding(0) var<uniform> launch: Launch;
var<workgroup> in_f16_: array<f16, 1>;
var<workgroup> in_f32_: array<f32, 1>;
var<workgroup> in_vec2_f32_: array<vec2<f32>, 1>;

fn power_f32(a: f32, b: f32) -> f32 {
  let whole = b == trunc(b);
  let odd = whole & (abs(b) < 16777216.0f) & (trunc(b * 0.5f) * 2.0f != b);
  let sign = select(0u, bitcast<u32>(a) & 0x80000000u, odd);
  let of_zero = select(0u, 0x7f800000u, b < 0.0f);
  let size = select(bitcast<u32>(exp2(b * log2(abs(a)))), of_zero, (bitcast<u32>(a) & 0x7fffffffu) == 0u);
  let defined = (a >= 0.0f) | whole | ((bitcast<u32>(a) & 0x7fffffffu) == 0u);
  let result = bitcast<f32>(select(0x7fc00000u, size | sign, defined));
  return select(result, 1.0f, (bitcast<u32>(b) & 0x7fffffffu) == 0u);
}

fn power_f32x2(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
  let whole = b == trunc(b);
  let odd = whole & (abs(b) < vec2<f32>(16777216.0f)) & (trunc(b * vec2<f32>(0.5f)) * vec2<f32>(2.0f) != b);
  let sign = select(vec2<u32>(0u), bitcast<vec2<u32>>(a) & vec2<u32>(0x80000000u), odd);
  let of_zero = select(vec2<u32>(0u), vec2<u32>(0x7f800000u), b < vec2<f32>(0.0f));
  let size = select(bitcast<vec2<u32>>(exp2(b * log2(abs(a)))), of_zero, (bitcast<vec2<u32>>(a) & vec2<u32>(0x7fffffffu)) == vec2<u32>(0u));
  let defined = (a >= vec2<f32>(0.0f)) | whole | ((bitcast<vec2<u32>>(a) & vec2<u32>(0x7fffffffu)) == vec2<u32>(0u));
  let result = bitcast<vec2<f32>>(select(vec2<u32>(0x7fc00000u), size | sign, defined));
  return select(result, vec2<f32>(1.0f), (bitcast<vec2<u32>>(b) & vec2<u32>(0x7fffffffu)) == vec2<u32>(0u));
}

fn angle_f32(y: f32, x: f32) -> f32 {
  let sign = bitcast<u32>(y) & 0x80000000u;
  let on_x = select(0.0f, 3.14159265f, (bitcast<u32>(x) & 0x80000000u) != 0u);
  let on_axis = select(1.57079633f, on_x, (bitcast<u32>(y) & 0x7fffffffu) == 0u);
  let signed_axis = bitcast<f32>(bitcast<u32>(on_axis) | sign);
  return select(atan2(y, x), signed_axis, ((bitcast<u32>(y) & 0x7fffffffu) == 0u) | ((bitcast<u32>(x) & 0x7fffffffu) == 0u));
}

fn angle_f32x2(y: vec2<f32>, x: vec2<f32>) -> vec2<f32> {
  let sign = bitcast<vec2<u32>>(y) & vec2<u32>(0x80000000u);
  let on_x = select(vec2<f32>(0.0f), vec2<f32>(3.14159265f), (bitcast<vec2<u32>>(x) & vec2<u32>(0x80000000u)) != vec2<u32>(0u));
  let on_axis = select(vec2<f32>(1.57079633f), on_x, (bitcast<vec2<u32>>(y) & vec2<u32>(0x7fffffffu)) == vec2<u32>(0u));
  let signed_axis = bitcast<vec2<f32>>(bitcast<vec2<u32>>(on_axis) | sign);
  return select(atan2(y, x), signed_axis, ((bitcast<vec2<u32>>(y) & vec2<u32>(0x7fffffffu)) == vec2<u32>(0u)) | ((bitcast<vec2<u32>>(x) & vec2<u32>(0x7fffffffu)) == vec2<u32>(0u)));
}

fn sign_of_f32(a: f32) -> f32 {
  let size = (bitcast<u32>(a) & 0x7fffffffu);
  let one = bitcast<f32>((bitcast<u32>(a) & 0x80000000u) | 0x3f800000u);
  return select(one, a, (size == 0u) | (size > 0x7f800000u));
}

fn sign_of_f32x2(a: vec2<f32>) -> vec2<f32> {
  let size = (bitcast<vec2<u32>>(a) & vec2<u32>(0x7fffffffu));
  let one = bitcast<vec2<f32>>((bitcast<vec2<u32>>(a) & vec2<u32>(0x80000000u)) | vec2<u32>(0x3f800000u));
  return select(one, a, (size == vec2<u32>(0u)) | (size > vec2<u32>(0x7f800000u)));
}

fn is_nan_f32(a: f32) -> bool {
  return (bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u;
}

fn is_nan_f32x2(a: vec2<f32>) -> vec2<bool> {
  return (bitcast<vec2<u32>>(a) & vec2<u32>(0x7fffffffu)) > vec2<u32>(0x7f800000u);
}

fn is_inf_f32(a: f32) -> bool {
  return (bitcast<u32>(a) & 0x7fffffffu) == 0x7f800000u;
}

fn is_inf_f32x2(a: vec2<f32>) -> vec2<bool> {
  return (bitcast<vec2<u32>>(a) & vec2<u32>(0x7fffffffu)) == vec2<u32>(0x7f800000u);
}

fn is_finite_f32(a: f32) -> bool {
  return (bitcast<u32>(a) & 0x7fffffffu) < 0x7f800000u;
}

fn is_finite_f32x2(a: vec2<f32>) -> vec2<bool> {
  return (bitcast<vec2<u32>>(a) & vec2<u32>(0x7fffffffu)) < vec2<u32>(0x7f800000u);
}

@compute @workgroup_size(1, 1, 1)
fn math(
  @builtin(local_invocation_id) local_id: vec3<u32>,
) {
  let a1 = in_f16_[local_id.x];
  let sqrt_of_f16_2 = sqrt(a1);
  let a3 = in_f32_[local_id.x];
  let sqrt_of_f32_4 = sqrt(a3);
  let a5 = in_vec2_f32_[local_id.x];
  let sqrt_of_vec2f32_6 = sqrt(a5);
  let a7 = in_f16_[local_id.x];
  let inverse_sqrt_of_f16_8 = inverseSqrt(a7);
  let a9 = in_f32_[local_id.x];
  let inverse_sqrt_of_f32_10 = inverseSqrt(a9);
  let a11 = in_vec2_f32_[local_id.x];
  let inverse_sqrt_of_vec2f32_12 = inverseSqrt(a11);
  let a13 = in_f16_[local_id.x];
  let reciprocal_of_f16_14 = f16(1.0) / a13;
  let a15 = in_f32_[local_id.x];
  let reciprocal_of_f32_16 = f32(1.0) / a15;
  let a17 = in_vec2_f32_[local_id.x];
  let reciprocal_of_vec2f32_18 = vec2<f32>(1.0) / a17;
  let a19 = in_f16_[local_id.x];
  let exp_of_f16_20 = exp(a19);
  let a21 = in_f32_[local_id.x];
  let exp_of_f32_22 = exp(a21);
  let a23 = in_vec2_f32_[local_id.x];
  let exp_of_vec2f32_24 = exp(a23);
  let a25 = in_f16_[local_id.x];
  let exp2_of_f16_26 = exp2(a25);
  let a27 = in_f32_[local_id.x];
  let exp2_of_f32_28 = exp2(a27);
  let a29 = in_vec2_f32_[local_id.x];
  let exp2_of_vec2f32_30 = exp2(a29);
  let a31 = in_f16_[local_id.x];
  let log_of_f16_32 = log(a31);
  let a33 = in_f32_[local_id.x];
  let log_of_f32_34 = log(a33);
  let a35 = in_vec2_f32_[local_id.x];
  let log_of_vec2f32_36 = log(a35);
  let a37 = in_f16_[local_id.x];
  let log2_of_f16_38 = log2(a37);
  let a39 = in_f32_[local_id.x];
  let log2_of_f32_40 = log2(a39);
  let a41 = in_vec2_f32_[local_id.x];
  let log2_of_vec2f32_42 = log2(a41);
  let a43 = in_f16_[local_id.x];
  let b44 = in_f16_[local_id.x];
  let pow_of_f16_45 = f16(power_f32(f32(a43), f32(b44)));
  let a46 = in_f32_[local_id.x];
  let b47 = in_f32_[local_id.x];
  let pow_of_f32_48 = power_f32(a46, b47);
  let a49 = in_vec2_f32_[local_id.x];
  let b50 = in_vec2_f32_[local_id.x];
  let pow_of_vec2f32_51 = power_f32x2(a49, b50);
  let a52 = in_f16_[local_id.x];
  let sin_of_f16_53 = sin(a52);
  let a54 = in_f32_[local_id.x];
  let sin_of_f32_55 = sin(a54);
  let a56 = in_vec2_f32_[local_id.x];
  let sin_of_vec2f32_57 = sin(a56);
  let a58 = in_f16_[local_id.x];
  let cos_of_f16_59 = cos(a58);
  let a60 = in_f32_[local_id.x];
  let cos_of_f32_61 = cos(a60);
  let a62 = in_vec2_f32_[local_id.x];
  let cos_of_vec2f32_63 = cos(a62);
  let a64 = in_f16_[local_id.x];
  let tan_of_f16_65 = tan(a64);
  let a66 = in_f32_[local_id.x];
  let tan_of_f32_67 = tan(a66);
  let a68 = in_vec2_f32_[local_id.x];
  let tan_of_vec2f32_69 = tan(a68);
  let a70 = in_f16_[local_id.x];
  let asin_of_f16_71 = asin(a70);
  let a72 = in_f32_[local_id.x];
  let asin_of_f32_73 = asin(a72);
  let a74 = in_vec2_f32_[local_id.x];
  let asin_of_vec2f32_75 = asin(a74);
  let a76 = in_f16_[local_id.x];
  let acos_of_f16_77 = acos(a76);
  let a78 = in_f32_[local_id.x];
  let acos_of_f32_79 = acos(a78);
  let a80 = in_vec2_f32_[local_id.x];
  let acos_of_vec2f32_81 = acos(a80);
  let a82 = in_f16_[local_id.x];
  let atan_of_f16_83 = atan(a82);
  let a84 = in_f32_[local_id.x];
  let atan_of_f32_85 = atan(a84);
  let a86 = in_vec2_f32_[local_id.x];
  let atan_of_vec2f32_87 = atan(a86);
  let a88 = in_f16_[local_id.x];
  let sinh_of_f16_89 = sinh(a88);
  let a90 = in_f32_[local_id.x];
  let sinh_of_f32_91 = sinh(a90);
  let a92 = in_vec2_f32_[local_id.x];
  let sinh_of_vec2f32_93 = sinh(a92);
  let a94 = in_f16_[local_id.x];
  let cosh_of_f16_95 = cosh(a94);
  let a96 = in_f32_[local_id.x];
  let cosh_of_f32_97 = cosh(a96);
  let a98 = in_vec2_f32_[local_id.x];
  let cosh_of_vec2f32_99 = cosh(a98);
  let a100 = in_f16_[local_id.x];
  let tanh_of_f16_101 = tanh(clamp(a100, f16(-10.0), f16(10.0)));
  let a102 = in_f32_[local_id.x];
  let tanh_of_f32_103 = tanh(clamp(a102, f32(-10.0), f32(10.0)));
  let a104 = in_vec2_f32_[local_id.x];
  let tanh_of_vec2f32_105 = tanh(clamp(a104, vec2<f32>(-10.0), vec2<f32>(10.0)));
  let a106 = in_f16_[local_id.x];
  let asinh_of_f16_107 = asinh(a106);
  let a108 = in_f32_[local_id.x];
  let asinh_of_f32_109 = asinh(a108);
  let a110 = in_vec2_f32_[local_id.x];
  let asinh_of_vec2f32_111 = asinh(a110);
  let a112 = in_f16_[local_id.x];
  let acosh_of_f16_113 = acosh(a112);
  let a114 = in_f32_[local_id.x];
  let acosh_of_f32_115 = acosh(a114);
  let a116 = in_vec2_f32_[local_id.x];
  let acosh_of_vec2f32_117 = acosh(a116);
  let a118 = in_f16_[local_id.x];
  let atanh_of_f16_119 = atanh(a118);
  let a120 = in_f32_[local_id.x];
  let atanh_of_f32_121 = atanh(a120);
  let a122 = in_vec2_f32_[local_id.x];
  let atanh_of_vec2f32_123 = atanh(a122);
  let a124 = in_f16_[local_id.x];
  let b125 = in_f16_[local_id.x];
  let atan2_of_f16_126 = f16(angle_f32(f32(a124), f32(b125)));
  let a127 = in_f32_[local_id.x];
  let b128 = in_f32_[local_id.x];
  let atan2_of_f32_129 = angle_f32(a127, b128);
  let a130 = in_vec2_f32_[local_id.x];
  let b131 = in_vec2_f32_[local_id.x];
  let atan2_of_vec2f32_132 = angle_f32x2(a130, b131);
  let a133 = in_f16_[local_id.x];
  let floor_of_f16_134 = floor(a133);
  let a135 = in_f32_[local_id.x];
  let floor_of_f32_136 = floor(a135);
  let a137 = in_vec2_f32_[local_id.x];
  let floor_of_vec2f32_138 = floor(a137);
  let a139 = in_f16_[local_id.x];
  let ceil_of_f16_140 = ceil(a139);
  let a141 = in_f32_[local_id.x];
  let ceil_of_f32_142 = ceil(a141);
  let a143 = in_vec2_f32_[local_id.x];
  let ceil_of_vec2f32_144 = ceil(a143);
  let a145 = in_f16_[local_id.x];
  let round_of_f16_146 = round(a145);
  let a147 = in_f32_[local_id.x];
  let round_of_f32_148 = round(a147);
  let a149 = in_vec2_f32_[local_id.x];
  let round_of_vec2f32_150 = round(a149);
  let a151 = in_f16_[local_id.x];
  let trunc_of_f16_152 = trunc(a151);
  let a153 = in_f32_[local_id.x];
  let trunc_of_f32_154 = trunc(a153);
  let a155 = in_vec2_f32_[local_id.x];
  let trunc_of_vec2f32_156 = trunc(a155);
  let a157 = in_f16_[local_id.x];
  let fract_of_f16_158 = a157 - floor(a157);
  let a159 = in_f32_[local_id.x];
  let fract_of_f32_160 = a159 - floor(a159);
  let a161 = in_vec2_f32_[local_id.x];
  let fract_of_vec2f32_162 = a161 - floor(a161);
  let a163 = in_f16_[local_id.x];
  let sign_of_f16_164 = f16(sign_of_f32(f32(a163)));
  let a165 = in_f32_[local_id.x];
  let sign_of_f32_166 = sign_of_f32(a165);
  let a167 = in_vec2_f32_[local_id.x];
  let sign_of_vec2f32_168 = sign_of_f32x2(a167);
  let a169 = in_f16_[local_id.x];
  let is_nan_of_f16_170 = is_nan_f32(f32(a169));
  let a171 = in_f32_[local_id.x];
  let is_nan_of_f32_172 = is_nan_f32(a171);
  let a173 = in_vec2_f32_[local_id.x];
  let is_nan_of_vec2f32_174 = is_nan_f32x2(a173);
  let a175 = in_f16_[local_id.x];
  let is_inf_of_f16_176 = is_inf_f32(f32(a175));
  let a177 = in_f32_[local_id.x];
  let is_inf_of_f32_178 = is_inf_f32(a177);
  let a179 = in_vec2_f32_[local_id.x];
  let is_inf_of_vec2f32_180 = is_inf_f32x2(a179);
  let a181 = in_f16_[local_id.x];
  let is_finite_of_f16_182 = is_finite_f32(f32(a181));
  let a183 = in_f32_[local_id.x];
  let is_finite_of_f32_184 = is_finite_f32(a183);
  let a185 = in_vec2_f32_[local_id.x];
  let is_finite_of_vec2f32_186 = is_finite_f32x2(a185);
}
