// Kernel crc of program bytes, lowered by @sluice/wgsl.
// sha256 7c222d671abcf94f8e224ea004d6d52850b96e8a52560d45d46691721626bba1

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
  data_offset: u32,
  data_count: u32,
  t_offset: u32,
  t_count: u32,
  acc_offset: u32,
  acc_count: u32,
  after_lo: u32,
  after_hi: u32,
  data_length: u32,
}
@group(0) @binding(0) var<uniform> launch: Launch;
@group(0) @binding(1) var<storage, read> data: array<u32>;
@group(0) @binding(2) var<storage, read> t: array<u32>;
@group(0) @binding(3) var<storage, read_write> acc: array<atomic<u32>>;

@compute @workgroup_size(64, 1, 1)
fn crc(
  @builtin(workgroup_id) dispatch_id: vec3<u32>,
  @builtin(local_invocation_id) local_id: vec3<u32>,
) {
  let after_lo = launch.after_lo;
  let after_hi = launch.after_hi;
  let data_length = launch.data_length;
  let workgroup_id = launch.base + dispatch_id;
  let global_id = workgroup_id * vec3<u32>(64u, 1u, 1u) + local_id;
  let v = global_id.x * 16384u;
  let v2 = v < data_length;
  if (v2) {
    let v3 = v + 16384u;
    let v4 = min(v3, data_length);
    var carried = 0u;
    for (var i = v; i < v4; i++) {
      let v5 = i < data_length;
      let v6 = i >> 2u;
      let v7 = select(4294967295u, v6, v5);
      let v8 = i & 3u;
      let v9 = v8 * 8u;
      let v10 = select(0u, data[launch.data_offset + v7], v7 < launch.data_count);
      let v11 = v10 >> (v9 & 31u);
      let v12 = v11 & 255u;
      let v13 = carried ^ v12;
      let v14 = v13 & 255u;
      let v15 = select(0u, t[launch.t_offset + v14], v14 < launch.t_count);
      let v16 = carried >> 8u;
      let v17 = v15 ^ v16;
      carried = v17;
    }
    let v18 = data_length - v4;
    let v19 = v18 ^ v18;
    let v20 = after_lo + v18;
    let v21 = after_hi + v19;
    let v22 = v20 < after_lo;
    let v23 = u32(v22);
    let v24 = v21 + v23;
    var next = v20;
    var next2 = v24;
    var next3 = 2147483648u;
    var next4 = 8388608u;
    var current: u32;
    var current2: u32;
    var current3: u32;
    var current4: u32;
    loop {
      let v25 = next == 0u;
      let v26 = next2 == 0u;
      let v27 = v25 & v26;
      let v28 = !v27;
      current = next;
      current2 = next2;
      current3 = next3;
      current4 = next4;
      if (!v28) { break; }
      let c = 1u;
      let v29 = c & 31u;
      let v30 = current2 >> (v29 & 31u);
      let v31 = current2 ^ current2;
      let v32 = current >> (v29 & 31u);
      let v33 = current2 << 1u;
      let v34 = v29 ^ 31u;
      let v35 = v33 << (v34 & 31u);
      let v36 = v32 | v35;
      let c2 = 1u;
      let v37 = c2 & 32u;
      let v38 = v37 != 0u;
      let v39 = select(v36, v30, v38);
      let v40 = select(v30, v31, v38);
      let v41 = current & 1u;
      let v42 = current2 & 0u;
      let v43 = v41 == 0u;
      let v44 = v42 == 0u;
      let v45 = v43 & v44;
      let v46 = !v45;
      var v47: u32;
      if (v46) {
        var carried2 = 0u;
        var carried3 = current4;
        for (var i2 = 0u; i2 < 32u; i2++) {
          let v48 = 31u - i2;
          let v49 = current3 >> (v48 & 31u);
          let v50 = v49 & 1u;
          let v51 = v50 != 0u;
          let v52 = carried2 ^ carried3;
          let v53 = select(carried2, v52, v51);
          let v54 = carried3 & 1u;
          let v55 = v54 != 0u;
          let v56 = carried3 >> 1u;
          let v57 = v56 ^ 3988292384u;
          let v58 = select(v56, v57, v55);
          carried2 = v53;
          carried3 = v58;
        }
        v47 = carried2;
      } else {
        v47 = current3;
      }
      var carried4 = 0u;
      var carried5 = current4;
      for (var i3 = 0u; i3 < 32u; i3++) {
        let v59 = 31u - i3;
        let v60 = current4 >> (v59 & 31u);
        let v61 = v60 & 1u;
        let v62 = v61 != 0u;
        let v63 = carried4 ^ carried5;
        let v64 = select(carried4, v63, v62);
        let v65 = carried5 & 1u;
        let v66 = v65 != 0u;
        let v67 = carried5 >> 1u;
        let v68 = v67 ^ 3988292384u;
        let v69 = select(v67, v68, v66);
        carried4 = v64;
        carried5 = v69;
      }
      next = v39;
      next2 = v40;
      next3 = v47;
      next4 = carried4;
    }
    var carried6 = 0u;
    var carried7 = current3;
    for (var i4 = 0u; i4 < 32u; i4++) {
      let v70 = 31u - i4;
      let v71 = carried >> (v70 & 31u);
      let v72 = v71 & 1u;
      let v73 = v72 != 0u;
      let v74 = carried6 ^ carried7;
      let v75 = select(carried6, v74, v73);
      let v76 = carried7 & 1u;
      let v77 = v76 != 0u;
      let v78 = carried7 >> 1u;
      let v79 = v78 ^ 3988292384u;
      let v80 = select(v78, v79, v77);
      carried6 = v75;
      carried7 = v80;
    }
    if (0u < launch.acc_count) {
      atomicXor(&acc[launch.acc_offset + 0u], carried6);
    }
  }
}
