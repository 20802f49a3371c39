// Kernel count of program bytes, lowered by @sluice/wgsl.
// sha256 7c222d671abcf94f8e224ea004d6d52850b96e8a52560d45d46691721626bba1

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
  data_offset: u32,
  data_count: u32,
  bins_offset: u32,
  bins_count: u32,
  data_length: u32,
}
@group(0) @binding(0) var<uniform> launch: Launch;
@group(0) @binding(1) var<storage, read> data: array<u32>;
@group(0) @binding(2) var<storage, read_write> bins: array<atomic<u32>>;

@compute @workgroup_size(64, 1, 1)
fn count(
  @builtin(workgroup_id) dispatch_id: vec3<u32>,
  @builtin(local_invocation_id) local_id: vec3<u32>,
) {
  let data_length = launch.data_length;
  let workgroup_id = launch.base + dispatch_id;
  let global_id = workgroup_id * vec3<u32>(64u, 1u, 1u) + local_id;
  let v = global_id.x * 16384u;
  let v2 = v + 16384u;
  let v3 = min(v2, data_length);
  for (var i = v; i < v3; i++) {
    let v4 = i < data_length;
    let v5 = i >> 2u;
    let v6 = select(4294967295u, v5, v4);
    let v7 = i & 3u;
    let v8 = v7 * 8u;
    let v9 = select(0u, data[launch.data_offset + v6], v6 < launch.data_count);
    let v10 = v9 >> (v8 & 31u);
    let v11 = v10 & 255u;
    if (v11 < launch.bins_count) {
      atomicAdd(&bins[launch.bins_offset + v11], 1u);
    }
  }
}
