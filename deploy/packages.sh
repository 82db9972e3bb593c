# The packages of Debian 12 and 13 that deskpulse needs, in one place, and how they get onto a machine.
# Sourced by deploy/demo and tests/run.
# shellcheck shell=bash disable=SC2034,SC2015

# The number of this machine's Debian; nothing where it is another system, or Debian's testing.
debian_release() {
  grep -qs '^ID=debian' /etc/os-release && sed -n 's/^VERSION_ID="\([0-9]*\)"$/\1/p' /etc/os-release
}

# The default of Debian 12 is older than two corrections of the zlib inside Boost.Beast.
case $(debian_release) in
  12) boost=libboost1.81-dev ;;
  *) boost=libboost-dev ;;
esac

packages_to_build="
g++                  the C++ compiler
cmake                the build
ninja-build          the build
pkgconf              finds libraries for the build
$boost        WebSocket and HTTP
libssl-dev           TLS, for wss:// streams
libsimdjson-dev      reads JSON
libsodium-dev        keyed hashes of ids
prometheus-cpp-dev   the metrics pages
libdeflate-dev       compressed metrics pages
zlib1g-dev           compression
libabsl-dev          time zones
tzdata               time zones
libtomlplusplus-dev  reads the configuration
libcli11-dev         reads the command line
libspdlog-dev        writes the log
libfmt-dev           writes the log
libcrypt-dev         checks passwords of the pages
nodejs               builds the wall page
npm                  fetches uPlot for the wall page
"

packages_to_test='
libgtest-dev         unit tests
libgmock-dev         unit tests
libbenchmark-dev     benchmarks
nlohmann-json3-dev   a second JSON reader, to compare with
python3              checks of the metrics pages
python3-jsonschema   checks of the event schema
python3-yaml         checks of the stream description
faketime             runs the daemon at another time
strace               makes any system call of the daemon fail
slowhttptest         slow attacks on the pages
curl                 asks the daemon for its pages
lintian              checks the Debian package
dpkg-dev             makes the Debian package
mandoc               checks the manual pages
sudo                 a word of commands in the documents
iproute2             the network of a machine that is booted to try them
systemd              judges the unit of the service
prometheus           scrapes the daemon, checks its pages
prometheus-alertmanager  sends messages of alerts
openssl              makes certificates
chromium             opens the wall page
fonts-wqy-microhei   Chinese text in the browser
'

packages_to_demo='
curl                 asks the daemon for its numbers
prometheus           scrapes the daemon
'

# die SENTENCE: ends the script with it on standard error.
die() {
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  exit 1
}

# Prints those lines of the given lists whose package is not installed, each once.
missing_packages() {
  local name what
  while read -r name what; do
    [ -n "$name" ] || continue
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null)" = 'ii ' ] && continue
    # Node's own packages bring both programs in one, and do not go with Debian's.
    case $name in
      nodejs) ! command -v node >/dev/null || continue ;;
      npm) ! command -v npm >/dev/null || continue ;;
    esac
    printf '%-24s %s\n' "$name" "$what"
  done <<<"$(printf '%s\n' "$@")" | sort -u
}

# install_packages LIST...: installs what is missing, after saying what and why. Asks nothing: where
# it may not install, it ends the script with a sentence that names the packages.
install_packages() {
  local missing names
  local -a apt
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    die "this is made for Debian 12 and 13 and finds no apt-get here; with --no-install it takes what there is"
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  names=$(awk '{print $1}' <<<"$missing" | sort -u | paste -sd ' ')
  apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null ||
      die "these Debian packages are missing and may not be installed without root: $names; install them with: sudo apt-get install --no-install-recommends $names"
    apt=(sudo -n "${apt[@]}")
  fi
  case $(debian_release) in
    12 | 13) ;;
    *) echo "This is not Debian 12 or 13, for which deskpulse is made; some packages may have other names." ;;
  esac
  printf 'Installing what is missing, by apt-get:\n'
  sed 's/^/  /' <<<"$missing"
  "${apt[@]}" update </dev/null || die "apt-get update failed (above); these packages are missing: $names"
  # shellcheck disable=SC2086  # one word for each package
  "${apt[@]}" install -y --no-install-recommends $names </dev/null ||
    die "apt-get install failed (above); these packages are missing: $names"
}

# How many compilers may run at once: one a core, and 1.5 GB for each, since a file with a
# WebSocket in it takes 1 GB and more.
build_jobs() {
  local cores available
  cores=$(nproc)
  available=$(awk '/^MemAvailable:/ {print int($2 / 1500000)}' /proc/meminfo 2>/dev/null) || available=
  [ "${available:-1}" -ge 1 ] || available=1
  echo $((available < cores ? available : cores))
}

# The daemon refuses unknown DESKPULSE_ variables, and takes known ones: what is started here has
# its settings from here only.
forget_settings() {
  local name
  while read -r name; do unset "$name"; done < <(compgen -e DESKPULSE_)
}
