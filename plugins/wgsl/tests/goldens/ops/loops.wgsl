// Kernel loops of program goldens, lowered by @sluice/wgsl.

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
  out_offset: u32,
  out_count: u32,
  n: u32,
  m: i32,
  step_: i32,
}
@group(0) @binding(0) var<uniform> launch: Launch;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<storage, read_write> launch_status: array<atomic<u32>, 6>;

fn record_trap_u32(number: u32, address: u32, at: vec3<u32>) {
  if (atomicExchange(&launch_status[0], 1u) == 0u) {
    atomicStore(&launch_status[1], number);
    atomicStore(&launch_status[2], address);
    atomicStore(&launch_status[3], at.x);
    atomicStore(&launch_status[4], at.y);
    atomicStore(&launch_status[5], at.z);
  }
}

@compute @workgroup_size(64, 1, 1)
fn loops(
  @builtin(workgroup_id) dispatch_id: vec3<u32>,
  @builtin(local_invocation_id) local_id: vec3<u32>,
) {
  let n = launch.n;
  let m = launch.m;
  let step_ = launch.step_;
  let workgroup_id = launch.base + dispatch_id;
  let global_id = workgroup_id * vec3<u32>(64u, 1u, 1u) + local_id;
  var carried = 0u;
  for (var i = 0u; i < n; i++) {
    let v = carried + i;
    carried = v;
  }
  var carried2 = 0u;
  var i2 = global_id.x;
  if (i2 < n) {
    loop {
      {
        let v2 = carried2 ^ i2;
        carried2 = v2;
      }
      continuing {
        let rest = n - i2;
        i2 += 3u;
        break if rest <= 3u;
      }
    }
  }
  var carried3 = 1u;
  for (var i3 = m; i3 > (-5i); i3 += (-2i)) {
    let v3 = u32(i3);
    let v4 = carried3 * v3;
    carried3 = v4;
  }
  var carried4 = 0u;
  if (step_ == 0i) {
    record_trap_u32(1u, 0u, global_id);
  }
  var i4 = 0i;
  let size = bitcast<u32>(abs(step_));
  let onward = select((i4 > m), (i4 < m), step_ > 0i);
  if (size != 0u && onward) {
    loop {
      {
        let v5 = carried4 + 1u;
        carried4 = v5;
      }
      continuing {
        let rest2 = bitcast<u32>(select(i4 - m, m - i4, step_ > 0i));
        i4 += step_;
        break if rest2 <= size;
      }
    }
  }
  var carried5 = 0u;
  var carried6 = 1u;
  for (var i5 = 0u; i5 < 7u; i5++) {
    let v6 = carried5 > n;
    if (v6) {
      carried6 = i5;
      break;
    }
    let v7 = carried6 == 3u;
    if (v7) {
      let next = carried6;
      let next2 = carried5;
      carried5 = next;
      carried6 = next2;
      continue;
    }
    let v8 = carried5 + carried6;
    carried5 = carried6;
    carried6 = v8;
  }
  var next3 = n;
  var next4 = 0u;
  var current: u32;
  var current2: u32;
  loop {
    let v9 = next3 > 1u;
    current = next3;
    current2 = next4;
    if (!v9) { break; }
    let v10 = current2 > 100u;
    if (v10) {
      return;
    }
    let v11 = current & 1u;
    let v12 = v11 == 0u;
    var v13: u32;
    if (v12) {
      let v14 = current >> 1u;
      v13 = v14;
    } else {
      let v15 = current * 3u;
      let v16 = v15 + 1u;
      v13 = v16;
    }
    let v17 = current2 + 1u;
    next3 = v13;
    next4 = v17;
  }
  let v18 = carried + carried2;
  let v19 = v18 + carried3;
  let v20 = v19 + carried4;
  let v21 = v20 + carried5;
  let v22 = v21 + carried6;
  let v23 = v22 + current2;
  if (global_id.x < launch.out_count) {
    out[launch.out_offset + global_id.x] = v23;
  }
}
