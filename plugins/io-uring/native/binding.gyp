{
  "targets": [{
    "target_name": "io-uring",
    "conditions": [
      ["OS=='linux'", {
        "sources": [
          "engine/ring.cc", "engine/slab.cc", "engine/file.cc", "engine/transfer.cc", "engine/turns.cc", "engine/engine.cc", "engine/engine_loop.cc",
          "binding/module.cc", "binding/ring_object.cc", "binding/old_systems.cc"
        ],
        "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
        "defines": ["NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
        "cflags_cc": ["-std=c++17", "-O2", "-Wall", "-Wextra", "-Wno-unused-parameter", "-fno-exceptions", "-fvisibility=hidden", "-include", "<(module_root_dir)/binding/old_systems.h"],
        "ldflags": ["-static-libgcc"]
      }, { "type": "none" }]
    ]
  }]
}
