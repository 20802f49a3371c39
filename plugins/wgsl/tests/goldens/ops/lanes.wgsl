// Kernel lanes of program goldens, lowered by @sluice/wgsl.
enable subgroups;

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
  @builtin(subgroup_invocation_id) subgroup_lane: u32,
  @builtin(subgroup_size) subgroup_size: u32,
) {
  let workgroup_id = launch.base + dispatch_id;
  let global_id = workgroup_id * vec3<u32>(96u, 1u, 1u) + local_id;
  let lanes_there = countOneBits(subgroupBallot(true));
  let subgroup_lanes = lanes_there.x + lanes_there.y + lanes_there.z + lanes_there.w;
  let v = select(0.0f, data[launch.data_offset + global_id.x], global_id.x < launch.data_count);
  let v2 = select(0u, words[launch.words_offset + global_id.x], global_id.x < launch.words_count);
  let v3 = v2 > 3u;
  let v4 = subgroupBallot(v3);
  let v5 = v2 > 3u;
  let v6 = subgroupAll(v5);
  let v7 = v2 == 0u;
  let v8 = subgroupAny(v7);
  let v9 = v6 & v8;
  let asked = 3u;
  let is_there = asked < subgroup_lanes;
  let source_lane = select(0u, asked, is_there);
  let v10 = select(0u, subgroupShuffle(v2, source_lane), is_there);
  let asked2 = 1u;
  let is_there2 = (subgroup_lane ^ asked2) < subgroup_lanes;
  let source_lane2 = select(0u, subgroup_lane ^ asked2, is_there2);
  let v11 = select(0u, subgroupShuffle(v2, source_lane2), is_there2);
  let v12 = v10 + v11;
  let asked3 = 2u;
  let is_there3 = asked3 <= subgroup_lane;
  let source_lane3 = select(0u, subgroup_lane - asked3, is_there3);
  let v13 = select(0u, subgroupShuffle(v2, source_lane3), is_there3);
  let v14 = v12 + v13;
  let asked4 = 2u;
  let is_there4 = asked4 < subgroup_lanes - subgroup_lane;
  let source_lane4 = select(0u, subgroup_lane + asked4, is_there4);
  let v15 = select(0u, subgroupShuffle(v2, source_lane4), is_there4);
  let v16 = v14 + v15;
  let asked5 = 5u;
  let is_there5 = asked5 < subgroup_lanes;
  let source_lane5 = select(0u, asked5, is_there5);
  let v17 = select(0u, subgroupShuffle(v2, source_lane5), is_there5);
  let v18 = v16 + v17;
  var scan = v;
  for (var distance_ = 1u; distance_ < subgroup_size; distance_ <<= 1u) {
    let is_there6 = subgroup_lane >= distance_;
    let other = subgroupShuffle(scan, select(subgroup_lane, subgroup_lane - distance_, is_there6));
    scan = select(scan, min_of_f32(other, scan), is_there6);
  }
  let v19 = subgroupShuffle(scan, subgroup_lanes - 1u);
  let scan2 = subgroupInclusiveAdd(v);
  var scan3 = v2;
  for (var distance_2 = 1u; distance_2 < subgroup_size; distance_2 <<= 1u) {
    let is_there7 = subgroup_lane >= distance_2;
    let other2 = subgroupShuffle(scan3, select(subgroup_lane, subgroup_lane - distance_2, is_there7));
    scan3 = select(scan3, max(other2, scan3), is_there7);
  }
  let v20 = select(subgroupShuffle(scan3, select(0u, subgroup_lane - 1u, subgroup_lane > 0u)), 0u, subgroup_lane == 0u);
  let v21 = v19 + scan2;
  if (global_id.x < launch.data_count) {
    data[launch.data_offset + global_id.x] = v21;
  }
  let v22 = select(v18, v4.x, v9);
  let v23 = v22 + v20;
  let v24 = v23 + subgroup_lane;
  let v25 = v24 + subgroup_size;
  if (global_id.x < launch.words_count) {
    words[launch.words_offset + global_id.x] = v25;
  }
}
