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
  @builtin(global_invocation_id) global_id: vec3<u32>,
) {
  let a = launch.a;
  let v = global_id.x < launch.y_count;
  if (v) {
    let v2 = x[global_id.x];
    let v3 = y[global_id.x];
    let v4 = fma(a, v2, v3);
    y[global_id.x] = v4;
  }
}
