# SPDX-License-Identifier: MIT
# What tests/fuzz/run and tests/fuzz/coverage share: compiling the parsers' rooms with clang. Sourced by bash in the
# checkout's folder.

# The rooms that parse what comes from outside, and what those lean on. They go into an archive, so that a target
# takes only what it uses.
fuzz_rooms=(api base files image tensor text)
fuzz_libraries=(jansson libpng libjpeg zlib)

# Names of all targets, one a line.
fuzz_targets ()
{
  local file

  for file in tests/fuzz/fuzz-*.c; do
    file=${file##*/fuzz-}
    [ "$file" = replay.c ] || printf '%s\n' "${file%.c}"
  done
}

# fuzz_compile DIR MAIN FLAG...: builds DIR/fuzz-NAME for every target, linked with MAIN (a source with a main, or the
# flag that brings libFuzzer's); FLAGs are for compiling and linking. What is up to date is kept.
fuzz_compile ()
{
  local dir=$1 main=$2 room source object name jobs
  local -a flags includes libs objects=() sources=()

  shift 2
  ! pkg-config --exists libwebp || { fuzz_libraries+=(libwebp); set -- "$@" -DHAVE_WEBP; }
  flags=(-std=gnu11 -O1 -g -w -D_GNU_SOURCE '-DALBEF_VERSION="fuzz"' '-DALIDADE_SOURCE_DATA_DIR="data"'
    '-DALIDADE_DATA_DIR="data"' -Itests/unit "$@")
  for room in engine/*/; do
    flags+=("-I$room")
  done
  read -ra includes <<< "$(pkg-config --cflags "${fuzz_libraries[@]}")"
  read -ra libs <<< "$(pkg-config --libs "${fuzz_libraries[@]}") -lm -lpthread"
  flags+=("${includes[@]}")
  mkdir -p "$dir" && rm -f "$dir/failed" || return 1
  for room in "${fuzz_rooms[@]}"; do
    while read -r name; do
      sources+=("engine/$room/$name")
    done < <(sed -n "s/^ *'\([a-z0-9-]*\.c\)',.*/\1/p" "engine/$room/meson.build")
  done
  for source in "${sources[@]}"; do
    object=$dir/${source//\//_}.o
    objects+=("$object")
    [ -n "$(find "$source" engine/*/*.h -newer "$object" -print -quit 2>&1)" ] || continue
    while jobs=$(jobs -rp | wc -l) && [ "$jobs" -ge "$(nproc)" ]; do
      wait -n
    done
    { { clang "${flags[@]}" -c "$source" -o "$object.new" && mv "$object.new" "$object"; } || touch "$dir/failed"; } &
  done
  wait
  [ ! -e "$dir/failed" ] || return 1
  rm -f "$dir/engine.a" && ar crs "$dir/engine.a" "${objects[@]}" || return 1
  for name in $(fuzz_targets); do
    clang "${flags[@]}" "tests/fuzz/fuzz-$name.c" "$main" "$dir/engine.a" "${libs[@]}" -o "$dir/fuzz-$name" || return 1
  done
}
