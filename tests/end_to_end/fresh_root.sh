# A Debian that has nothing, in a folder, for tests that want one. Sourced by in_a_fresh_root and
# package_in_a_fresh_root.
# shellcheck shell=bash disable=SC2034
me=${0##*/}

die() {
  printf '%s: %s\n' "$me" "$1" >&2
  exit 1
}
say() { printf '== %s\n' "$1"; }
not() { ! "$@"; }
# holds SENTENCE COMMAND...
holds() {
  local sentence=$1
  shift
  "$@" >"$scratch/output" 2>&1 || {
    cat "$scratch/output" >&2
    die "does not hold: $sentence"
  }
  printf '   %s\n' "$sentence"
}
# until_true SECONDS COMMAND...
until_true() {
  local until=$((SECONDS + $1))
  shift
  while [ $SECONDS -lt $until ]; do
    ! "$@" || return 0
    sleep 0.2
  done
  return 1
}
clean=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive)
inside() { "${clean[@]}" chroot "$root" "$@"; }

# in_namespaces ARGUMENT...: starts the script anew with these, in namespaces of its own, so that
# mounts and processes end with it, however it ends; there it sets `scratch`, a folder that goes away
# then, and `root` in it.
in_namespaces() {
  [ "$(id -u)" = 0 ] || die "only root can make a root; use sudo"
  if [ -z "${IN_NAMESPACES:-}" ]; then
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/deskpulse-root.XXXXXX")
    trap 'leave_namespaces "$!"' EXIT
    trap 'exit 143' INT TERM HUP
    set -m  # in a group of its own, where a signal does what it does elsewhere
    IN_NAMESPACES=$scratch unshare --mount --pid --fork --kill-child -- "$0" "$@" &
    wait "$!"
    exit
  fi
  scratch=$IN_NAMESPACES
  root=$scratch/root
  mkdir "$root"
}

# The end of `unshare` is the end of everything in its namespaces, a moment later. What is held by
# somebody else is said instead of waited for.
leave_namespaces() {
  kill -KILL "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
  until_true 240 rm -rf --one-file-system "$scratch" 2>/dev/null ||
    rm -rf --one-file-system "$scratch" ||
    die "the above is left of $scratch; end what holds it, and remove it"
}

# The sources of packages of this machine that are Debian's, one a line: address, suite, component.
debian_sources() {
  # shellcheck disable=SC2016  # for apt-get
  apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian'
}

# bare_debian RELEASE BASE: in $root, from the same mirror and by the same proxy as this machine's
# packages. BASE, if it is not empty, is a tar that keeps it: made when it is not there, and taken
# when it is.
bare_debian() {
  local release=$1 base=$2 own mirror
  own=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  if [ -n "$base" ] && [ -f "$base" ]; then
    say "a bare $release, from $base"
    tar -C "$root" -xf "$base"
  else
    say "a bare $release, by debootstrap"
    mirror=${DEBIAN_MIRROR:-$(debian_sources | awk -v own="$own" '$2 == own {print $1; exit}')}
    debootstrap --variant=minbase "$release" "$root" ${mirror:+"$mirror"} >"$scratch/debootstrap.log" 2>&1 || {
      tail -n 20 "$scratch/debootstrap.log" >&2
      die "debootstrap failed"
    }
    [ -z "$base" ] || tar -C "$root" -cf "$base" .
  fi
  if [ -z "${DEBIAN_MIRROR:-}" ] && [ -n "$(debian_sources)" ]; then
    debian_sources | sed "s/ $own/ $release/; s/^/deb /" >"$root/etc/apt/sources.list"
  fi
  apt-config dump | grep -E '^Acquire::(https?|Check-)' >"$root/etc/apt/apt.conf.d/90of-this-machine" || true
  mount -t proc proc "$root/proc"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  inside apt-get -q update >"$scratch/apt.log" 2>&1 || {
    tail -n 20 "$scratch/apt.log" >&2
    die "apt-get update failed"
  }
}
