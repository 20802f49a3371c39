// Kernel table of program bytes, lowered by @sluice/wgsl.
// sha256 7c222d671abcf94f8e224ea004d6d52850b96e8a52560d45d46691721626bba1

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
  t_offset: u32,
  t_count: u32,
}
@group(0) @binding(0) var<uniform> launch: Launch;
@group(0) @binding(1) var<storage, read_write> t: array<u32>;

@compute @workgroup_size(256, 1, 1)
fn table(
  @builtin(workgroup_id) dispatch_id: vec3<u32>,
  @builtin(local_invocation_id) local_id: vec3<u32>,
) {
  let workgroup_id = launch.base + dispatch_id;
  let global_id = workgroup_id * vec3<u32>(256u, 1u, 1u) + local_id;
  var carried = global_id.x;
  for (var i = 0u; i < 8u; i++) {
    let v = carried & 1u;
    let v2 = v != 0u;
    let v3 = carried >> 1u;
    let v4 = v3 ^ 3988292384u;
    let v5 = select(v3, v4, v2);
    carried = v5;
  }
  if (global_id.x < launch.t_count) {
    t[launch.t_offset + global_id.x] = carried;
  }
}
