// Kernel sum of program goldens, lowered by @sluice/wgsl.

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
  data_offset: u32,
  data_count: u32,
  sums_offset: u32,
  sums_count: u32,
}
@group(0) @binding(0) var<uniform> launch: Launch;
@group(0) @binding(1) var<storage, read> data: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
var<workgroup> shared_memory: array<f32, 256>;

@compute @workgroup_size(256, 1, 1)
fn sum(
  @builtin(local_invocation_id) local_id: vec3<u32>,
  @builtin(workgroup_id) workgroup_id: vec3<u32>,
) {
  var carried = 0.0f;
  for (var i = 0u; i < 4u; i++) {
    let v = workgroup_id.x * 1024u;
    let v2 = i * 256u;
    let v3 = v + v2;
    let v4 = v3 + local_id.x;
    let v5 = data[v4];
    let v6 = carried + v5;
    carried = v6;
  }
  shared_memory[local_id.x] = carried;
  workgroupBarrier();
  var next = 128u;
  var current: u32;
  loop {
    let v7 = next > 0u;
    current = next;
    if (!v7) { break; }
    let v8 = local_id.x < current;
    if (v8) {
      let v9 = shared_memory[local_id.x];
      let v10 = local_id.x + current;
      let v11 = select(0.0f, shared_memory[v10], v10 < 256u);
      let v12 = v9 + v11;
      shared_memory[local_id.x] = v12;
    }
    workgroupBarrier();
    let v13 = current >> 1u;
    next = v13;
  }
  let v14 = local_id.x == current;
  if (v14) {
    let v15 = shared_memory[0u];
    sums[workgroup_id.x] = v15;
  }
}
