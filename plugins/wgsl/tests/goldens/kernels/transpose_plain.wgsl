// Kernel transpose of program goldens, lowered by @sluice/wgsl.

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
  from_offset: u32,
  from_count: u32,
  to_offset: u32,
  to_count: u32,
  width: u32,
  height: u32,
}
@group(0) @binding(0) var<uniform> launch: Launch;
@group(0) @binding(1) var<storage, read> from_: array<f32>;
@group(0) @binding(2) var<storage, read_write> to: array<f32>;
var<workgroup> shared_memory: array<f32, 272>;

@compute @workgroup_size(16, 16, 1)
fn transpose_(
  @builtin(local_invocation_id) local_id: vec3<u32>,
  @builtin(workgroup_id) workgroup_id: vec3<u32>,
  @builtin(global_invocation_id) global_id: vec3<u32>,
) {
  let width = launch.width;
  let height = launch.height;
  let v = global_id.x < width;
  let v2 = global_id.y < height;
  let v3 = v & v2;
  if (v3) {
    let v4 = local_id.y * 17u;
    let v5 = v4 + local_id.x;
    let v6 = global_id.y * width;
    let v7 = v6 + global_id.x;
    let v8 = from_[v7];
    shared_memory[v5] = v8;
  }
  workgroupBarrier();
  let v9 = workgroup_id.y * 16u;
  let v10 = v9 + local_id.x;
  let v11 = workgroup_id.x * 16u;
  let v12 = v11 + local_id.y;
  let v13 = v10 < height;
  let v14 = v12 < width;
  let v15 = v13 & v14;
  if (v15) {
    let v16 = v12 * height;
    let v17 = v16 + v10;
    let v18 = local_id.x * 17u;
    let v19 = v18 + local_id.y;
    let v20 = shared_memory[v19];
    to[v17] = v20;
  }
}
