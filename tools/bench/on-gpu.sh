#!/bin/sh
# Judges and measures storage on CUDA memory (@sluice/cuda, @sluice/gds, @sluice/io-uring) on a machine that has an NVIDIA device
# and its driver, and neither Node nor a network, with what `pack-gpu.mjs cuda` has put into `.gpu/` of this tree.
#   OUT=/tmp/out sh tools/bench/on-gpu.sh
# What was found is in $OUT (.gpu/out if unset): summary.txt, with a line for each step, and a log for each; bench.json has the rows.
# SLUICE_FILES names the folder for files (a new one in /var/tmp if unset, or on an ext4 of its own in memory where that is no
# file system that cuFile takes); GPU_SECONDS bounds it all (520); GPU_STEPS names the steps to run; GPU_BENCH is options of the bench.
# As root it writes what udev would know of the folder's device, where nothing does: cuFile refuses files without that.
set -u
here=$(cd "$(dirname "$0")/../.." && pwd)
pack=$here/.gpu
out=${OUT:-$here/.gpu/out}
began=$(date +%s)
ends=$((began + ${GPU_SECONDS:-520}))
work=$(mktemp -d /tmp/sluice-gpu-XXXXXX)
mkdir -p "$out"
loop=''
udev=''
cleanup() {
  [ -n "$loop" ] && umount "$loop" && rmdir "$loop"
  [ -n "$udev" ] && rm -f $udev
  rm -rf "$work" "${files:-$work}" /dev/shm/sluice-ext4-$$
}
trap cleanup EXIT

unpack() { xz -dc "$1" 2>/dev/null || python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$1"; }
say() { echo "$*" | tee -a "$out/summary.txt"; }

# step <name> <most seconds> <command...>: its output goes to $OUT/<name>.log; what is left of the time bounds it too.
failed=0
step() {
  name=$1 most=$2
  shift 2
  case " ${GPU_STEPS:-probe conformance trips direct second bench} " in *" ${name%%-*} "*) ;; *) return ;; esac
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
  tail -n 6 "$out/$name.log" | cut -c1-3000
}

# Makes udev's entry for the device under a folder, where there is none.
known_to_udev() {
  entry=/run/udev/data/b$(stat -c '%d' "$1" | awk '{ printf "%d:%d", int($1 / 256) % 4096, $1 % 256 + int($1 / 1048576) * 256 }')
  grep -q '^E:ID_FS_USAGE=filesystem' "$entry" 2>/dev/null && return
  [ -e "$entry" ] && return
  mkdir -p /run/udev/data 2>/dev/null && printf 'E:ID_FS_USAGE=filesystem\nE:ID_FS_TYPE=%s\n' "$2" >"$entry" 2>/dev/null && udev="$udev $entry" && say "wrote $entry"
}

# An ext4 in memory, mounted at $loop; nothing where that cannot be.
in_memory() {
  truncate -s 6G /dev/shm/sluice-ext4-$$ && mkfs.ext4 -q -F /dev/shm/sluice-ext4-$$ && mkdir -p "$work.ext4" && mount -o loop /dev/shm/sluice-ext4-$$ "$work.ext4" && loop=$work.ext4 && known_to_udev "$loop" ext4
}

: >"$out/summary.txt"
unpack "$pack/cuda.tar.xz" | tar -xf - -C "$work"
unpack "$pack/node.xz" >"$work/node"
chmod +x "$work/node" "$work/cufile_peer"
# located <library>: where it is, if anywhere; puts its folder before those that the loader looks into, unless it finds it there.
located() {
  for folder in $(echo "${LD_LIBRARY_PATH:-}" | tr : ' '); do [ -e "$folder/$1" ] && echo "$folder/$1" && return; done
  known=$(ldconfig -p 2>/dev/null | awk -v name="$1" '$1 == name { print $NF; exit }')
  [ -n "$known" ] && echo "$known" && return
  timeout 60 find / \( -path /proc -o -path /sys -o -path /tmp \) -prune -o -name "$1" -print 2>/dev/null | head -n 1
}
for name in libcuda.so.1 libcufile.so.0; do
  library=$(located "$name")
  [ -n "$library" ] && export LD_LIBRARY_PATH="$(dirname "$library")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  say "$name: ${library:-not found}"
done
say "Node $("$work/node" --version), $(uname -srm), $(nproc) cores; unpacked in $(($(date +%s) - began)) s"
command -v nvidia-smi >/dev/null && say "$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader)"

files=${SLUICE_FILES:-}
if [ -z "$files" ]; then files=$(mktemp -d /var/tmp/sluice-files-XXXXXX); else files=$(mktemp -d "$files/sluice-files-XXXXXX"); fi
kind=$(stat -f -c %T "$files")
say "files in $files, on $kind"
case $kind in
  ext2/ext3) known_to_udev "$files" ext4 ;;
  xfs) known_to_udev "$files" xfs ;;
  *) in_memory 2>>"$out/summary.txt" && rm -rf "$files" && files=$loop/files && mkdir "$files" && say "$kind is nothing that cuFile takes: files in $files, an ext4 in memory" ;;
esac
export TMPDIR=$files SLUICE_CUFILE_PEER=$work/cufile_peer

cd "$work" || exit 1
step probe 60 ./node gpu/on-gpu.js probe
[ "$failed" -eq 0 ] || { say 'no device, or no cuFile: nothing else is run'; cat "$out/probe.log"; exit 1; }
step conformance 150 ./node gpu/on-gpu.js conformance
step trips 120 ./node gpu/on-gpu.js trips
step direct 60 ./node gpu/on-gpu.js direct
step second 60 ./node gpu/on-gpu.js second
step bench 240 sh -c "./node bench/main.js gds --json ${GPU_BENCH:-} >'$out/bench.json' && cat '$out/bench.json'"
# The disk bounds the figures above; memory does not.
if [ -z "$loop" ] && in_memory 2>/dev/null; then
  mkdir -p "$loop/files"
  export TMPDIR=$loop/files
  step bench-memory 200 sh -c "./node bench/main.js gds --json ${GPU_BENCH:-} >'$out/bench-memory.json' && cat '$out/bench-memory.json'"
fi
say "all took $(($(date +%s) - began)) s"
exit "$failed"
