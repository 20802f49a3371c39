// Kernel lanes of program goldens, lowered by @sluice/wgsl.

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
  data_offset: u32,
  data_count: u32,
  words_offset: u32,
  words_count: u32,
}
@group(0) @binding(0) var<uniform> launch: Launch;
@group(0) @binding(1) var<storage, read_write> data: array<f32>;
@group(0) @binding(2) var<storage, read_write> words: array<u32>;
var<workgroup> subgroup_values: array<u32, 96>;

fn rank_f32(a: f32) -> u32 {
  let bits = bitcast<i32>(a);
  return bitcast<u32>(bits ^ ((bits >> 31u) & 0x7fffffffi));
}

fn min_of_f32(a: f32, b: f32) -> f32 {
  return select(b, a, rank_f32(a) - 0x807fffffu < rank_f32(b) - 0x807fffffu);
}

@compute @workgroup_size(96, 1, 1)
fn lanes(
  @builtin(workgroup_id) dispatch_id: vec3<u32>,
  @builtin(local_invocation_id) local_id: vec3<u32>,
  @builtin(local_invocation_index) local_index: u32,
) {
  let workgroup_id = launch.base + dispatch_id;
  let global_id = workgroup_id * vec3<u32>(96u, 1u, 1u) + local_id;
  let subgroup_lane = local_index % 32u;
  let subgroup_first = local_index - subgroup_lane;
  let subgroup_lanes = min(32u, 96u - subgroup_first);
  let v = select(0.0f, data[launch.data_offset + global_id.x], global_id.x < launch.data_count);
  let v2 = select(0u, words[launch.words_offset + global_id.x], global_id.x < launch.words_count);
  let v3 = v2 > 3u;
  subgroup_values[local_index] = select(0u, 1u, v3);
  workgroupBarrier();
  var over_lanes = 0u;
  for (var lane = 0u; lane < subgroup_lanes; lane++) {
    over_lanes = over_lanes | (select(0u, 1u, (subgroup_values[subgroup_first + lane] != 0u)) << lane);
  }
  let v4 = vec4<u32>(over_lanes, 0u, 0u, 0u);
  workgroupBarrier();
  let v5 = v2 > 3u;
  subgroup_values[local_index] = select(0u, 1u, v5);
  workgroupBarrier();
  var over_lanes2 = true;
  for (var lane2 = 0u; lane2 < subgroup_lanes; lane2++) {
    over_lanes2 = over_lanes2 & (subgroup_values[subgroup_first + lane2] != 0u);
  }
  workgroupBarrier();
  let v6 = v2 == 0u;
  subgroup_values[local_index] = select(0u, 1u, v6);
  workgroupBarrier();
  var over_lanes3 = false;
  for (var lane3 = 0u; lane3 < subgroup_lanes; lane3++) {
    over_lanes3 = over_lanes3 | (subgroup_values[subgroup_first + lane3] != 0u);
  }
  workgroupBarrier();
  let v7 = over_lanes2 & over_lanes3;
  subgroup_values[local_index] = v2;
  workgroupBarrier();
  let asked = 3u;
  let is_there = asked < subgroup_lanes;
  let source_lane = select(0u, asked, is_there);
  let v8 = select(0u, subgroup_values[subgroup_first + source_lane], is_there);
  workgroupBarrier();
  subgroup_values[local_index] = v2;
  workgroupBarrier();
  let asked2 = 1u;
  let is_there2 = (subgroup_lane ^ asked2) < subgroup_lanes;
  let source_lane2 = select(0u, subgroup_lane ^ asked2, is_there2);
  let v9 = select(0u, subgroup_values[subgroup_first + source_lane2], is_there2);
  workgroupBarrier();
  let v10 = v8 + v9;
  subgroup_values[local_index] = v2;
  workgroupBarrier();
  let asked3 = 2u;
  let is_there3 = asked3 <= subgroup_lane;
  let source_lane3 = select(0u, subgroup_lane - asked3, is_there3);
  let v11 = select(0u, subgroup_values[subgroup_first + source_lane3], is_there3);
  workgroupBarrier();
  let v12 = v10 + v11;
  subgroup_values[local_index] = v2;
  workgroupBarrier();
  let asked4 = 2u;
  let is_there4 = asked4 < subgroup_lanes - subgroup_lane;
  let source_lane4 = select(0u, subgroup_lane + asked4, is_there4);
  let v13 = select(0u, subgroup_values[subgroup_first + source_lane4], is_there4);
  workgroupBarrier();
  let v14 = v12 + v13;
  subgroup_values[local_index] = v2;
  workgroupBarrier();
  let asked5 = 5u;
  let is_there5 = asked5 < subgroup_lanes;
  let source_lane5 = select(0u, asked5, is_there5);
  let v15 = select(0u, subgroup_values[subgroup_first + source_lane5], is_there5);
  workgroupBarrier();
  let v16 = v14 + v15;
  subgroup_values[local_index] = bitcast<u32>(v);
  workgroupBarrier();
  var over_lanes4 = bitcast<f32>(subgroup_values[subgroup_first + 0u]);
  for (var lane4 = 1u; lane4 < subgroup_lanes; lane4++) {
    over_lanes4 = min_of_f32(over_lanes4, bitcast<f32>(subgroup_values[subgroup_first + lane4]));
  }
  workgroupBarrier();
  subgroup_values[local_index] = bitcast<u32>(v);
  workgroupBarrier();
  var over_lanes5 = bitcast<f32>(subgroup_values[subgroup_first + 0u]);
  for (var lane5 = 1u; lane5 < subgroup_lane + 1u; lane5++) {
    over_lanes5 = over_lanes5 + bitcast<f32>(subgroup_values[subgroup_first + lane5]);
  }
  workgroupBarrier();
  subgroup_values[local_index] = v2;
  workgroupBarrier();
  var over_lanes6 = subgroup_values[subgroup_first + 0u];
  for (var lane6 = 1u; lane6 < subgroup_lane; lane6++) {
    over_lanes6 = max(over_lanes6, subgroup_values[subgroup_first + lane6]);
  }
  let v17 = select(over_lanes6, 0u, subgroup_lane == 0u);
  workgroupBarrier();
  let v18 = over_lanes4 + over_lanes5;
  if (global_id.x < launch.data_count) {
    data[launch.data_offset + global_id.x] = v18;
  }
  let v19 = select(v16, v4.x, v7);
  let v20 = v19 + v17;
  let v21 = v20 + subgroup_lane;
  let v22 = v21 + 32u;
  if (global_id.x < launch.words_count) {
    words[launch.words_offset + global_id.x] = v22;
  }
}
