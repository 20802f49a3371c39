// Kernel arith_compare of program goldens, lowered by @sluice/wgsl.
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

fn order_f32(a: f32) -> u32 {
  let bits = bitcast<i32>(a);
  return bitcast<u32>(select(bits, i32(i32(-2147483648)) - bits, bits < 0i)) + 0x7f800000u;
}

fn equal_f32(a: f32, b: f32) -> bool {
  let at = order_f32(a);
  return (at == order_f32(b)) & (at <= 0xff000000u);
}

fn order_f32x2(a: vec2<f32>) -> vec2<u32> {
  let bits = bitcast<vec2<i32>>(a);
  return bitcast<vec2<u32>>(select(bits, vec2<i32>(i32(-2147483648)) - bits, bits < vec2<i32>(0i))) + vec2<u32>(0x7f800000u);
}

fn equal_f32x2(a: vec2<f32>, b: vec2<f32>) -> vec2<bool> {
  let at = order_f32x2(a);
  return (at == order_f32x2(b)) & (at <= vec2<u32>(0xff000000u));
}

fn less_f32(a: f32, b: f32) -> bool {
  let most = order_f32(b);
  return (order_f32(a) < most) & (most <= 0xff000000u);
}

fn less_f32x2(a: vec2<f32>, b: vec2<f32>) -> vec2<bool> {
  let most = order_f32x2(b);
  return (order_f32x2(a) < most) & (most <= vec2<u32>(0xff000000u));
}

fn less_equal_f32(a: f32, b: f32) -> bool {
  let most = order_f32(b);
  return (order_f32(a) <= most) & (most <= 0xff000000u);
}

fn less_equal_f32x2(a: vec2<f32>, b: vec2<f32>) -> vec2<bool> {
  let most = order_f32x2(b);
  return (order_f32x2(a) <= most) & (most <= vec2<u32>(0xff000000u));
}

