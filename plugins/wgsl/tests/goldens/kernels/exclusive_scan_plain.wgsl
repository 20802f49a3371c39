// Kernel exclusive_scan of program goldens, lowered by @sluice/wgsl.

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
  data_offset: u32,
  data_count: u32,
  out_offset: u32,
  out_count: u32,
  sums_offset: u32,
  sums_count: u32,
}
@group(0) @binding(0) var<uniform> launch: Launch;
@group(0) @binding(1) var<storage, read> data: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@group(0) @binding(3) var<storage, read_write> sums: array<u32>;
var<workgroup> shared_memory: array<u32, 256>;

@compute @workgroup_size(256, 1, 1)
fn exclusive_scan(
  @builtin(local_invocation_id) local_id: vec3<u32>,
  @builtin(workgroup_id) workgroup_id: vec3<u32>,
  @builtin(global_invocation_id) global_id: vec3<u32>,
) {
  let v = data[global_id.x];
  shared_memory[local_id.x] = v;
  workgroupBarrier();
  let v2 = local_id.x >= 1u;
  let v3 = local_id.x - 1u;
  let v4 = select(0u, shared_memory[v3], v3 < 256u);
  let v5 = select(0u, v4, v2);
  workgroupBarrier();
  let v6 = v + v5;
  shared_memory[local_id.x] = v6;
  workgroupBarrier();
  let v7 = local_id.x >= 2u;
  let v8 = local_id.x - 2u;
  let v9 = select(0u, shared_memory[v8], v8 < 256u);
  let v10 = select(0u, v9, v7);
  workgroupBarrier();
  let v11 = v6 + v10;
  shared_memory[local_id.x] = v11;
  workgroupBarrier();
  let v12 = local_id.x >= 4u;
  let v13 = local_id.x - 4u;
  let v14 = select(0u, shared_memory[v13], v13 < 256u);
  let v15 = select(0u, v14, v12);
  workgroupBarrier();
  let v16 = v11 + v15;
  shared_memory[local_id.x] = v16;
  workgroupBarrier();
  let v17 = local_id.x >= 8u;
  let v18 = local_id.x - 8u;
  let v19 = select(0u, shared_memory[v18], v18 < 256u);
  let v20 = select(0u, v19, v17);
  workgroupBarrier();
  let v21 = v16 + v20;
  shared_memory[local_id.x] = v21;
  workgroupBarrier();
  let v22 = local_id.x >= 16u;
  let v23 = local_id.x - 16u;
  let v24 = select(0u, shared_memory[v23], v23 < 256u);
  let v25 = select(0u, v24, v22);
  workgroupBarrier();
  let v26 = v21 + v25;
  shared_memory[local_id.x] = v26;
  workgroupBarrier();
  let v27 = local_id.x >= 32u;
  let v28 = local_id.x - 32u;
  let v29 = select(0u, shared_memory[v28], v28 < 256u);
  let v30 = select(0u, v29, v27);
  workgroupBarrier();
  let v31 = v26 + v30;
  shared_memory[local_id.x] = v31;
  workgroupBarrier();
  let v32 = local_id.x >= 64u;
  let v33 = local_id.x - 64u;
  let v34 = select(0u, shared_memory[v33], v33 < 256u);
  let v35 = select(0u, v34, v32);
  workgroupBarrier();
  let v36 = v31 + v35;
  shared_memory[local_id.x] = v36;
  workgroupBarrier();
  let v37 = local_id.x >= 128u;
  let v38 = local_id.x - 128u;
  let v39 = select(0u, shared_memory[v38], v38 < 256u);
  let v40 = select(0u, v39, v37);
  workgroupBarrier();
  let v41 = v36 + v40;
  shared_memory[local_id.x] = v41;
  workgroupBarrier();
  let v42 = v41 - v;
  out[global_id.x] = v42;
  let v43 = local_id.x == 255u;
  if (v43) {
    sums[workgroup_id.x] = v41;
  }
}
