// Kernel arith_numbers of program goldens, lowered by @sluice/wgsl.
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

fn remainder_f32(a: f32, b: f32) -> f32 {
  return a - b * trunc(a / b);
}

fn remainder_f32x2(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
  return a - b * trunc(a / b);
}

fn rank_f32(a: f32) -> u32 {
  let bits = bitcast<i32>(a);
  return bitcast<u32>(bits ^ ((bits >> 31u) & 0x7fffffffi));
}

fn min_of_f32(a: f32, b: f32) -> f32 {
  return select(b, a, rank_f32(a) - 0x807fffffu < rank_f32(b) - 0x807fffffu);
}

fn rank_f32x2(a: vec2<f32>) -> vec2<u32> {
  let bits = bitcast<vec2<i32>>(a);
  return bitcast<vec2<u32>>(bits ^ ((bits >> vec2<u32>(31u)) & vec2<i32>(0x7fffffffi)));
}

fn min_of_f32x2(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
  return select(b, a, rank_f32x2(a) - vec2<u32>(0x807fffffu) < rank_f32x2(b) - vec2<u32>(0x807fffffu));
}

fn max_of_f32(a: f32, b: f32) -> f32 {
  return select(b, a, rank_f32(a) - 0x7f800001u > rank_f32(b) - 0x7f800001u);
}

fn max_of_f32x2(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
  return select(b, a, rank_f32x2(a) - vec2<u32>(0x7f800001u) > rank_f32x2(b) - vec2<u32>(0x7f800001u));
}

fn add_sat_signed_i32(a: i32, b: i32) -> i32 {
  let sum = a + b;
  return select(sum, (a >> 31u) ^ 0x7fffffffi, ((a ^ sum) & (b ^ sum)) < 0i);
}

fn add_sat_signed_i32x2(a: vec2<i32>, b: vec2<i32>) -> vec2<i32> {
  let sum = a + b;
  return select(sum, (a >> vec2<u32>(31u)) ^ vec2<i32>(0x7fffffffi), ((a ^ sum) & (b ^ sum)) < vec2<i32>(0i));
}

fn add_sat_unsigned_u32(a: u32, b: u32) -> u32 {
  return min(a, ~b) + b;
}

fn add_sat_unsigned_u32x2(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return min(a, ~b) + b;
}

fn sub_sat_signed_i32(a: i32, b: i32) -> i32 {
  let difference = a - b;
  return select(difference, (a >> 31u) ^ 0x7fffffffi, ((a ^ b) & (a ^ difference)) < 0i);
}

fn sub_sat_signed_i32x2(a: vec2<i32>, b: vec2<i32>) -> vec2<i32> {
  let difference = a - b;
  return select(difference, (a >> vec2<u32>(31u)) ^ vec2<i32>(0x7fffffffi), ((a ^ b) & (a ^ difference)) < vec2<i32>(0i));
}

fn sub_sat_unsigned_u32(a: u32, b: u32) -> u32 {
  return a - min(a, b);
}

fn sub_sat_unsigned_u32x2(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return a - min(a, b);
}

fn mul_high_unsigned_u32(a: u32, b: u32) -> u32 {
  let middle = (a >> 16u) * (b & 0xffffu) + (((a & 0xffffu) * (b & 0xffffu)) >> 16u);
  let rest = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (rest >> 16u);
}

fn mul_high_signed_i32(a: i32, b: i32) -> i32 {
  let high = mul_high_unsigned_u32(bitcast<u32>(a), bitcast<u32>(b));
  return bitcast<i32>(high) - select(0i, b, a < 0i) - select(0i, a, b < 0i);
}

fn mul_sat_signed_i32(a: i32, b: i32) -> i32 {
  let product = a * b;
  let fits = mul_high_signed_i32(a, b) == (product >> 31u);
  return select(((a ^ b) >> 31u) ^ 0x7fffffffi, product, fits);
}

