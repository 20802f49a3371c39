// Kernel saxpy of program goldens, lowered by @sluice/wgsl.

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
  x_offset: u32,
  x_count: u32,
  y_offset: u32,
  y_count: u32,
  a: f32,
}
@group(0) @binding(0) var<uniform> launch: Launch;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256, 1, 1)
fn saxpy(
  @builtin(workgroup_id) dispatch_id: vec3<u32>,
  @builtin(local_invocation_id) local_id: vec3<u32>,
) {
  let a = launch.a;
  let workgroup_id = launch.base + dispatch_id;
  let global_id = workgroup_id * vec3<u32>(256u, 1u, 1u) + local_id;
  let v = global_id.x < launch.y_count;
  if (v) {
    let v2 = select(0.0f, x[launch.x_offset + global_id.x], global_id.x < launch.x_count);
    let v3 = y[launch.y_offset + global_id.x];
    let v4 = fma(a, v2, v3);
    y[launch.y_offset + global_id.x] = v4;
  }
}
