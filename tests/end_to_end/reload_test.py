#!/usr/bin/env python3
"""A new configuration for the real daemon while it runs, and what it tells a service manager."""

import base64
import ctypes
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import programs
from programs import Daemon, ProgramTest, Simulator, get, value, wait_for

# Of the password "U*U", from the published test vectors of bcrypt.
BCRYPT = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
SUCCESSFUL = "deskpulse_config_last_reload_successful"
SUCCESS_TIME = "deskpulse_config_last_reload_success_timestamp_seconds"
WATCHDOG_USEC = 400_000


def target(page, number):
    return value(page, "deskpulse_target", number=number)


class Reload(ProgramTest):
    def start(self, configuration, *arguments):
        daemon = self.run_program(Daemon(self.folder, configuration, *arguments))
        daemon.address()
        return daemon

    def reload(self, daemon, configuration, outcome="Configuration reloaded"):
        """Returns what the log said of it."""
        said_before = len(daemon.log)
        Path(daemon.path).write_text(configuration, encoding="utf-8")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(f"{outcome!r} in the log", lambda: outcome in daemon.log[said_before:])
        return daemon.log[said_before:]

    def test_a_start_is_the_first_reload(self):
        daemon = self.start("")

        page = daemon.page()

        self.assertEqual(value(page, SUCCESSFUL), 1)
        self.assertAlmostEqual(value(page, SUCCESS_TIME), time.time(), delta=programs.PATIENCE)

    def test_takes_over_what_changed_and_logs_it(self):
        daemon = self.start("[targets]\nslow_share = 0.1\n")
        before = value(daemon.page(), SUCCESS_TIME)

        said = self.reload(
            daemon, '[targets]\nslow_share = 0.25\nload = 0\n[log]\nlevel = "warn"\nformat = "json"\n'
        )

        page = daemon.page()
        self.assertEqual(target(page, "slow_share"), 0.25)
        self.assertIsNone(target(page, "load"))
        self.assertEqual(value(page, SUCCESSFUL), 1)
        self.assertGreater(value(page, SUCCESS_TIME), before)
        self.assertRegex(said, r'msg="Setting changed." key=targets.slow_share from=0.1 to=0.25')
        self.assertRegex(said, r"key=log.level from=info to=warn")
        self.assertRegex(said, r"changed=4 need_restart=0")
        said = self.reload(daemon, "[rules]\nslow_times = 2\n", "restart")
        self.assertRegex(said, r'^\{"ts":.*"level":"warn",.*"key":"rules.slow_times"')
        self.assertNotIn("Configuration reloading", said)  # below the level

    def test_a_bad_file_changes_nothing(self):
        daemon = self.start("[targets]\nload = 0.5\n")
        before = value(daemon.page(), SUCCESS_TIME)

        said = self.reload(daemon, "[targets]\nload = 0.7\nslow_shar = 1\nslow_share = 3\n", "not reloaded")

        page = daemon.page()
        self.assertEqual(target(page, "load"), 0.5)
        self.assertEqual(value(page, SUCCESSFUL), 0)
        self.assertEqual(value(page, SUCCESS_TIME), before)
        self.assertIn(".toml:3:1: ", said)
        self.assertIn(".toml:4:14: ", said)
        self.reload(daemon, "[targets]\nload = 0.7\n")
        page = daemon.page()
        self.assertEqual(target(page, "load"), 0.7)
        self.assertEqual(value(page, SUCCESSFUL), 1)

    def test_a_file_that_is_gone_or_names_one_that_is_not_there_changes_nothing(self):
        daemon = self.start("[targets]\nload = 0.5\n")
        for line in (
            '[feed]\ntoken_file = "/nowhere/token"',
            '[feed]\ntls.ca_file = "/etc/passwd"',
            '[http.tls_server_config]\ncert_file = "/nowhere/cert"\nkey_file = "/nowhere/key"',
        ):
            with self.subTest(line):
                said = self.reload(daemon, f"{line}\n[targets]\nload = 0.7\n", "not reloaded")
                self.assertIn(re.search(r'"(/.*?)"', line)[1], said)
        said_before = len(daemon.log)
        os.rename(daemon.path, daemon.path + ".away")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for("the refusal", lambda: "not reloaded" in daemon.log[said_before:])

        self.assertEqual(target(daemon.page(), "load"), 0.5)
        self.assertEqual(value(daemon.page(), SUCCESSFUL), 0)

    def test_what_needs_a_restart_stays_and_is_said_each_time(self):
        daemon = self.start('[[shop]]\nid = "a"\n')
        next_one = '[rules]\nslow_after = "30s"\n[[shop]]\nid = "b"\n'

        for _ in range(2):
            said = self.reload(daemon, next_one)

            self.assertIn('level=warn msg="Setting changes at the next restart." key=rules.slow_after', said)
            self.assertIn("key=shop.b", said)
            self.assertIn("changed=0 need_restart=3", said)
        page = daemon.page()
        self.assertIsNotNone(value(page, "deskpulse_shop_waiting_customers", shop="a"))
        self.assertIsNone(value(page, "deskpulse_shop_waiting_customers", shop="b"))
        self.assertEqual(value(page, SUCCESSFUL), 1)

    def test_flags_still_win_over_the_file(self):
        daemon = self.start("", "--set", "targets.load=0.5")

        said = self.reload(daemon, "[targets]\nload = 0.7\nslow_share = 0.2\n")

        self.assertEqual(target(daemon.page(), "load"), 0.5)
        self.assertNotIn("targets.load", said)

    def test_the_feed_goes_on_where_it_was(self):
        platform = self.run_program(Simulator())
        feed = f'[feed]\nurl = "{platform.url()}"\n'
        daemon = self.start(feed)
        daemon.wait_until_ready()

        self.reload(daemon, feed + 'timeouts.close = "1s"\n')

        wait_for("the feed to be back", lambda: "resume=ok" in daemon.log)
        daemon.wait_until_ready()
        page = daemon.page()
        self.assertEqual(value(page, "deskpulse_feed_reconnects_total"), 1)
        self.assertEqual(value(page, "deskpulse_feed_gaps_total"), 0)

    def test_the_feed_moves_to_another_server_and_no_secret_is_logged(self):
        first = self.run_program(Simulator("--token", "word-nobody-may-see"))
        second = self.run_program(Simulator("--token", "word-nobody-may-hear"))
        old = self.write("old", "word-nobody-may-see\n")
        new = self.write("new", "word-nobody-may-hear\n")
        daemon = self.start(f'[feed]\nurl = "{first.url()}?key=first-secret"\ntoken_file = "{old}"\n')
        daemon.wait_until_ready()
        self.assertEqual(first.end(), 0)

        self.reload(daemon, f'[feed]\nurl = "{second.url()}?key=second-secret"\ntoken_file = "{new}"\n')

        port = second.url().split(":")[2].rstrip("/")
        daemon.said(rf'"Feed connected." host=127.0.0.1 port={port}')
        self.assertIn(f"to=ws://127.0.0.1:{port}/(secret)", daemon.log)
        for secret in ("word-nobody", "first-secret", "second-secret"):
            self.assertNotIn(secret, daemon.log)

    def test_passwords_and_hosts_hold_from_the_reload_on(self):
        daemon = self.start("")
        url = f"http://{daemon.address()}/-/healthy"
        by_name = urllib.request.Request(url, headers={"Host": "wall.example.com"})
        self.assertEqual(get(url)[0], 200)
        self.assertEqual(get(by_name)[0], 421)

        said = self.reload(
            daemon,
            '[http]\nallowed_hosts = ["wall.example.com"]\n'
            f'[http.basic_auth_users]\nalice = "{BCRYPT}"\n',
        )

        self.assertEqual(get(url)[0], 401)
        by_name.add_header("Authorization", "Basic " + base64.b64encode(b"alice:U*U").decode())
        self.assertEqual(get(by_name)[0], 200)
        self.assertIn("key=http.basic_auth_users.alice", said)
        self.assertNotIn("$2a$", daemon.log)
        self.reload(daemon, "")
        self.assertEqual(get(url)[0], 200)

    def test_https_can_be_turned_on(self):
        daemon = self.start("")
        cert, key = self.folder / "cert.pem", self.folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
            + ["-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=wall"]
            + ["-addext", "subjectAltName=IP:127.0.0.1"],
            check=True,
            capture_output=True,
        )

        self.reload(daemon, f'[http.tls_server_config]\ncert_file = "{cert}"\nkey_file = "{key}"\n')

        trusting = ssl.create_default_context(cafile=cert)
        with urllib.request.urlopen(
            f"https://{daemon.address()}/-/healthy", timeout=programs.PATIENCE, context=trusting
        ) as answer:
            self.assertEqual(answer.status, 200)


