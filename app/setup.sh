# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # its variables are used, and `root`, `program` set, by the caller
# shellcheck disable=SC2207 # names of packages hold no blanks
# SPDX-License-Identifier: MIT
# What app/run and tests/run share: Debian packages, build folders, and messages that say what happened,
# where, and what to do. Sourced by bash; the caller has set `root` (the checkout) and changed into it.
#
# Packages are asked for on every start: one dpkg-query for the whole list takes about 10 ms, and a
# remembered answer would be wrong as soon as somebody removes one.

# What the build and the window need. Those of the second list may be missing from a distribution or a
# processor's archive: the build does without (slower products, no WebP) and says so.
packages_app=(
  adwaita-icon-theme at-spi2-core dbus desktop-file-utils fonts-cantarell gcc gtk-update-icon-cache libadwaita-1-dev
  libc6-dev libglib2.0-dev-bin libgtk-4-dev libjansson-dev libjpeg-dev libpng-dev librsvg2-common libsqlite3-dev
  libxml2-utils libyajl-dev meson ninja-build pkg-config zlib1g-dev
)
packages_optional=(libdnnl-dev libwebp-dev)

# Tests beside them: fuzzers and sanitizers, a display of our own, assistive technology, checks of installed files.
packages_tests=(
  appstream binutils clang gir1.2-atspi-2.0 imagemagick libclang-rt-14-dev llvm
  libomp-dev man-db openbox python3 python3-gi python3-pyatspi xauth xdotool xvfb
)

say ()
{
  printf '%s\n' "$*"
}

# fail WHAT [NEXT...]: what is wrong on the first line, what to do on the following ones.
fail ()
{
  printf '\n%s: %s\n' "$program" "$1" >&2
  shift
  [ $# -eq 0 ] || printf '  %s\n' "$@" >&2
  exit 1
}

# Shows a long step: on a terminal its newest line, in place; otherwise only the steps themselves are printed.
# Everything goes to the log $1.
progress_to ()
{
  local line

  if [ -t 1 ]; then
    while IFS= read -r line; do
      printf '%s\n' "$line" >> "$1"
      printf '\r\033[K%.*s' "$(( ${COLUMNS:-80} - 1 ))" "$line"
    done
    printf '\r\033[K'
  else
    cat >> "$1"
  fi
}

# fail_log WHAT LOG [NEXT...]: as fail, with the end of the log and where the whole of it lies.
fail_log ()
{
  local what=$1 log=$2

  shift 2
  {
    printf '\nThe end of %s:\n' "$log"
    tail -n 25 "$log" | sed 's/^/  | /'
  } >&2
  if grep -q -i 'no space left on device\|enough free space' "$log"; then
    fail "$what: the disk is full." \
      "Free about 2 GB (the packages) or 300 MB (a build folder), then run $program again." \
      "$(df -Pk . /var/cache 2>/dev/null | awk 'NR > 1 { printf "%s: %d MB free.  ", $6, $4 / 1024 }')"
  fi
  fail "$what." "$@" "The whole log: $log"
}

is_debian_like ()
{
  command -v dpkg-query > /dev/null && command -v apt-get > /dev/null
}

# Prints those of the named packages that are not installed. A virtual package counts when a real one provides it.
packages_missing ()
{
  dpkg-query -W -f '${db:Status-Status} ${Package} ${Provides}\n' 2> /dev/null |
    awk -v wanted="$*" '
      $1 == "installed" { gsub (/\([^)]*\)|,/, ""); for (i = 2; i <= NF; i++) have[$i] = 1 }
      END { n = split (wanted, names, " "); for (i = 1; i <= n; i++) if (!(names[i] in have)) print names[i] }'
}

# Runs a command as root: at once, or through sudo. Asks for a password only where there is a terminal to ask on.
as_root ()
{
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif [ -t 0 ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

# Prints those of the named packages that the fetched lists do not offer.
packages_not_offered ()
{
  LC_ALL=C apt-cache policy "$@" 2> /dev/null |
    awk -v wanted="$*" '
      /^[^ ].*:$/ { name = substr ($0, 1, length ($0) - 1) }
      /^  Candidate: / && $2 != "(none)" { offered[name] = 1 }
      END { n = split (wanted, names, " "); for (i = 1; i <= n; i++) if (!(names[i] in offered)) print names[i] }'
}

# Prints the named packages but the optional ones.
without_optional ()
{
  local name

  for name in "$@"; do
    case " ${packages_optional[*]} " in
      *" $name "*) ;;
      *) printf '%s\n' "$name" ;;
    esac
  done
}

