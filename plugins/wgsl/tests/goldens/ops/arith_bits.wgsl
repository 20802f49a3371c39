// Kernel arith_bits of program goldens, lowered by @sluice/wgsl.

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
}
@group(0) @binding(0) var<uniform> launch: Launch;
var<workgroup> in_i32_: array<i32, 1>;
var<workgroup> in_vec2_i32_: array<vec2<i32>, 1>;
var<workgroup> in_u32_: array<u32, 1>;
var<workgroup> in_vec2_u32_: array<vec2<u32>, 1>;

fn rotate_left_i32(a: i32, count: u32) -> i32 {
  let bits = bitcast<u32>(a);
  let n = count & 31u;
  return bitcast<i32>((bits << n) | (bits >> ((32u - n) & 31u)));
}

fn rotate_left_i32x2(a: vec2<i32>, count: vec2<u32>) -> vec2<i32> {
  let bits = bitcast<vec2<u32>>(a);
  let n = count & vec2<u32>(31u);
  return bitcast<vec2<i32>>((bits << n) | (bits >> ((vec2<u32>(32u) - n) & vec2<u32>(31u))));
}

fn rotate_left_u32(a: u32, count: u32) -> u32 {
  let bits = bitcast<u32>(a);
  let n = count & 31u;
  return bitcast<u32>((bits << n) | (bits >> ((32u - n) & 31u)));
}

fn rotate_left_u32x2(a: vec2<u32>, count: vec2<u32>) -> vec2<u32> {
  let bits = bitcast<vec2<u32>>(a);
  let n = count & vec2<u32>(31u);
  return bitcast<vec2<u32>>((bits << n) | (bits >> ((vec2<u32>(32u) - n) & vec2<u32>(31u))));
}

fn rotate_right_i32(a: i32, count: u32) -> i32 {
  let bits = bitcast<u32>(a);
  let n = count & 31u;
  return bitcast<i32>((bits >> n) | (bits << ((32u - n) & 31u)));
}

fn rotate_right_i32x2(a: vec2<i32>, count: vec2<u32>) -> vec2<i32> {
  let bits = bitcast<vec2<u32>>(a);
  let n = count & vec2<u32>(31u);
  return bitcast<vec2<i32>>((bits >> n) | (bits << ((vec2<u32>(32u) - n) & vec2<u32>(31u))));
}

fn rotate_right_u32(a: u32, count: u32) -> u32 {
  let bits = bitcast<u32>(a);
  let n = count & 31u;
  return bitcast<u32>((bits >> n) | (bits << ((32u - n) & 31u)));
}

fn rotate_right_u32x2(a: vec2<u32>, count: vec2<u32>) -> vec2<u32> {
  let bits = bitcast<vec2<u32>>(a);
  let n = count & vec2<u32>(31u);
  return bitcast<vec2<u32>>((bits >> n) | (bits << ((vec2<u32>(32u) - n) & vec2<u32>(31u))));
}

fn swap_bytes_i32(a: i32) -> i32 {
  let bits = bitcast<u32>(a);
  let pairs = ((bits & 0xff00ffu) << 8u) | ((bits >> 8u) & 0xff00ffu);
  return bitcast<i32>((pairs << 16u) | (pairs >> 16u));
}

fn swap_bytes_i32x2(a: vec2<i32>) -> vec2<i32> {
  let bits = bitcast<vec2<u32>>(a);
  let pairs = ((bits & vec2<u32>(0xff00ffu)) << vec2<u32>(8u)) | ((bits >> vec2<u32>(8u)) & vec2<u32>(0xff00ffu));
  return bitcast<vec2<i32>>((pairs << vec2<u32>(16u)) | (pairs >> vec2<u32>(16u)));
}

fn swap_bytes_u32(a: u32) -> u32 {
  let bits = bitcast<u32>(a);
  let pairs = ((bits & 0xff00ffu) << 8u) | ((bits >> 8u) & 0xff00ffu);
  return bitcast<u32>((pairs << 16u) | (pairs >> 16u));
}

fn swap_bytes_u32x2(a: vec2<u32>) -> vec2<u32> {
  let bits = bitcast<vec2<u32>>(a);
  let pairs = ((bits & vec2<u32>(0xff00ffu)) << vec2<u32>(8u)) | ((bits >> vec2<u32>(8u)) & vec2<u32>(0xff00ffu));
  return bitcast<vec2<u32>>((pairs << vec2<u32>(16u)) | (pairs >> vec2<u32>(16u)));
}

