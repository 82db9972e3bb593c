"""This machine once more, booted by its systemd, for tests that install a service and administer it.

What is written there is in memory and goes away with it. It has a network of its own, with the loopback only, so that
every port is free; it shares no process, mount or hostname with this one. Costs a second and some megabytes. Wants
root, and a kernel that gives namespaces and overlays: `refusal()` says what is missing.
"""

import os
import shlex
import signal
import subprocess
import tempfile
from pathlib import Path

from programs import PATIENCE, Program, wait_for

# Some are a minute of work for a machine that does nothing else.
PATIENCE_WITH_A_COMMAND = 5 * PATIENCE

# Mounts $top and goes on as process 1. The second mount of the sources is for those on a disk of their own.
BOOT = r"""
set -euo pipefail
top=$1 sources=$2
mount --make-rprivate /
mount -t tmpfs -o mode=0755 none "$top"
overlay() {
  mkdir -p "$top/$1.upper" "$top/$1.work" "$3"
  mount -t overlay -o "lowerdir=$2,upperdir=$top/$1.upper,workdir=$top/$1.work" none "$3"
}
overlay root / "$top/root"
root=$top/root
overlay sources "$sources" "$root$sources"
mount -t tmpfs -o mode=1777 none "$root/tmp"
mount -t tmpfs -o mode=0755 none "$root/run"
mount -t tmpfs -o mode=0755 none "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs -o mode=1777 none "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 none "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t proc none "$root/proc"
mount --bind -o ro "$root/proc/sys" "$root/proc/sys"
mount -t sysfs -o ro none "$root/sys"
ip link set lo up

# In a group of its own, since systemd takes the one in which it starts for the whole tree.
mkdir "$top/groups"
mount -t cgroup2 none "$top/groups"
mkdir "$top/groups/$3"
echo 0 >"$top/groups/$3/cgroup.procs"

# Nothing starts but what the test asks for.
cat >"$root/etc/systemd/system/deskpulse-test.target" <<'UNIT'
[Unit]
Requires=basic.target
After=basic.target
AllowIsolate=yes
UNIT
for unit in timers.target dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
  systemd-udevd.service systemd-networkd.service systemd-resolved.service systemd-timesyncd.service \
  systemd-remount-fs.service getty.target; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
mkdir -p "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\nRateLimitBurst=0\n' >"$root/etc/systemd/journald.conf.d/test.conf"
: >"$root/etc/fstab"
# Of containers, in which no package starts its service.
rm -f "$root/usr/sbin/policy-rc.d"
exec unshare --cgroup -- bash -euc '
  mount -t cgroup2 none "$1/sys/fs/cgroup"
  cd "$1"
  # Not chroot, in which the kernel gives no user namespace, which PrivateUsers= of a unit is.
  mkdir outside
  pivot_root . outside
  umount --lazy /outside
  rmdir /outside
  exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
    /lib/systemd/systemd --unit=deskpulse-test.target --show-status=no --log-target=journal
' - "$root"
"""
# What BOOT needs, in short, and the sandbox of a unit in it.
TRIAL = """
mount -t tmpfs none /tmp
mkdir /tmp/upper /tmp/work /tmp/root /tmp/groups
mount -t overlay -o lowerdir=/,upperdir=/tmp/upper,workdir=/tmp/work none /tmp/root
mount -t cgroup2 none /tmp/groups
mount -t proc none /tmp/root/proc
cd /tmp/root
mkdir outside
pivot_root . outside
unshare --user --fork true
"""
FORGET_GROUPS = """
mount -t cgroup2 none "$1"
find "$1/$2" -depth -type d -exec rmdir {} +
"""
NAMESPACES = ["--mount", "--pid", "--net", "--ipc", "--uts"]


def refusal():
    """Why there can be no such machine here; nothing where there can."""
    if os.geteuid() != 0:
        return "it takes root"
    tried = subprocess.run(
        ["unshare", *NAMESPACES, "--cgroup", "--fork", "bash", "-euc", TRIAL], capture_output=True, encoding="utf-8"
    )
    return tried.stderr.strip()


def child_of(process):
    """The one that it has, by its number here, once it has one."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii").split()
    return children and int(children[0])


class ProgramInside(Program):
    """A program of the machine. Between it and this process is nsenter, which passes no signal on."""

    def end(self, with_signal=signal.SIGTERM, within=PATIENCE):
        self.asked_to_end = True
        os.kill(child_of(self.process), with_signal)
        return self.process.wait(timeout=within)


class BootedMachine:
    """Runs until the block ends. `sources`: the folder that the commands of the documents are run from."""

    def __init__(self, sources):
        self._sources = sources

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="deskpulse-machine-")
        name = Path(self._folder.name).name
        self._log = Path(self._folder.name + ".log")
        with open(self._log, "wb") as log:
            self._outside = subprocess.Popen(
                # It goes with whoever has started it, however that ends.
                ["setpriv", "--pdeathsig", "KILL", "--", "unshare", *NAMESPACES, "--fork", "--kill-child", "--"]
                + ["bash", "-c", BOOT, "-", self._folder.name, str(self._sources), name],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._first = wait_for("the machine's first process", self._started)
            wait_for("the machine to be up", self._is_up)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._outside.kill()
        self._outside.wait()
        self._log.unlink()
        folder = self._folder.name
        # Until the last of its processes has gone, its groups cannot.
        forget = ["unshare", "--mount", "--", "bash", "-c", FORGET_GROUPS, "-", folder, Path(folder).name]
        wait_for("the machine to end", lambda: subprocess.run(forget, stderr=subprocess.DEVNULL).returncode == 0)
        self._folder.cleanup()

    def _started(self):
        if self._outside.poll() is not None:
            raise AssertionError(f"the machine did not start:\n{self._log.read_text('utf-8')}")
        return child_of(self._outside)

    def _is_up(self):
        return self._started() and self.run("systemctl is-active deskpulse-test.target").returncode == 0

    def _inside(self, folder, command):
        return (
            ["nsenter", "--target", str(self._first), *NAMESPACES, "--cgroup", "--root", "--wdns=/", "env", "-i"]
            + ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8"]
            + ["DEBIAN_FRONTEND=noninteractive", "bash", "-c", 'cd "$1" && eval "$2"', "-", str(folder), command]
        )

    def run(self, command, folder="/", typed=""):
        """By bash, to its end; what it printed on both ways is `stdout`."""
        return subprocess.run(
            self._inside(folder, command),
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=PATIENCE_WITH_A_COMMAND,
        )

    def start(self, command, folder="/"):
        """One that goes on until it is told to end."""
        return ProgramInside(*self._inside(folder, f"exec {command}"))

    # By its own programs: from here a link of it would lead to a file of this machine.

    def read(self, path):
        return subprocess.run(
            self._inside("/", f"cat {shlex.quote(path)}"), stdout=subprocess.PIPE, encoding="utf-8", check=True
        ).stdout

    def write(self, path, content, mode="0644"):
        """`content`: text or bytes."""
        subprocess.run(
            self._inside("/", f"install -D -m {mode} /dev/stdin {shlex.quote(path)}"),
            input=content.encode("utf-8") if isinstance(content, str) else content,
            check=True,
        )