# Sees to it that as_root will work, or says which command somebody else has to run.
root_prepare ()
{
  local by_hand="apt-get update && apt-get install --no-install-recommends $*"

  [ "$(id -u)" -ne 0 ] || return 0
  command -v sudo > /dev/null || fail "$# Debian packages are missing, and there is no sudo to install them." \
    "As root:  $by_hand" "Then run $program again."
  sudo -n true 2> /dev/null && return 0
  [ -t 0 ] || fail "$# Debian packages are missing; sudo wants a password, and there is no terminal to ask on." \
    "As root:  $by_hand" "Then run $program again."
  say "sudo asks for your password to install them."
  sudo -v || fail "sudo did not let you in, so the packages cannot be installed." \
    "Ask somebody who may:  $by_hand"
}

# apt_run LOG ARGUMENT...: apt-get without questions, its output in LOG.
apt_run ()
{
  local log=$1

  shift
  as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 apt-get -q -y "$@" 2>&1 | progress_to "$log"
  return "${PIPESTATUS[0]}"
}

# apt-get update ends well even where not one list could be fetched; its log tells.
network_failed ()
{
  grep -q -i 'temporary failure\|could not resolve\|could not connect\|network is unreachable\|failed to fetch' "$1"
}

apt_fail ()
{
  local log=$1

  shift
  if network_failed "$log"; then
    fail_log "packages could not be fetched" "$log" "Is this machine online? Where it never is, install from a local mirror:" \
      "  $*"
  fi
  fail_log "apt-get could not install the packages" "$log" "By hand:  sudo apt-get install --no-install-recommends $*"
}