@compute @workgroup_size(1, 1, 1)
fn arith_bits(
  @builtin(local_invocation_id) local_id: vec3<u32>,
) {
  let a1 = in_i32_[local_id.x];
  let b2 = in_i32_[local_id.x];
  let and_of_i32_3 = a1 & b2;
  let a4 = in_vec2_i32_[local_id.x];
  let b5 = in_vec2_i32_[local_id.x];
  let and_of_vec2i32_6 = a4 & b5;
  let a7 = in_u32_[local_id.x];
  let b8 = in_u32_[local_id.x];
  let and_of_u32_9 = a7 & b8;
  let a10 = in_vec2_u32_[local_id.x];
  let b11 = in_vec2_u32_[local_id.x];
  let and_of_vec2u32_12 = a10 & b11;
  let a13 = in_u32_[local_id.x];
  let a13b = bool(a13);
  let b14 = in_u32_[local_id.x];
  let b14b = bool(b14);
  let and_of_bool_15 = a13b & b14b;
  let a16 = in_vec2_u32_[local_id.x];
  let a16b = vec2<bool>(a16);
  let b17 = in_vec2_u32_[local_id.x];
  let b17b = vec2<bool>(b17);
  let and_of_vec2bool_18 = a16b & b17b;
  let a19 = in_i32_[local_id.x];
  let b20 = in_i32_[local_id.x];
  let or_of_i32_21 = a19 | b20;
  let a22 = in_vec2_i32_[local_id.x];
  let b23 = in_vec2_i32_[local_id.x];
  let or_of_vec2i32_24 = a22 | b23;
  let a25 = in_u32_[local_id.x];
  let b26 = in_u32_[local_id.x];
  let or_of_u32_27 = a25 | b26;
  let a28 = in_vec2_u32_[local_id.x];
  let b29 = in_vec2_u32_[local_id.x];
  let or_of_vec2u32_30 = a28 | b29;
  let a31 = in_u32_[local_id.x];
  let a31b = bool(a31);
  let b32 = in_u32_[local_id.x];
  let b32b = bool(b32);
  let or_of_bool_33 = a31b | b32b;
  let a34 = in_vec2_u32_[local_id.x];
  let a34b = vec2<bool>(a34);
  let b35 = in_vec2_u32_[local_id.x];
  let b35b = vec2<bool>(b35);
  let or_of_vec2bool_36 = a34b | b35b;
  let a37 = in_i32_[local_id.x];
  let b38 = in_i32_[local_id.x];
  let xor_of_i32_39 = a37 ^ b38;
  let a40 = in_vec2_i32_[local_id.x];
  let b41 = in_vec2_i32_[local_id.x];
  let xor_of_vec2i32_42 = a40 ^ b41;
  let a43 = in_u32_[local_id.x];
  let b44 = in_u32_[local_id.x];
  let xor_of_u32_45 = a43 ^ b44;
  let a46 = in_vec2_u32_[local_id.x];
  let b47 = in_vec2_u32_[local_id.x];
  let xor_of_vec2u32_48 = a46 ^ b47;
  let a49 = in_u32_[local_id.x];
  let a49b = bool(a49);
  let b50 = in_u32_[local_id.x];
  let b50b = bool(b50);
  let xor_of_bool_51 = a49b != b50b;
  let a52 = in_vec2_u32_[local_id.x];
  let a52b = vec2<bool>(a52);
  let b53 = in_vec2_u32_[local_id.x];
  let b53b = vec2<bool>(b53);
  let xor_of_vec2bool_54 = a52b != b53b;
  let a55 = in_i32_[local_id.x];
  let not_of_i32_56 = ~a55;
  let a57 = in_vec2_i32_[local_id.x];
  let not_of_vec2i32_58 = ~a57;
  let a59 = in_u32_[local_id.x];
  let not_of_u32_60 = ~a59;
  let a61 = in_vec2_u32_[local_id.x];
  let not_of_vec2u32_62 = ~a61;
  let a63 = in_u32_[local_id.x];
  let a63b = bool(a63);
  let not_of_bool_64 = !a63b;
  let a65 = in_vec2_u32_[local_id.x];
  let a65b = vec2<bool>(a65);
  let not_of_vec2bool_66 = !a65b;
  let a67 = in_i32_[local_id.x];
  let b68 = in_u32_[local_id.x];
  let shl_of_i32_69 = a67 << (b68 & 31u);
  let a70 = in_vec2_i32_[local_id.x];
  let b71 = in_vec2_u32_[local_id.x];
  let shl_of_vec2i32_72 = a70 << (b71 & vec2<u32>(31u));
  let a73 = in_u32_[local_id.x];
  let b74 = in_u32_[local_id.x];
  let shl_of_u32_75 = a73 << (b74 & 31u);
  let a76 = in_vec2_u32_[local_id.x];
  let b77 = in_vec2_u32_[local_id.x];
  let shl_of_vec2u32_78 = a76 << (b77 & vec2<u32>(31u));
  let a79 = in_i32_[local_id.x];
  let b80 = in_u32_[local_id.x];
  let shr_of_i32_81 = a79 >> (b80 & 31u);
  let a82 = in_vec2_i32_[local_id.x];
  let b83 = in_vec2_u32_[local_id.x];
  let shr_of_vec2i32_84 = a82 >> (b83 & vec2<u32>(31u));
  let a85 = in_u32_[local_id.x];
  let b86 = in_u32_[local_id.x];
  let shr_of_u32_87 = a85 >> (b86 & 31u);
  let a88 = in_vec2_u32_[local_id.x];
  let b89 = in_vec2_u32_[local_id.x];
  let shr_of_vec2u32_90 = a88 >> (b89 & vec2<u32>(31u));
  let a91 = in_i32_[local_id.x];
  let b92 = in_u32_[local_id.x];
  let rotl_of_i32_93 = rotate_left_i32(a91, b92);
  let a94 = in_vec2_i32_[local_id.x];
  let b95 = in_vec2_u32_[local_id.x];
  let rotl_of_vec2i32_96 = rotate_left_i32x2(a94, b95);
  let a97 = in_u32_[local_id.x];
  let b98 = in_u32_[local_id.x];
  let rotl_of_u32_99 = rotate_left_u32(a97, b98);
  let a100 = in_vec2_u32_[local_id.x];
  let b101 = in_vec2_u32_[local_id.x];
  let rotl_of_vec2u32_102 = rotate_left_u32x2(a100, b101);
  let a103 = in_i32_[local_id.x];
  let b104 = in_u32_[local_id.x];
  let rotr_of_i32_105 = rotate_right_i32(a103, b104);
  let a106 = in_vec2_i32_[local_id.x];
  let b107 = in_vec2_u32_[local_id.x];
  let rotr_of_vec2i32_108 = rotate_right_i32x2(a106, b107);
  let a109 = in_u32_[local_id.x];
  let b110 = in_u32_[local_id.x];
  let rotr_of_u32_111 = rotate_right_u32(a109, b110);
  let a112 = in_vec2_u32_[local_id.x];
  let b113 = in_vec2_u32_[local_id.x];
  let rotr_of_vec2u32_114 = rotate_right_u32x2(a112, b113);
  let a115 = in_i32_[local_id.x];
  let popcount_of_i32_116 = countOneBits(a115);
  let a117 = in_vec2_i32_[local_id.x];
  let popcount_of_vec2i32_118 = countOneBits(a117);
  let a119 = in_u32_[local_id.x];
  let popcount_of_u32_120 = countOneBits(a119);
  let a121 = in_vec2_u32_[local_id.x];
  let popcount_of_vec2u32_122 = countOneBits(a121);
  let a123 = in_i32_[local_id.x];
  let clz_of_i32_124 = countLeadingZeros(a123);
  let a125 = in_vec2_i32_[local_id.x];
  let clz_of_vec2i32_126 = countLeadingZeros(a125);
  let a127 = in_u32_[local_id.x];
  let clz_of_u32_128 = countLeadingZeros(a127);
  let a129 = in_vec2_u32_[local_id.x];
  let clz_of_vec2u32_130 = countLeadingZeros(a129);
  let a131 = in_i32_[local_id.x];
  let ctz_of_i32_132 = countTrailingZeros(a131);
  let a133 = in_vec2_i32_[local_id.x];
  let ctz_of_vec2i32_134 = countTrailingZeros(a133);
  let a135 = in_u32_[local_id.x];
  let ctz_of_u32_136 = countTrailingZeros(a135);
  let a137 = in_vec2_u32_[local_id.x];
  let ctz_of_vec2u32_138 = countTrailingZeros(a137);
  let a139 = in_i32_[local_id.x];
  let reverse_bits_of_i32_140 = reverseBits(a139);
  let a141 = in_vec2_i32_[local_id.x];
  let reverse_bits_of_vec2i32_142 = reverseBits(a141);
  let a143 = in_u32_[local_id.x];
  let reverse_bits_of_u32_144 = reverseBits(a143);
  let a145 = in_vec2_u32_[local_id.x];
  let reverse_bits_of_vec2u32_146 = reverseBits(a145);
  let a147 = in_i32_[local_id.x];
  let swap_bytes_of_i32_148 = swap_bytes_i32(a147);
  let a149 = in_vec2_i32_[local_id.x];
  let swap_bytes_of_vec2i32_150 = swap_bytes_i32x2(a149);
  let a151 = in_u32_[local_id.x];
  let swap_bytes_of_u32_152 = swap_bytes_u32(a151);
  let a153 = in_vec2_u32_[local_id.x];
  let swap_bytes_of_vec2u32_154 = swap_bytes_u32x2(a153);
}