@compute @workgroup_size(1, 1, 1)
fn arith_compare(
  @builtin(local_invocation_id) local_id: vec3<u32>,
) {
  let a1 = in_i32_[local_id.x];
  let b2 = in_i32_[local_id.x];
  let eq_of_i32_3 = a1 == b2;
  let a4 = in_vec2_i32_[local_id.x];
  let b5 = in_vec2_i32_[local_id.x];
  let eq_of_vec2i32_6 = a4 == b5;
  let a7 = in_u32_[local_id.x];
  let b8 = in_u32_[local_id.x];
  let eq_of_u32_9 = a7 == b8;
  let a10 = in_vec2_u32_[local_id.x];
  let b11 = in_vec2_u32_[local_id.x];
  let eq_of_vec2u32_12 = a10 == b11;
  let a13 = in_f16_[local_id.x];
  let b14 = in_f16_[local_id.x];
  let eq_of_f16_15 = equal_f32(f32(a13), f32(b14));
  let a16 = in_f32_[local_id.x];
  let b17 = in_f32_[local_id.x];
  let eq_of_f32_18 = equal_f32(a16, b17);
  let a19 = in_vec2_f32_[local_id.x];
  let b20 = in_vec2_f32_[local_id.x];
  let eq_of_vec2f32_21 = equal_f32x2(a19, b20);
  let a22 = in_u32_[local_id.x];
  let a22b = bool(a22);
  let b23 = in_u32_[local_id.x];
  let b23b = bool(b23);
  let eq_of_bool_24 = a22b == b23b;
  let a25 = in_vec2_u32_[local_id.x];
  let a25b = vec2<bool>(a25);
  let b26 = in_vec2_u32_[local_id.x];
  let b26b = vec2<bool>(b26);
  let eq_of_vec2bool_27 = a25b == b26b;
  let a28 = in_i32_[local_id.x];
  let b29 = in_i32_[local_id.x];
  let ne_of_i32_30 = a28 != b29;
  let a31 = in_vec2_i32_[local_id.x];
  let b32 = in_vec2_i32_[local_id.x];
  let ne_of_vec2i32_33 = a31 != b32;
  let a34 = in_u32_[local_id.x];
  let b35 = in_u32_[local_id.x];
  let ne_of_u32_36 = a34 != b35;
  let a37 = in_vec2_u32_[local_id.x];
  let b38 = in_vec2_u32_[local_id.x];
  let ne_of_vec2u32_39 = a37 != b38;
  let a40 = in_f16_[local_id.x];
  let b41 = in_f16_[local_id.x];
  let ne_of_f16_42 = !equal_f32(f32(a40), f32(b41));
  let a43 = in_f32_[local_id.x];
  let b44 = in_f32_[local_id.x];
  let ne_of_f32_45 = !equal_f32(a43, b44);
  let a46 = in_vec2_f32_[local_id.x];
  let b47 = in_vec2_f32_[local_id.x];
  let ne_of_vec2f32_48 = !equal_f32x2(a46, b47);
  let a49 = in_u32_[local_id.x];
  let a49b = bool(a49);
  let b50 = in_u32_[local_id.x];
  let b50b = bool(b50);
  let ne_of_bool_51 = a49b != b50b;
  let a52 = in_vec2_u32_[local_id.x];
  let a52b = vec2<bool>(a52);
  let b53 = in_vec2_u32_[local_id.x];
  let b53b = vec2<bool>(b53);
  let ne_of_vec2bool_54 = a52b != b53b;
  let a55 = in_i32_[local_id.x];
  let b56 = in_i32_[local_id.x];
  let lt_of_i32_57 = a55 < b56;
  let a58 = in_vec2_i32_[local_id.x];
  let b59 = in_vec2_i32_[local_id.x];
  let lt_of_vec2i32_60 = a58 < b59;
  let a61 = in_u32_[local_id.x];
  let b62 = in_u32_[local_id.x];
  let lt_of_u32_63 = a61 < b62;
  let a64 = in_vec2_u32_[local_id.x];
  let b65 = in_vec2_u32_[local_id.x];
  let lt_of_vec2u32_66 = a64 < b65;
  let a67 = in_f16_[local_id.x];
  let b68 = in_f16_[local_id.x];
  let lt_of_f16_69 = less_f32(f32(a67), f32(b68));
  let a70 = in_f32_[local_id.x];
  let b71 = in_f32_[local_id.x];
  let lt_of_f32_72 = less_f32(a70, b71);
  let a73 = in_vec2_f32_[local_id.x];
  let b74 = in_vec2_f32_[local_id.x];
  let lt_of_vec2f32_75 = less_f32x2(a73, b74);
  let a76 = in_i32_[local_id.x];
  let b77 = in_i32_[local_id.x];
  let le_of_i32_78 = a76 <= b77;
  let a79 = in_vec2_i32_[local_id.x];
  let b80 = in_vec2_i32_[local_id.x];
  let le_of_vec2i32_81 = a79 <= b80;
  let a82 = in_u32_[local_id.x];
  let b83 = in_u32_[local_id.x];
  let le_of_u32_84 = a82 <= b83;
  let a85 = in_vec2_u32_[local_id.x];
  let b86 = in_vec2_u32_[local_id.x];
  let le_of_vec2u32_87 = a85 <= b86;
  let a88 = in_f16_[local_id.x];
  let b89 = in_f16_[local_id.x];
  let le_of_f16_90 = less_equal_f32(f32(a88), f32(b89));
  let a91 = in_f32_[local_id.x];
  let b92 = in_f32_[local_id.x];
  let le_of_f32_93 = less_equal_f32(a91, b92);
  let a94 = in_vec2_f32_[local_id.x];
  let b95 = in_vec2_f32_[local_id.x];
  let le_of_vec2f32_96 = less_equal_f32x2(a94, b95);
  let a97 = in_i32_[local_id.x];
  let b98 = in_i32_[local_id.x];
  let gt_of_i32_99 = a97 > b98;
  let a100 = in_vec2_i32_[local_id.x];
  let b101 = in_vec2_i32_[local_id.x];
  let gt_of_vec2i32_102 = a100 > b101;
  let a103 = in_u32_[local_id.x];
  let b104 = in_u32_[local_id.x];
  let gt_of_u32_105 = a103 > b104;
  let a106 = in_vec2_u32_[local_id.x];
  let b107 = in_vec2_u32_[local_id.x];
  let gt_of_vec2u32_108 = a106 > b107;
  let a109 = in_f16_[local_id.x];
  let b110 = in_f16_[local_id.x];
  let gt_of_f16_111 = less_f32(f32(b110), f32(a109));
  let a112 = in_f32_[local_id.x];
  let b113 = in_f32_[local_id.x];
  let gt_of_f32_114 = less_f32(b113, a112);
  let a115 = in_vec2_f32_[local_id.x];
  let b116 = in_vec2_f32_[local_id.x];
  let gt_of_vec2f32_117 = less_f32x2(b116, a115);
  let a118 = in_i32_[local_id.x];
  let b119 = in_i32_[local_id.x];
  let ge_of_i32_120 = a118 >= b119;
  let a121 = in_vec2_i32_[local_id.x];
  let b122 = in_vec2_i32_[local_id.x];
  let ge_of_vec2i32_123 = a121 >= b122;
  let a124 = in_u32_[local_id.x];
  let b125 = in_u32_[local_id.x];
  let ge_of_u32_126 = a124 >= b125;
  let a127 = in_vec2_u32_[local_id.x];
  let b128 = in_vec2_u32_[local_id.x];
  let ge_of_vec2u32_129 = a127 >= b128;
  let a130 = in_f16_[local_id.x];
  let b131 = in_f16_[local_id.x];
  let ge_of_f16_132 = less_equal_f32(f32(b131), f32(a130));
  let a133 = in_f32_[local_id.x];
  let b134 = in_f32_[local_id.x];
  let ge_of_f32_135 = less_equal_f32(b134, a133);
  let a136 = in_vec2_f32_[local_id.x];
  let b137 = in_vec2_f32_[local_id.x];
  let ge_of_vec2f32_138 = less_equal_f32x2(b137, a136);
  let a139 = in_u32_[local_id.x];
  let a139b = bool(a139);
  let b140 = in_i32_[local_id.x];
  let c141 = in_i32_[local_id.x];
  let select_of_bool_142 = select(c141, b140, a139b);
  let a143 = in_vec2_u32_[local_id.x];
  let a143b = vec2<bool>(a143);
  let b144 = in_vec2_i32_[local_id.x];
  let c145 = in_vec2_i32_[local_id.x];
  let select_of_vec2bool_146 = select(c145, b144, a143b);
  let a147 = in_u32_[local_id.x];
  let a147b = bool(a147);
  let b148 = in_u32_[local_id.x];
  let c149 = in_u32_[local_id.x];
  let select_of_bool_150 = select(c149, b148, a147b);
  let a151 = in_vec2_u32_[local_id.x];
  let a151b = vec2<bool>(a151);
  let b152 = in_vec2_u32_[local_id.x];
  let c153 = in_vec2_u32_[local_id.x];
  let select_of_vec2bool_154 = select(c153, b152, a151b);
  let a155 = in_u32_[local_id.x];
  let a155b = bool(a155);
  let b156 = in_f16_[local_id.x];
  let c157 = in_f16_[local_id.x];
  let select_of_bool_158 = select(c157, b156, a155b);
  let a159 = in_u32_[local_id.x];
  let a159b = bool(a159);
  let b160 = in_f32_[local_id.x];
  let c161 = in_f32_[local_id.x];
  let select_of_bool_162 = select(c161, b160, a159b);
  let a163 = in_vec2_u32_[local_id.x];
  let a163b = vec2<bool>(a163);
  let b164 = in_vec2_f32_[local_id.x];
  let c165 = in_vec2_f32_[local_id.x];
  let select_of_vec2bool_166 = select(c165, b164, a163b);
  let a167 = in_u32_[local_id.x];
  let a167b = bool(a167);
  let b168 = in_u32_[local_id.x];
  let b168b = bool(b168);
  let c169 = in_u32_[local_id.x];
  let c169b = bool(c169);
  let select_of_bool_170 = select(c169b, b168b, a167b);
  let a171 = in_vec2_u32_[local_id.x];
  let a171b = vec2<bool>(a171);
  let b172 = in_vec2_u32_[local_id.x];
  let b172b = vec2<bool>(b172);
  let c173 = in_vec2_u32_[local_id.x];
  let c173b = vec2<bool>(c173);
  let select_of_vec2bool_174 = select(c173b, b172b, a171b);
}