class Manager:
    """Stands in for systemd: its notification socket."""

    def __init__(self, address):
        self.address = address
        self.heard = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self):
        self._reader.start()
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()

    def _read(self):
        while True:
            message = self._socket.recv(4096)
            if not message:
                return
            self.heard.append(message.decode("utf-8"))

    def wait_for(self, message, times=1):
        wait_for(f"{message!r}", lambda: self.count(message) >= times)

    def count(self, message):
        return sum(each.startswith(message) for each in self.heard)


class ManagedDaemon(Daemon):
    def __init__(self, folder, manager, configuration="", watchdog="export WATCHDOG_PID=$$"):
        super().__init__(folder, configuration)
        script = (
            f"export NOTIFY_SOCKET='{manager.address}' WATCHDOG_USEC={WATCHDOG_USEC}; {watchdog}; "
            'exec "$0" "$@"'
        )
        self.command = ["/bin/sh", "-c", script, *self.command]

    def thread(self, name):
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            if (task / "comm").read_text().strip() == name:
                return int(task.name)
        raise AssertionError(f"no thread {name}")


class Frozen:
    """One thread of another process, stopped in the way a debugger does it."""

    PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207

    def __init__(self, pid, thread):
        self.stat = Path(f"/proc/{pid}/task/{thread}/stat")
        self.thread = thread

    def _ask(self, request):
        if programs.libc.ptrace(request, self.thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")

    def __enter__(self):
        self._ask(self.PTRACE_SEIZE)
        self._ask(self.PTRACE_INTERRUPT)
        os.waitpid(self.thread, 0x40000000)  # __WALL
        return self

    def __exit__(self, *_):
        self._ask(self.PTRACE_DETACH)


class Notification(ProgramTest):
    def setUp(self):
        super().setUp()
        self.manager = self.run_program(Manager(str(self.folder / "notify")))

    def start(self, *arguments, **more):
        return self.run_program(ManagedDaemon(self.folder, self.manager, *arguments, **more))

    def assert_silent(self, what):
        """Absence can only be waited for. One may be on its way; eight are due in this time."""
        heard = self.manager.count(what)
        time.sleep(4 * WATCHDOG_USEC / 1e6)
        self.assertLessEqual(self.manager.count(what), heard + 1)

    def assert_fed_again(self):
        self.manager.wait_for("WATCHDOG=1", self.manager.count("WATCHDOG=1") + 3)

    def test_ready_when_it_answers_and_not_only_when_the_feed_is_there(self):
        daemon = self.start('[feed]\nurl = "ws://127.0.0.1:9/"\n')

        self.manager.wait_for("READY=1")

        # At once, without waiting: the line with the port was written before.
        self.assertEqual(get(f"http://{daemon.address()}/-/healthy")[0], 200)
        self.manager.wait_for("STATUS=Feed ")
        status = next(each for each in self.manager.heard if each.startswith("STATUS="))
        self.assertRegex(status, r"^STATUS=Feed (starting|disconnected), 0 customers waiting\.$")

    def test_an_abstract_socket_will_do(self):
        self.manager = self.run_program(Manager(f"@deskpulse-test-{os.getpid()}"))
        self.start()

        self.manager.wait_for("READY=1")

    def test_a_reload_and_the_end_are_announced(self):
        daemon = self.start()
        self.manager.wait_for("READY=1")

        daemon.process.send_signal(signal.SIGHUP)
        self.manager.wait_for("READY=1", 2)
        said = [each.split("\n")[0] for each in self.manager.heard]
        self.assertLess(said.index("RELOADING=1"), len(said) - said[::-1].index("READY=1"))
        reloading = next(each for each in self.manager.heard if each.startswith("RELOADING"))
        self.assertRegex(reloading, r"^RELOADING=1\nMONOTONIC_USEC=\d+$")

        Path(daemon.path).write_text("nonsense", encoding="utf-8")
        daemon.process.send_signal(signal.SIGHUP)
        self.manager.wait_for("READY=1", 3)  # or systemd would wait for ever

        self.assertEqual(daemon.end(), 0)
        self.manager.wait_for("STOPPING=1")

    def test_the_watchdog_is_fed_until_the_process_stands_still(self):
        daemon = self.start()
        self.manager.wait_for("WATCHDOG=1", 3)

        daemon.process.send_signal(signal.SIGSTOP)
        self.assert_silent("WATCHDOG=1")

        daemon.process.send_signal(signal.SIGCONT)
        self.assert_fed_again()

    def test_the_watchdog_is_not_fed_while_one_of_the_two_threads_stands_still(self):
        daemon = self.start()
        self.manager.wait_for("WATCHDOG=1", 3)

        for thread in (daemon.thread("http"), daemon.process.pid):
            with Frozen(daemon.process.pid, thread):
                self.assert_silent("WATCHDOG=1")
            self.assert_fed_again()

    def test_a_watchdog_meant_for_another_process_is_not_fed(self):
        self.start(watchdog="export WATCHDOG_PID=1")
        self.manager.wait_for("STATUS=", 2)

        self.assertEqual(self.manager.count("WATCHDOG=1"), 0)

    def test_no_core_is_written_and_the_process_series_are_there(self):
        daemon = self.start()
        self.manager.wait_for("READY=1")
        proc = Path(f"/proc/{daemon.process.pid}")

        self.assertRegex((proc / "limits").read_text(), r"Max core file size\s+0\s+0\s")
        self.assertEqual(int((proc / "coredump_filter").read_text(), 16), 0)
        page = daemon.page()
        for name in ("process_open_fds", "process_resident_memory_bytes", "process_cpu_seconds_total"):
            self.assertIsNotNone(value(page, name), name)


if __name__ == "__main__":
    programs.main()
