// Kernel collectives of program goldens, lowered by @sluice/wgsl.

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
  data_offset: u32,
  data_count: u32,
  counts_offset: u32,
  counts_count: u32,
  out_offset: u32,
  out_count: u32,
}
@group(0) @binding(0) var<uniform> launch: Launch;
@group(0) @binding(1) var<storage, read> data: array<f32>;
@group(0) @binding(2) var<storage, read_write> counts: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<storage, read_write> launch_status: array<atomic<u32>, 6>;
var<workgroup> shared_memory: array<f32, 192>;
var<workgroup> broadcast: u32;

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
fn collectives(
  @builtin(workgroup_id) dispatch_id: vec3<u32>,
  @builtin(local_invocation_id) local_id: vec3<u32>,
  @builtin(local_invocation_index) local_index: u32,
) {
  let workgroup_id = launch.base + dispatch_id;
  let global_id = workgroup_id * vec3<u32>(64u, 1u, 1u) + local_id;
  workgroupBarrier();
  storageBarrier();
  if (local_index == 0u) {
    broadcast = select(0u, counts[launch.counts_offset + workgroup_id.x], workgroup_id.x < launch.counts_count);
  }
  let uniform_value = workgroupUniformLoad(&broadcast);
  for (var i = 0u; i < uniform_value; i++) {
    let v = i * 64u;
    let wanted = 64u;
    let end = min(wanted, 64u);
    let start = v;
    let there = select(0u, launch.data_count - start, v < launch.data_count);
    for (var i2 = local_index; i2 < end; i2 += 64u) {
      let at = v + i2;
      let word = launch.data_offset + at * 3u;
      let v2 = select(vec3<f32>(), vec3<f32>(data[word], data[word + 1u], data[word + 2u]), i2 < there);
      let word2 = i2 * 3u;
      shared_memory[word2] = v2.x;
      shared_memory[word2 + 1u] = v2.y;
      shared_memory[word2 + 2u] = v2.z;
    }
    workgroupBarrier();
    storageBarrier();
    let v3 = local_id.x ^ 1u;
    let word3 = v3 * 3u;
    let v4 = select(vec3<f32>(), vec3<f32>(shared_memory[word3], shared_memory[word3 + 1u], shared_memory[word3 + 2u]), v3 < 64u);
    if (global_id.x < launch.out_count) {
      let word4 = launch.out_offset + global_id.x * 3u;
      out[word4] = v4.x;
      out[word4 + 1u] = v4.y;
      out[word4 + 2u] = v4.z;
    }
    workgroupBarrier();
    storageBarrier();
  }
  let v5 = uniform_value > 4u;
  if (v5) {
    record_trap_u32(1u, uniform_value, global_id);
  }
}
