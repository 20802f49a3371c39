// Kernel matmul of program goldens, lowered by @sluice/wgsl.

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
  a_offset: u32,
  a_count: u32,
  b_offset: u32,
  b_count: u32,
  c_offset: u32,
  c_count: u32,
  n: u32,
}
@group(0) @binding(0) var<uniform> launch: Launch;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;
var<workgroup> shared_memory: array<f32, 256>;
var<workgroup> shared_memory2: array<f32, 256>;

@compute @workgroup_size(16, 16, 1)
fn matmul(
  @builtin(local_invocation_id) local_id: vec3<u32>,
  @builtin(global_invocation_id) global_id: vec3<u32>,
) {
  let n = launch.n;
  let v = local_id.y * 16u;
  let v2 = v + local_id.x;
  let v3 = n + 15u;
  let v4 = v3 / 16u;
  var carried = 0.0f;
  for (var i = 0u; i < v4; i++) {
    let v5 = i * 16u;
    let v6 = v5 + local_id.x;
    let v7 = i * 16u;
    let v8 = v7 + local_id.y;
    let v9 = v6 < n;
    let v10 = global_id.y < n;
    let v11 = v9 & v10;
    let v12 = global_id.y * n;
    let v13 = v12 + v6;
    let v14 = a[v13];
    let v15 = select(0.0f, v14, v11);
    shared_memory[v2] = v15;
    let v16 = v8 < n;
    let v17 = global_id.x < n;
    let v18 = v16 & v17;
    let v19 = v8 * n;
    let v20 = v19 + global_id.x;
    let v21 = b[v20];
    let v22 = select(0.0f, v21, v18);
    shared_memory2[v2] = v22;
    workgroupBarrier();
    var carried2 = carried;
    for (var i2 = 0u; i2 < 16u; i2++) {
      let v23 = local_id.y * 16u;
      let v24 = v23 + i2;
      let v25 = shared_memory[v24];
      let v26 = i2 * 16u;
      let v27 = v26 + local_id.x;
      let v28 = shared_memory2[v27];
      let v29 = fma(v25, v28, carried2);
      carried2 = v29;
    }
    workgroupBarrier();
    carried = carried2;
  }
  let v30 = global_id.x < n;
  let v31 = global_id.y < n;
  let v32 = v30 & v31;
  if (v32) {
    let v33 = global_id.y * n;
    let v34 = v33 + global_id.x;
    c[v34] = carried;
  }
}
