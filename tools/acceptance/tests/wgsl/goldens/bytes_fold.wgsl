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
@group(0) @binding(2) var<storage, read_write> total: array<vec2<u32>>;

@compute @workgroup_size(256, 1, 1)
fn fold(
  @builtin(workgroup_id) dispatch_id: vec3<u32>,
  @builtin(local_invocation_id) local_id: vec3<u32>,
) {
  let workgroup_id = launch.base + dispatch_id;
  let global_id = workgroup_id * vec3<u32>(256u, 1u, 1u) + local_id;
  let v = select(vec2<u32>(), total[launch.total_offset + global_id.x], global_id.x < launch.total_count);
  let v2 = select(0u, bins[launch.bins_offset + global_id.x], global_id.x < launch.bins_count);
  let v3 = v2 ^ v2;
  let v4 = v.x + v2;
  let v5 = v.y + v3;
  let v6 = v4 < v.x;
  let v7 = u32(v6);
  let v8 = v5 + v7;
  let v9 = vec2<u32>(v4, v8);
  if (global_id.x < launch.total_count) {
    total[launch.total_offset + global_id.x] = v9;
  }
  if (global_id.x < launch.bins_count) {
    bins[launch.bins_offset + global_id.x] = 0u;
  }
}