fn mul_high_unsigned_u32x2(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let middle = (a >> vec2<u32>(16u)) * (b & vec2<u32>(0xffffu)) + (((a & vec2<u32>(0xffffu)) * (b & vec2<u32>(0xffffu))) >> vec2<u32>(16u));
  let rest = (a & vec2<u32>(0xffffu)) * (b >> vec2<u32>(16u)) + (middle & vec2<u32>(0xffffu));
  return (a >> vec2<u32>(16u)) * (b >> vec2<u32>(16u)) + (middle >> vec2<u32>(16u)) + (rest >> vec2<u32>(16u));
}

fn mul_high_signed_i32x2(a: vec2<i32>, b: vec2<i32>) -> vec2<i32> {
  let high = mul_high_unsigned_u32x2(bitcast<vec2<u32>>(a), bitcast<vec2<u32>>(b));
  return bitcast<vec2<i32>>(high) - select(vec2<i32>(0i), b, a < vec2<i32>(0i)) - select(vec2<i32>(0i), a, b < vec2<i32>(0i));
}

fn mul_sat_signed_i32x2(a: vec2<i32>, b: vec2<i32>) -> vec2<i32> {
  let product = a * b;
  let fits = mul_high_signed_i32x2(a, b) == (product >> vec2<u32>(31u));
  return select(((a ^ b) >> vec2<u32>(31u)) ^ vec2<i32>(0x7fffffffi), product, fits);
}

fn mul_sat_unsigned_u32(a: u32, b: u32) -> u32 {
  return select(a * b, 0xffffffffu, mul_high_unsigned_u32(a, b) != 0u);
}

fn mul_sat_unsigned_u32x2(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return select(a * b, vec2<u32>(0xffffffffu), mul_high_unsigned_u32x2(a, b) != vec2<u32>(0u));
}

