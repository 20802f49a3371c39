// Kernel finish of program bytes, lowered by @sluice/wgsl.
// sha256 7c222d671abcf94f8e224ea004d6d52850b96e8a52560d45d46691721626bba1

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
  acc_offset: u32,
  acc_count: u32,
  size_lo: u32,
  size_hi: u32,
}
@group(0) @binding(0) var<uniform> launch: Launch;
@group(0) @binding(1) var<storage, read_write> acc: array<u32>;

@compute @workgroup_size(1, 1, 1)
fn finish() {
  let size_lo = launch.size_lo;
  let size_hi = launch.size_hi;
  let v = select(0u, acc[launch.acc_offset + 0u], 0u < launch.acc_count);
  var next = size_lo;
  var next2 = size_hi;
  var next3 = 2147483648u;
  var next4 = 8388608u;
  var current: u32;
  var current2: u32;
  var current3: u32;
  var current4: u32;
  loop {
    let v2 = next == 0u;
    let v3 = next2 == 0u;
    let v4 = v2 & v3;
    let v5 = !v4;
    current = next;
    current2 = next2;
    current3 = next3;
    current4 = next4;
    if (!v5) { break; }
    let c = 1u;
    let v6 = c & 31u;
    let v7 = current2 >> (v6 & 31u);
    let v8 = current2 ^ current2;
    let v9 = current >> (v6 & 31u);
    let v10 = current2 << 1u;
    let v11 = v6 ^ 31u;
    let v12 = v10 << (v11 & 31u);
    let v13 = v9 | v12;
    let c2 = 1u;
    let v14 = c2 & 32u;
    let v15 = v14 != 0u;
    let v16 = select(v13, v7, v15);
    let v17 = select(v7, v8, v15);
    let v18 = current & 1u;
    let v19 = current2 & 0u;
    let v20 = v18 == 0u;
    let v21 = v19 == 0u;
    let v22 = v20 & v21;
    let v23 = !v22;
    var v24: u32;
    if (v23) {
      var carried = 0u;
      var carried2 = current4;
      for (var i = 0u; i < 32u; i++) {
        let v25 = 31u - i;
        let v26 = current3 >> (v25 & 31u);
        let v27 = v26 & 1u;
        let v28 = v27 != 0u;
        let v29 = carried ^ carried2;
        let v30 = select(carried, v29, v28);
        let v31 = carried2 & 1u;
        let v32 = v31 != 0u;
        let v33 = carried2 >> 1u;
        let v34 = v33 ^ 3988292384u;
        let v35 = select(v33, v34, v32);
        carried = v30;
        carried2 = v35;
      }
      v24 = carried;
    } else {
      v24 = current3;
    }
    var carried3 = 0u;
    var carried4 = current4;
    for (var i2 = 0u; i2 < 32u; i2++) {
      let v36 = 31u - i2;
      let v37 = current4 >> (v36 & 31u);
      let v38 = v37 & 1u;
      let v39 = v38 != 0u;
      let v40 = carried3 ^ carried4;
      let v41 = select(carried3, v40, v39);
      let v42 = carried4 & 1u;
      let v43 = v42 != 0u;
      let v44 = carried4 >> 1u;
      let v45 = v44 ^ 3988292384u;
      let v46 = select(v44, v45, v43);
      carried3 = v41;
      carried4 = v46;
    }
    next = v16;
    next2 = v17;
    next3 = v24;
    next4 = carried3;
  }
  var carried5 = 0u;
  var carried6 = current3;
  for (var i3 = 0u; i3 < 32u; i3++) {
    let v47 = 31u - i3;
    let v48 = 4294967295u >> (v47 & 31u);
    let v49 = v48 & 1u;
    let v50 = v49 != 0u;
    let v51 = carried5 ^ carried6;
    let v52 = select(carried5, v51, v50);
    let v53 = carried6 & 1u;
    let v54 = v53 != 0u;
    let v55 = carried6 >> 1u;
    let v56 = v55 ^ 3988292384u;
    let v57 = select(v55, v56, v54);
    carried5 = v52;
    carried6 = v57;
  }
  let v58 = v ^ carried5;
  let v59 = v58 ^ 4294967295u;
  if (0u < launch.acc_count) {
    acc[launch.acc_offset + 0u] = v59;
  }
}
