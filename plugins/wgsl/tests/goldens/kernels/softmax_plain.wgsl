// Kernel softmax of program goldens, lowered by @sluice/wgsl.

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
  data_offset: u32,
  data_count: u32,
  out_offset: u32,
  out_count: u32,
  columns: u32,
}
@group(0) @binding(0) var<uniform> launch: Launch;
@group(0) @binding(1) var<storage, read> data: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
var<workgroup> shared_memory: array<f32, 256>;

fn rank_f32(a: f32) -> u32 {
  let bits = bitcast<i32>(a);
  return bitcast<u32>(bits ^ ((bits >> 31u) & 0x7fffffffi));
}

fn max_of_f32(a: f32, b: f32) -> f32 {
  return select(b, a, rank_f32(a) - 0x7f800001u > rank_f32(b) - 0x7f800001u);
}

@compute @workgroup_size(256, 1, 1)
fn softmax(
  @builtin(local_invocation_id) local_id: vec3<u32>,
  @builtin(workgroup_id) workgroup_id: vec3<u32>,
) {
  let columns = launch.columns;
  let v = workgroup_id.x * columns;
  var carried = (-3.4e+38f);
  var i = local_id.x;
  if (i < columns) {
    loop {
      {
        let v2 = v + i;
        let v3 = data[v2];
        let v4 = max_of_f32(carried, v3);
        carried = v4;
      }
      continuing {
        let rest = columns - i;
        i += 256u;
        break if rest <= 256u;
      }
    }
  }
  shared_memory[local_id.x] = carried;
  workgroupBarrier();
  let v5 = local_id.x < 128u;
  if (v5) {
    let v6 = shared_memory[local_id.x];
    let v7 = local_id.x + 128u;
    let v8 = shared_memory[v7];
    let v9 = max_of_f32(v6, v8);
    shared_memory[local_id.x] = v9;
  }
  workgroupBarrier();
  let v10 = local_id.x < 64u;
  if (v10) {
    let v11 = shared_memory[local_id.x];
    let v12 = local_id.x + 64u;
    let v13 = shared_memory[v12];
    let v14 = max_of_f32(v11, v13);
    shared_memory[local_id.x] = v14;
  }
  workgroupBarrier();
  let v15 = local_id.x < 32u;
  if (v15) {
    let v16 = shared_memory[local_id.x];
    let v17 = local_id.x + 32u;
    let v18 = shared_memory[v17];
    let v19 = max_of_f32(v16, v18);
    shared_memory[local_id.x] = v19;
  }
  workgroupBarrier();
  let v20 = local_id.x < 16u;
  if (v20) {
    let v21 = shared_memory[local_id.x];
    let v22 = local_id.x + 16u;
    let v23 = shared_memory[v22];
    let v24 = max_of_f32(v21, v23);
    shared_memory[local_id.x] = v24;
  }
  workgroupBarrier();
  let v25 = local_id.x < 8u;
  if (v25) {
    let v26 = shared_memory[local_id.x];
    let v27 = local_id.x + 8u;
    let v28 = shared_memory[v27];
    let v29 = max_of_f32(v26, v28);
    shared_memory[local_id.x] = v29;
  }
  workgroupBarrier();
  let v30 = local_id.x < 4u;
  if (v30) {
    let v31 = shared_memory[local_id.x];
    let v32 = local_id.x + 4u;
    let v33 = shared_memory[v32];
    let v34 = max_of_f32(v31, v33);
    shared_memory[local_id.x] = v34;
  }
  workgroupBarrier();
  let v35 = local_id.x < 2u;
  if (v35) {
    let v36 = shared_memory[local_id.x];
    let v37 = local_id.x + 2u;
    let v38 = shared_memory[v37];
    let v39 = max_of_f32(v36, v38);
    shared_memory[local_id.x] = v39;
  }
  workgroupBarrier();
  let v40 = local_id.x < 1u;
  if (v40) {
    let v41 = shared_memory[local_id.x];
    let v42 = local_id.x + 1u;
    let v43 = shared_memory[v42];
    let v44 = max_of_f32(v41, v43);
    shared_memory[local_id.x] = v44;
  }
  workgroupBarrier();
  let v45 = shared_memory[0u];
  workgroupBarrier();
  var carried2 = 0.0f;
  var i2 = local_id.x;
  if (i2 < columns) {
    loop {
      {
        let v46 = v + i2;
        let v47 = data[v46];
        let v48 = v47 - v45;
        let v49 = exp(v48);
        let v50 = carried2 + v49;
        carried2 = v50;
      }
      continuing {
        let rest2 = columns - i2;
        i2 += 256u;
        break if rest2 <= 256u;
      }
    }
  }
  shared_memory[local_id.x] = carried2;
  workgroupBarrier();
  let v51 = local_id.x < 128u;
  if (v51) {
    let v52 = shared_memory[local_id.x];
    let v53 = local_id.x + 128u;
    let v54 = shared_memory[v53];
    let v55 = v52 + v54;
    shared_memory[local_id.x] = v55;
  }
  workgroupBarrier();
  let v56 = local_id.x < 64u;
  if (v56) {
    let v57 = shared_memory[local_id.x];
    let v58 = local_id.x + 64u;
    let v59 = shared_memory[v58];
    let v60 = v57 + v59;
    shared_memory[local_id.x] = v60;
  }
  workgroupBarrier();
  let v61 = local_id.x < 32u;
  if (v61) {
    let v62 = shared_memory[local_id.x];
    let v63 = local_id.x + 32u;
    let v64 = shared_memory[v63];
    let v65 = v62 + v64;
    shared_memory[local_id.x] = v65;
  }
  workgroupBarrier();
  let v66 = local_id.x < 16u;
  if (v66) {
    let v67 = shared_memory[local_id.x];
    let v68 = local_id.x + 16u;
    let v69 = shared_memory[v68];
    let v70 = v67 + v69;
    shared_memory[local_id.x] = v70;
  }
  workgroupBarrier();
  let v71 = local_id.x < 8u;
  if (v71) {
    let v72 = shared_memory[local_id.x];
    let v73 = local_id.x + 8u;
    let v74 = shared_memory[v73];
    let v75 = v72 + v74;
    shared_memory[local_id.x] = v75;
  }
  workgroupBarrier();
  let v76 = local_id.x < 4u;
  if (v76) {
    let v77 = shared_memory[local_id.x];
    let v78 = local_id.x + 4u;
    let v79 = shared_memory[v78];
    let v80 = v77 + v79;
    shared_memory[local_id.x] = v80;
  }
  workgroupBarrier();
  let v81 = local_id.x < 2u;
  if (v81) {
    let v82 = shared_memory[local_id.x];
    let v83 = local_id.x + 2u;
    let v84 = shared_memory[v83];
    let v85 = v82 + v84;
    shared_memory[local_id.x] = v85;
  }
  workgroupBarrier();
  let v86 = local_id.x < 1u;
  if (v86) {
    let v87 = shared_memory[local_id.x];
    let v88 = local_id.x + 1u;
    let v89 = shared_memory[v88];
    let v90 = v87 + v89;
    shared_memory[local_id.x] = v90;
  }
  workgroupBarrier();
  let v91 = shared_memory[0u];
  workgroupBarrier();
  var i3 = local_id.x;
  if (i3 < columns) {
    loop {
      {
        let v92 = v + i3;
        let v93 = v + i3;
        let v94 = data[v93];
        let v95 = v94 - v45;
        let v96 = exp(v95);
        let v97 = v96 / v91;
        out[v92] = v97;
      }
      continuing {
        let rest3 = columns - i3;
        i3 += 256u;
        break if rest3 <= 256u;
      }
    }
  }
}