# packages_need NAME...: installs what is missing. `packages_changed` tells whether something was. Optional
# packages that the archive lacks are done without; a fresh list is fetched only when needed ones are not known.
packages_changed=no
packages_need ()
{
  local log name fresh=no
  local -a missing absent needed wanted=()

  is_debian_like || return 0
  missing=($(packages_missing "$@"))
  [ ${#missing[@]} -gt 0 ] || return 0

  log=$(mktemp "${TMPDIR:-/tmp}/alidade-apt.XXXXXX") || fail "no log file can be made in ${TMPDIR:-/tmp}; is it full?"
  absent=($(packages_not_offered "${missing[@]}"))
  needed=($(without_optional "${absent[@]}"))
  if [ ${#needed[@]} -gt 0 ]; then
    root_prepare "${missing[@]}"
    say "Fetching the list of packages ..."
    apt_run "$log" update && fresh=yes
    absent=($(packages_not_offered "${missing[@]}"))
    needed=($(without_optional "${absent[@]}"))
    if [ ${#needed[@]} -gt 0 ]; then
      if [ $fresh = no ] || network_failed "$log"; then
        apt_fail "$log" "${missing[*]}"
      fi
      fail "this system's archive has no ${needed[*]}." \
        "Alidade needs what Debian 12 has (GTK 4.8, libadwaita 1.2). Without the window:" \
        "  meson setup build -Dui=disabled && ninja -C build"
    fi
  fi
  for name in "${missing[@]}"; do
    case " ${absent[*]} " in
      *" $name "*) say "$name is not in this system's archive: building without it." ;;
      *) wanted+=("$name") ;;
    esac
  done
  if [ ${#wanted[@]} -gt 0 ]; then
    root_prepare "${wanted[@]}"
    say "Installing ${#wanted[@]} Debian packages: ${wanted[*]}"
    if ! apt_run "$log" install --no-install-recommends "${wanted[@]}"; then
      # An old list names versions that the mirror no longer has.
      [ $fresh = no ] || apt_fail "$log" "${wanted[*]}"
      say "Once more, with a fresh list of packages ..."
      apt_run "$log" update
      apt_run "$log" install --no-install-recommends "${wanted[@]}" || apt_fail "$log" "${wanted[*]}"
    fi
    packages_changed=yes
  fi
  rm -f "$log"
}

# What to install where there is no apt-get. Only names that are sure; pkg-config's names fit everywhere.
other_distributions ()
{
  cat <<'LIST'
This is no Debian-like system (no apt-get), so nothing is installed for you. The build needs:

  a C compiler, meson >= 1.0, ninja, pkg-config
  pkg-config names, all needed     zlib  jansson >= 2.6  libjpeg  libpng
  for the window                   gtk4 >= 4.8  libadwaita-1 >= 1.2  sqlite3 >= 3.40  yajl >= 2.1  (with glib-compile-resources,
                                   update-desktop-database, gtk4-update-icon-cache)
  better with them                 oneDNN (dnnl.h, libdnnl; fast matrix products)  libwebp
  OpenMP of the compiler           (with gcc it is there; with clang it is libomp)

  Fedora     sudo dnf install gcc meson ninja-build pkgconf-pkg-config zlib-devel jansson-devel \
               libjpeg-turbo-devel libpng-devel libwebp-devel onednn-devel gtk4-devel libadwaita-devel sqlite-devel yajl-devel desktop-file-utils
  Arch       sudo pacman -S --needed gcc meson ninja pkgconf zlib jansson libjpeg-turbo libpng libwebp \
               onednn gtk4 libadwaita sqlite yajl desktop-file-utils
  openSUSE   sudo zypper install gcc meson ninja pkgconf zlib-devel libjansson-devel libjpeg8-devel \
               libpng16-devel libwebp-devel onednn-devel gtk4-devel libadwaita-devel sqlite-devel yajl-devel desktop-file-utils

LIST
}

# True when the folder $1 was configured from this checkout with the options given when it was made.
build_is_configured ()
{
  [ -f "$1/build.ninja" ] && [ -f "$1/.alidade-setup" ] && [ "$(cat "$1/.alidade-setup")" = "$2" ]
}

# build_make DIR OPTION...: configures DIR when that was not done with these options, and builds it. Only a
# folder that meson made is ever thrown away.
build_make ()
{
  local dir=$1 log stamp
  local -a jobs=()

  shift
  for log in meson ninja; do
    command -v $log > /dev/null || fail "$log is not installed." "Install the packages named above, then run $program again."
  done
  log=$root/$dir/setup.log
  stamp="$root $*"
  if [ "$packages_changed" = yes ] || ! build_is_configured "$dir" "$stamp"; then
    if [ -e "$dir" ]; then
      [ -d "$dir/meson-private" ] || [ -z "$(find "$dir" -mindepth 1 ! -name setup.log -print -quit)" ] ||
        fail "$root/$dir is there, but is no build folder of meson." "Move it away, then run $program again."
      rm -rf "${root:?}/$dir" || fail "the old build folder $root/$dir cannot be removed." \
        "If root made it:  sudo rm -r '$root/$dir'"
    fi
    mkdir -p "$dir" || fail "$(id -un) cannot write in the checkout $root, or its disk is full." \
      "Clone it into a folder of your own, or take this one over:  sudo chown -R $(id -un) '$root'"
    say "Configuring $dir ..."
    meson setup "$dir" "$@" 2>&1 | progress_to "$log"
    if [ "${PIPESTATUS[0]}" -ne 0 ]; then
      is_debian_like || other_distributions >&2
      fail_log "meson could not configure $dir" "$log" "Meson's own log: $root/$dir/meson-logs/meson-log.txt"
    fi
    printf '%s' "$stamp" > "$dir/.alidade-setup"
    say "Building $dir ..."
  fi
  { : > "$log"; } 2> /dev/null || fail "$(id -un) cannot write $log, or the disk is full." \
    "If root made it:  sudo chown -R $(id -un) '$root/$dir'"
  [ -z "${ALIDADE_JOBS:-}" ] || jobs=(-j "$ALIDADE_JOBS")
  ninja -C "$dir" "${jobs[@]}" 2>&1 | progress_to "$log"
  [ "${PIPESTATUS[0]}" -eq 0 ] || fail_log "the build in $dir failed" "$log" \
    "If files were changed, look at the first error; if not, remove $root/$dir and run $program again."
}
