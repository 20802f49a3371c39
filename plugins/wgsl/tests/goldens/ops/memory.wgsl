// Kernel memory of program goldens, lowered by @sluice/wgsl.
enable f16;

struct Launch {
  groups: vec3<u32>,
  base: vec3<u32>,
  words_offset: u32,
  words_count: u32,
  pairs_offset: u32,
  pairs_count: u32,
  triples_offset: u32,
  triples_count: u32,
  rows_offset: u32,
  rows_count: u32,
  halves_offset: u32,
  halves_count: u32,
  flag: u32,
  half: u32,
}
@group(0) @binding(0) var<uniform> launch: Launch;
@group(0) @binding(1) var<storage, read_write> words: array<u32>;
@group(0) @binding(2) var<storage, read> pairs: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read_write> triples: array<f32>;
@group(0) @binding(4) var<storage, read_write> rows: array<f32>;
@group(0) @binding(5) var<storage, read_write> halves: array<f16>;
var<workgroup> shared_memory: array<f32, 192>;

@compute @workgroup_size(64, 1, 1)
fn memory(
  @builtin(workgroup_id) dispatch_id: vec3<u32>,
  @builtin(local_invocation_id) local_id: vec3<u32>,
) {
  let flag = launch.flag != 0u;
  let half = bitcast<vec2<f16>>(launch.half).x;
  let workgroup_id = launch.base + dispatch_id;
  let global_id = workgroup_id * vec3<u32>(64u, 1u, 1u) + local_id;
  let word = launch.triples_offset + global_id.x * 3u;
  let v = select(vec3<f32>(), vec3<f32>(triples[word], triples[word + 1u], triples[word + 2u]), global_id.x < launch.triples_count);
  if (global_id.x < 64u) {
    let word2 = global_id.x * 3u;
    shared_memory[word2] = v.x;
    shared_memory[word2 + 1u] = v.y;
    shared_memory[word2 + 2u] = v.z;
  }
  let v2 = select(vec2<f32>(), pairs[launch.pairs_offset + global_id.x], global_id.x < launch.pairs_count);
  let v3 = vec3<f32>(v2, 1.0f);
  if (global_id.x < launch.triples_count) {
    let word3 = launch.triples_offset + global_id.x * 3u;
    triples[word3] = v3.x;
    triples[word3 + 1u] = v3.y;
    triples[word3 + 2u] = v3.z;
  }
  var element: array<f32, 20>;
  if (global_id.x < launch.rows_count) {
    let word4 = launch.rows_offset + global_id.x * 20u;
    for (var i = 0u; i < 20u; i++) {
      let word5 = word4 + i * 1u;
      element[i] = rows[word5];
    }
  }
  let v4 = global_id.x + 1u;
  let v5 = element[3u];
  var v6 = element;
  if (global_id.x < 20u) {
    v6[global_id.x] = v5;
  }
  if (v4 < launch.rows_count) {
    let word6 = launch.rows_offset + v4 * 20u;
    for (var i2 = 0u; i2 < 20u; i2++) {
      let word7 = word6 + i2 * 1u;
      rows[word7] = v6[i2];
    }
  }
  let v7 = select(0.0h, halves[launch.halves_offset + global_id.x], global_id.x < launch.halves_count);
  let v8 = select(v7, half, flag);
  if (global_id.x < launch.halves_count) {
    halves[launch.halves_offset + global_id.x] = v8;
  }
  if (global_id.x < launch.words_count) {
    words[launch.words_offset + global_id.x] = launch.pairs_count;
  }
}
