// Kernel atomics of program goldens, lowered by @sluice/wgsl.

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
  signed_offset: u32,
  signed_count: u32,
  words_offset: u32,
  words_count: u32,
}
@group(0) @binding(0) var<uniform> launch: Launch;
@group(0) @binding(1) var<storage, read_write> signed: array<atomic<i32>>;
@group(0) @binding(2) var<storage, read_write> words: array<atomic<u32>>;
var<workgroup> shared_memory: array<atomic<u32>, 4>;

@compute @workgroup_size(64, 1, 1)
fn atomics(
  @builtin(workgroup_id) dispatch_id: vec3<u32>,
  @builtin(local_invocation_id) local_id: vec3<u32>,
) {
  let workgroup_id = launch.base + dispatch_id;
  let global_id = workgroup_id * vec3<u32>(64u, 1u, 1u) + local_id;
  if (global_id.x < launch.words_count) {
    atomicAdd(&words[launch.words_offset + global_id.x], 1u);
  }
  if (global_id.x < launch.words_count) {
    atomicSub(&words[launch.words_offset + global_id.x], 1u);
  }
  if (global_id.x < launch.words_count) {
    atomicAnd(&words[launch.words_offset + global_id.x], 1u);
  }
  if (global_id.x < launch.words_count) {
    atomicOr(&words[launch.words_offset + global_id.x], 1u);
  }
  var element: u32;
  if (0u < launch.words_count) {
    element = atomicLoad(&words[launch.words_offset + 0u]);
  }
  var v: u32;
  if (global_id.x < launch.words_count) {
    v = atomicXor(&words[launch.words_offset + global_id.x], element);
  }
  if (global_id.x < launch.words_count) {
    atomicStore(&words[launch.words_offset + global_id.x], v);
  }
  if (global_id.x < launch.signed_count) {
    atomicMin(&signed[launch.signed_offset + global_id.x], (-1i));
  }
  if (global_id.x < launch.signed_count) {
    atomicMax(&signed[launch.signed_offset + global_id.x], 1i);
  }
  atomicExchange(&shared_memory[1u], 2u);
  var v2: u32;
  if (global_id.x < 4u) {
    loop {
      let tried = atomicCompareExchangeWeak(&shared_memory[global_id.x], 0u, 1u);
      v2 = tried.old_value;
      if (tried.exchanged || tried.old_value != 0u) { break; }
    }
  }
  atomicStore(&shared_memory[2u], v2);
}
