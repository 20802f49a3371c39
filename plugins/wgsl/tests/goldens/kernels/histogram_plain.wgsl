// Kernel histogram of program goldens, lowered by @sluice/wgsl.

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
  data_offset: u32,
  data_count: u32,
  bins_offset: u32,
  bins_count: u32,
}
@group(0) @binding(0) var<uniform> launch: Launch;
@group(0) @binding(1) var<storage, read> data: array<u32>;
@group(0) @binding(2) var<storage, read_write> bins: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> launch_status: array<atomic<u32>, 6>;
var<workgroup> shared_memory: array<atomic<u32>, 256>;

fn record_trap_u32(number: u32, address: u32, at: vec3<u32>) {
  if (atomicExchange(&launch_status[0], 1u) == 0u) {
    atomicStore(&launch_status[1], number);
    atomicStore(&launch_status[2], address);
    atomicStore(&launch_status[3], at.x);
    atomicStore(&launch_status[4], at.y);
    atomicStore(&launch_status[5], at.z);
  }
}

@compute @workgroup_size(256, 1, 1)
fn histogram(
  @builtin(local_invocation_id) local_id: vec3<u32>,
  @builtin(global_invocation_id) global_id: vec3<u32>,
) {
  let v = launch.groups.x * 256u;
  if (v == 0u) {
    record_trap_u32(1u, 0u, global_id);
  }
  var i = global_id.x;
  if (v != 0u && i < launch.data_count) {
    loop {
      {
        let v2 = data[i];
        let v3 = v2 & 255u;
        atomicAdd(&shared_memory[v3], 1u);
      }
      continuing {
        let rest = launch.data_count - i;
        i += v;
        break if rest <= v;
      }
    }
  }
  workgroupBarrier();
  let v4 = atomicLoad(&shared_memory[local_id.x]);
  atomicAdd(&bins[local_id.x], v4);
}
