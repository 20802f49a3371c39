#!/bin/sh
# Judges and measures the backend `wgsl` on a machine that has a GPU and its driver, and neither Node nor a network, with
# what pack-gpu.mjs has put into `.gpu/` of this tree. An NVIDIA driver also needs the libraries of Debian's libglvnd0, libgl1,
# libglx0, libegl1 and libx11-6; where the machine lacks them, put these packages into `.gpu/libs`.
#   OUT=/tmp/out sh tools/bench/gpu.sh
# What was found is in $OUT (here if unset): summary.txt, with a line for each step, and a log for each.
# VK_DRIVER_FILES names the driver if it is no NVIDIA one; GPU_SECONDS bounds it all (520); GPU_STEPS names the steps to run;
# GPU_BENCH, GPU_PROGRAMS and GPU_FILE_MIB are options of the bench, the number of generated programs and the size of the demo's file.
set -u
here=$(cd "$(dirname "$0")/../.." && pwd)
pack=$here/.gpu
out=${OUT:-$here/.gpu/out}
began=$(date +%s)
ends=$((began + ${GPU_SECONDS:-520}))
work=$(mktemp -d /tmp/sluice-gpu-XXXXXX)
mkdir -p "$out"
trap 'rm -rf "$work"' EXIT

unpack() { xz -dc "$1" 2>/dev/null || python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$1"; }
say() { echo "$*" | tee -a "$out/summary.txt"; }

# step <name> <most seconds> <command...>: its output goes to $OUT/<name>.log; what is left of the time bounds it too.
failed=0
step() {
  name=$1 most=$2
  shift 2
  case " ${GPU_STEPS:-adapter conformance bench generated demo masks} " in *" ${name%%-*} "*) ;; *) return ;; esac
  left=$((ends - $(date +%s)))
  [ "$left" -lt "$most" ] && most=$left
  if [ "$most" -lt 5 ]; then say "$name: not run, the time is used up"; failed=1; return; fi
  from=$(date +%s)
  timeout -k 5 "$most" "$@" >"$out/$name.log" 2>"$work/errors"
  status=$?
  cat "$work/errors" >>"$out/$name.log"
  took=$(($(date +%s) - from))
  case $status in
    0) say "$name: passed, $took s" ;;
    124 | 137) say "$name: stopped after $took s"; failed=1 ;;
    *) say "$name: FAILED with status $status, $took s"; failed=1 ;;
  esac
  tail -n 4 "$out/$name.log" | cut -c1-2000
}

: >"$out/summary.txt"
unpack "$pack/packages.tar.xz" | tar -xf - -C "$work"
unpack "$pack/node.xz" >"$work/node"
chmod +x "$work/node"
mkdir -p "$work/node_modules/webgpu/dist/linux-x64"
unpack "$pack/dawn.node.xz" >"$work/node_modules/webgpu/dist/linux-x64/dawn.node"
for deb in "$pack"/*.deb "$pack"/libs/*.deb; do [ -e "$deb" ] && dpkg -x "$deb" "$work/loader"; done
export VK_DRIVER_FILES="${VK_DRIVER_FILES:-/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json}"
export LD_LIBRARY_PATH="$work/loader/usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
say "Node $("$work/node" --version), $(uname -srm), $(nproc) cores, driver $VK_DRIVER_FILES; unpacked in $(($(date +%s) - began)) s"
command -v nvidia-smi >/dev/null && say "$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader)"

cd "$work" || exit 1
step adapter 60 ./node gpu/gpu.js adapter
[ "$failed" -eq 0 ] || { say 'no adapter: nothing else is run'; exit 1; }
step bench 240 ./node bench/main.js wgsl --json ${GPU_BENCH:-}
step conformance 150 ./node gpu/gpu.js conformance
step generated 120 ./node gpu/gpu.js generated "${GPU_PROGRAMS:-1000}" 1
dd if=/dev/urandom of=input.bin bs=1M count="${GPU_FILE_MIB:-1024}" 2>/dev/null
step demo-fs 60 ./node demo/main.js input.bin --backend fs,wgsl
step demo-io-uring 60 ./node demo/main.js input.bin --backend io-uring,wgsl
step masks 240 ./node gpu/gpu.js masks
say "all took $(($(date +%s) - began)) s"
exit "$failed"