@compute @workgroup_size(1, 1, 1)
fn arith_numbers(
  @builtin(local_invocation_id) local_id: vec3<u32>,
) {
  let a1 = in_i32_[local_id.x];
  let b2 = in_i32_[local_id.x];
  let add_of_i32_3 = a1 + b2;
  let a4 = in_vec2_i32_[local_id.x];
  let b5 = in_vec2_i32_[local_id.x];
  let add_of_vec2i32_6 = a4 + b5;
  let a7 = in_u32_[local_id.x];
  let b8 = in_u32_[local_id.x];
  let add_of_u32_9 = a7 + b8;
  let a10 = in_vec2_u32_[local_id.x];
  let b11 = in_vec2_u32_[local_id.x];
  let add_of_vec2u32_12 = a10 + b11;
  let a13 = in_f16_[local_id.x];
  let b14 = in_f16_[local_id.x];
  let add_of_f16_15 = a13 + b14;
  let a16 = in_f32_[local_id.x];
  let b17 = in_f32_[local_id.x];
  let add_of_f32_18 = a16 + b17;
  let a19 = in_vec2_f32_[local_id.x];
  let b20 = in_vec2_f32_[local_id.x];
  let add_of_vec2f32_21 = a19 + b20;
  let a22 = in_i32_[local_id.x];
  let b23 = in_i32_[local_id.x];
  let sub_of_i32_24 = a22 - b23;
  let a25 = in_vec2_i32_[local_id.x];
  let b26 = in_vec2_i32_[local_id.x];
  let sub_of_vec2i32_27 = a25 - b26;
  let a28 = in_u32_[local_id.x];
  let b29 = in_u32_[local_id.x];
  let sub_of_u32_30 = a28 - b29;
  let a31 = in_vec2_u32_[local_id.x];
  let b32 = in_vec2_u32_[local_id.x];
  let sub_of_vec2u32_33 = a31 - b32;
  let a34 = in_f16_[local_id.x];
  let b35 = in_f16_[local_id.x];
  let sub_of_f16_36 = a34 - b35;
  let a37 = in_f32_[local_id.x];
  let b38 = in_f32_[local_id.x];
  let sub_of_f32_39 = a37 - b38;
  let a40 = in_vec2_f32_[local_id.x];
  let b41 = in_vec2_f32_[local_id.x];
  let sub_of_vec2f32_42 = a40 - b41;
  let a43 = in_i32_[local_id.x];
  let b44 = in_i32_[local_id.x];
  let mul_of_i32_45 = a43 * b44;
  let a46 = in_vec2_i32_[local_id.x];
  let b47 = in_vec2_i32_[local_id.x];
  let mul_of_vec2i32_48 = a46 * b47;
  let a49 = in_u32_[local_id.x];
  let b50 = in_u32_[local_id.x];
  let mul_of_u32_51 = a49 * b50;
  let a52 = in_vec2_u32_[local_id.x];
  let b53 = in_vec2_u32_[local_id.x];
  let mul_of_vec2u32_54 = a52 * b53;
  let a55 = in_f16_[local_id.x];
  let b56 = in_f16_[local_id.x];
  let mul_of_f16_57 = a55 * b56;
  let a58 = in_f32_[local_id.x];
  let b59 = in_f32_[local_id.x];
  let mul_of_f32_60 = a58 * b59;
  let a61 = in_vec2_f32_[local_id.x];
  let b62 = in_vec2_f32_[local_id.x];
  let mul_of_vec2f32_63 = a61 * b62;
  let a64 = in_i32_[local_id.x];
  let b65 = in_i32_[local_id.x];
  let div_of_i32_66 = a64 / b65;
  let a67 = in_vec2_i32_[local_id.x];
  let b68 = in_vec2_i32_[local_id.x];
  let div_of_vec2i32_69 = a67 / b68;
  let a70 = in_u32_[local_id.x];
  let b71 = in_u32_[local_id.x];
  let div_of_u32_72 = a70 / b71;
  let a73 = in_vec2_u32_[local_id.x];
  let b74 = in_vec2_u32_[local_id.x];
  let div_of_vec2u32_75 = a73 / b74;
  let a76 = in_f16_[local_id.x];
  let b77 = in_f16_[local_id.x];
  let div_of_f16_78 = a76 / b77;
  let a79 = in_f32_[local_id.x];
  let b80 = in_f32_[local_id.x];
  let div_of_f32_81 = a79 / b80;
  let a82 = in_vec2_f32_[local_id.x];
  let b83 = in_vec2_f32_[local_id.x];
  let div_of_vec2f32_84 = a82 / b83;
  let a85 = in_i32_[local_id.x];
  let b86 = in_i32_[local_id.x];
  let rem_of_i32_87 = a85 % b86;
  let a88 = in_vec2_i32_[local_id.x];
  let b89 = in_vec2_i32_[local_id.x];
  let rem_of_vec2i32_90 = a88 % b89;
  let a91 = in_u32_[local_id.x];
  let b92 = in_u32_[local_id.x];
  let rem_of_u32_93 = a91 % b92;
  let a94 = in_vec2_u32_[local_id.x];
  let b95 = in_vec2_u32_[local_id.x];
  let rem_of_vec2u32_96 = a94 % b95;
  let a97 = in_f16_[local_id.x];
  let b98 = in_f16_[local_id.x];
  let rem_of_f16_99 = f16(remainder_f32(f32(a97), f32(b98)));
  let a100 = in_f32_[local_id.x];
  let b101 = in_f32_[local_id.x];
  let rem_of_f32_102 = remainder_f32(a100, b101);
  let a103 = in_vec2_f32_[local_id.x];
  let b104 = in_vec2_f32_[local_id.x];
  let rem_of_vec2f32_105 = remainder_f32x2(a103, b104);
  let a106 = in_i32_[local_id.x];
  let neg_of_i32_107 = -a106;
  let a108 = in_vec2_i32_[local_id.x];
  let neg_of_vec2i32_109 = -a108;
  let a110 = in_u32_[local_id.x];
  let neg_of_u32_111 = u32(0u) - a110;
  let a112 = in_vec2_u32_[local_id.x];
  let neg_of_vec2u32_113 = vec2<u32>(0u) - a112;
  let a114 = in_f16_[local_id.x];
  let neg_of_f16_115 = -a114;
  let a116 = in_f32_[local_id.x];
  let neg_of_f32_117 = -a116;
  let a118 = in_vec2_f32_[local_id.x];
  let neg_of_vec2f32_119 = -a118;
  let a120 = in_i32_[local_id.x];
  let abs_of_i32_121 = abs(a120);
  let a122 = in_vec2_i32_[local_id.x];
  let abs_of_vec2i32_123 = abs(a122);
  let a124 = in_u32_[local_id.x];
  let a126 = in_vec2_u32_[local_id.x];
  let a128 = in_f16_[local_id.x];
  let abs_of_f16_129 = abs(a128);
  let a130 = in_f32_[local_id.x];
  let abs_of_f32_131 = abs(a130);
  let a132 = in_vec2_f32_[local_id.x];
  let abs_of_vec2f32_133 = abs(a132);
  let a134 = in_i32_[local_id.x];
  let b135 = in_i32_[local_id.x];
  let min_of_i32_136 = min(a134, b135);
  let a137 = in_vec2_i32_[local_id.x];
  let b138 = in_vec2_i32_[local_id.x];
  let min_of_vec2i32_139 = min(a137, b138);
  let a140 = in_u32_[local_id.x];
  let b141 = in_u32_[local_id.x];
  let min_of_u32_142 = min(a140, b141);
  let a143 = in_vec2_u32_[local_id.x];
  let b144 = in_vec2_u32_[local_id.x];
  let min_of_vec2u32_145 = min(a143, b144);
  let a146 = in_f16_[local_id.x];
  let b147 = in_f16_[local_id.x];
  let min_of_f16_148 = f16(min_of_f32(f32(a146), f32(b147)));
  let a149 = in_f32_[local_id.x];
  let b150 = in_f32_[local_id.x];
  let min_of_f32_151 = min_of_f32(a149, b150);
  let a152 = in_vec2_f32_[local_id.x];
  let b153 = in_vec2_f32_[local_id.x];
  let min_of_vec2f32_154 = min_of_f32x2(a152, b153);
  let a155 = in_i32_[local_id.x];
  let b156 = in_i32_[local_id.x];
  let max_of_i32_157 = max(a155, b156);
  let a158 = in_vec2_i32_[local_id.x];
  let b159 = in_vec2_i32_[local_id.x];
  let max_of_vec2i32_160 = max(a158, b159);
  let a161 = in_u32_[local_id.x];
  let b162 = in_u32_[local_id.x];
  let max_of_u32_163 = max(a161, b162);
  let a164 = in_vec2_u32_[local_id.x];
  let b165 = in_vec2_u32_[local_id.x];
  let max_of_vec2u32_166 = max(a164, b165);
  let a167 = in_f16_[local_id.x];
  let b168 = in_f16_[local_id.x];
  let max_of_f16_169 = f16(max_of_f32(f32(a167), f32(b168)));
  let a170 = in_f32_[local_id.x];
  let b171 = in_f32_[local_id.x];
  let max_of_f32_172 = max_of_f32(a170, b171);
  let a173 = in_vec2_f32_[local_id.x];
  let b174 = in_vec2_f32_[local_id.x];
  let max_of_vec2f32_175 = max_of_f32x2(a173, b174);
  let a176 = in_i32_[local_id.x];
  let b177 = in_i32_[local_id.x];
  let abs_diff_of_i32_178 = select(b177 - a176, a176 - b177, a176 > b177);
  let a179 = in_vec2_i32_[local_id.x];
  let b180 = in_vec2_i32_[local_id.x];
  let abs_diff_of_vec2i32_181 = select(b180 - a179, a179 - b180, a179 > b180);
  let a182 = in_u32_[local_id.x];
  let b183 = in_u32_[local_id.x];
  let abs_diff_of_u32_184 = select(b183 - a182, a182 - b183, a182 > b183);
  let a185 = in_vec2_u32_[local_id.x];
  let b186 = in_vec2_u32_[local_id.x];
  let abs_diff_of_vec2u32_187 = select(b186 - a185, a185 - b186, a185 > b186);
  let a188 = in_f16_[local_id.x];
  let b189 = in_f16_[local_id.x];
  let abs_diff_of_f16_190 = abs(a188 - b189);
  let a191 = in_f32_[local_id.x];
  let b192 = in_f32_[local_id.x];
  let abs_diff_of_f32_193 = abs(a191 - b192);
  let a194 = in_vec2_f32_[local_id.x];
  let b195 = in_vec2_f32_[local_id.x];
  let abs_diff_of_vec2f32_196 = abs(a194 - b195);
  let a197 = in_i32_[local_id.x];
  let b198 = in_i32_[local_id.x];
  let add_sat_of_i32_199 = add_sat_signed_i32(a197, b198);
  let a200 = in_vec2_i32_[local_id.x];
  let b201 = in_vec2_i32_[local_id.x];
  let add_sat_of_vec2i32_202 = add_sat_signed_i32x2(a200, b201);
  let a203 = in_u32_[local_id.x];
  let b204 = in_u32_[local_id.x];
  let add_sat_of_u32_205 = add_sat_unsigned_u32(a203, b204);
  let a206 = in_vec2_u32_[local_id.x];
  let b207 = in_vec2_u32_[local_id.x];
  let add_sat_of_vec2u32_208 = add_sat_unsigned_u32x2(a206, b207);
  let a209 = in_i32_[local_id.x];
  let b210 = in_i32_[local_id.x];
  let sub_sat_of_i32_211 = sub_sat_signed_i32(a209, b210);
  let a212 = in_vec2_i32_[local_id.x];
  let b213 = in_vec2_i32_[local_id.x];
  let sub_sat_of_vec2i32_214 = sub_sat_signed_i32x2(a212, b213);
  let a215 = in_u32_[local_id.x];
  let b216 = in_u32_[local_id.x];
  let sub_sat_of_u32_217 = sub_sat_unsigned_u32(a215, b216);
  let a218 = in_vec2_u32_[local_id.x];
  let b219 = in_vec2_u32_[local_id.x];
  let sub_sat_of_vec2u32_220 = sub_sat_unsigned_u32x2(a218, b219);
  let a221 = in_i32_[local_id.x];
  let b222 = in_i32_[local_id.x];
  let mul_sat_of_i32_223 = mul_sat_signed_i32(a221, b222);
  let a224 = in_vec2_i32_[local_id.x];
  let b225 = in_vec2_i32_[local_id.x];
  let mul_sat_of_vec2i32_226 = mul_sat_signed_i32x2(a224, b225);
  let a227 = in_u32_[local_id.x];
  let b228 = in_u32_[local_id.x];
  let mul_sat_of_u32_229 = mul_sat_unsigned_u32(a227, b228);
  let a230 = in_vec2_u32_[local_id.x];
  let b231 = in_vec2_u32_[local_id.x];
  let mul_sat_of_vec2u32_232 = mul_sat_unsigned_u32x2(a230, b231);
  let a233 = in_i32_[local_id.x];
  let b234 = in_i32_[local_id.x];
  let mul_high_of_i32_235 = mul_high_signed_i32(a233, b234);
  let a236 = in_vec2_i32_[local_id.x];
  let b237 = in_vec2_i32_[local_id.x];
  let mul_high_of_vec2i32_238 = mul_high_signed_i32x2(a236, b237);
  let a239 = in_u32_[local_id.x];
  let b240 = in_u32_[local_id.x];
  let mul_high_of_u32_241 = mul_high_unsigned_u32(a239, b240);
  let a242 = in_vec2_u32_[local_id.x];
  let b243 = in_vec2_u32_[local_id.x];
  let mul_high_of_vec2u32_244 = mul_high_unsigned_u32x2(a242, b243);
  let a245 = in_f16_[local_id.x];
  let b246 = in_f16_[local_id.x];
  let c247 = in_f16_[local_id.x];
  let fma_of_f16_248 = fma(a245, b246, c247);
  let a249 = in_f32_[local_id.x];
  let b250 = in_f32_[local_id.x];
  let c251 = in_f32_[local_id.x];
  let fma_of_f32_252 = fma(a249, b250, c251);
  let a253 = in_vec2_f32_[local_id.x];
  let b254 = in_vec2_f32_[local_id.x];
  let c255 = in_vec2_f32_[local_id.x];
  let fma_of_vec2f32_256 = fma(a253, b254, c255);
}
