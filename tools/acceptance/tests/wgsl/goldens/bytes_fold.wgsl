// Kernel fold of program bytes, lowered by @sluice/wgsl.
// sha256 7c222d671abcf94f8e224ea004d6d52850b96e8a52560d45d46691721626bba1

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
  bins_offset: u32,
  bins_count: u32,
  total_offset: u32,
  total_count: u32,
}
@group(0) @binding(0) var<uniform> launch: Launch;
@group(0) @binding(1) var<storage, read_write> bins: array<u32>;
@group(0) @binding(2) var<storage, read_write> total: array<u32>;

@compute @workgroup_size(256, 1, 1)
fn fold(
  @builtin(workgroup_id) dispatch_id: vec3<u32>,
  @builtin(local_invocation_id) local_id: vec3<u32>,
) {
  let workgroup_id = launch.base + dispatch_id;
  let global_id = workgroup_id * vec3<u32>(256u, 1u, 1u) + local_id;
  let v = global_id.x < 2147483648u;
  let v2 = global_id.x << 1u;
  let v3 = select(4294967295u, v2, v);
  let v4 = global_id.x << 1u;
  let v5 = v4 | 1u;
  let v6 = select(4294967295u, v5, v);
  let v7 = select(0u, total[launch.total_offset + v3], v3 < launch.total_count);
  let v8 = select(0u, total[launch.total_offset + v6], v6 < launch.total_count);
  let v9 = select(0u, bins[launch.bins_offset + global_id.x], global_id.x < launch.bins_count);
  let v10 = v9 ^ v9;
  let v11 = v7 + v9;
  let v12 = v8 + v10;
  let v13 = v11 < v7;
  let v14 = u32(v13);
  let v15 = v12 + v14;
  let v16 = global_id.x < 2147483648u;
  let v17 = global_id.x << 1u;
  let v18 = select(4294967295u, v17, v16);
  let v19 = global_id.x << 1u;
  let v20 = v19 | 1u;
  let v21 = select(4294967295u, v20, v16);
  if (v18 < launch.total_count) {
    total[launch.total_offset + v18] = v11;
  }
  if (v21 < launch.total_count) {
    total[launch.total_offset + v21] = v15;
  }
  if (global_id.x < launch.bins_count) {
    bins[launch.bins_offset + global_id.x] = 0u;
  }
}
