#!/usr/bin/env python3
"""How the real daemon begins and ends: clear sentences and exit codes."""

import os
import signal
import socket

import programs
from programs import Daemon, ProgramTest, Simulator

EX_NOINPUT = 66
EX_UNAVAILABLE = 69
EX_CONFIG = 78
# Pauses of the feed that are longer than any test waits: whoever waits for one of them does not end in time.
NEVER = 'timeouts.close = "5m"\nreconnect.base = "1h"\nreconnect.cap = "1h"\n'


class StartAndStop(ProgramTest):
    def one_sentence(self, said):
        lines = said.strip().split("\n")
        self.assertEqual(len(lines), 1, said)
        return lines[0]

    def test_bad_configuration_is_a_sentence_with_line_and_column(self):
        path = self.write("bad.toml", '[feed]\nurl = "ws://127.0.0.1:9/"\n[rules]\n  slow_aftre = "60s"\n')

        code, said = self.run_to_end("--config", path)

        self.assertEqual(code, EX_CONFIG)
        sentence = self.one_sentence(said)
        self.assertIn("bad.toml:4:3: ", sentence)
        self.assertIn("slow_after", sentence)  # the nearest known key

    def test_check_config_says_the_same_and_starts_nothing(self):
        path = self.write("bad.toml", '[http]\nlisten = "nowhere"\n')

        checked = self.run_to_end("--config", path, "--check-config")

        self.assertEqual(checked, self.run_to_end("--config", path))
        self.assertEqual(checked[0], EX_CONFIG)
        self.assertIn("bad.toml:2:10: ", self.one_sentence(checked[1]))

    def test_port_in_use_is_a_sentence(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            address = "127.0.0.1:%d" % other.getsockname()[1]
            path = self.write("deskpulse.toml", f'[http]\nlisten = "{address}"\n')

            code, said = self.run_to_end("--config", path)

        self.assertEqual(code, EX_UNAVAILABLE)
        sentence = self.one_sentence(said)
        self.assertIn(address, sentence)
        self.assertIn("in use", sentence)

    def test_unreadable_token_file_is_a_sentence(self):
        for what in ("missing", "empty", "a folder"):
            with self.subTest(what):
                token = self.folder / what
                if what == "empty":
                    token.write_text("\n")
                elif what == "a folder":
                    token.mkdir()
                path = self.write("deskpulse.toml", f'[feed]\ntoken_file = "{token}"\n')

                code, said = self.run_to_end("--config", path)

                self.assertEqual(code, EX_NOINPUT)
                self.assertIn(str(token), self.one_sentence(said))

    def test_token_file_without_permission_is_a_sentence(self):
        if os.geteuid() == 0:
            return  # to root every file is readable
        token = self.write("token", "secret")
        token.chmod(0)
        path = self.write("deskpulse.toml", f'[feed]\ntoken_file = "{token}"\n')

        code, said = self.run_to_end("--config", path)

        self.assertEqual(code, EX_NOINPUT)
        self.assertIn(str(token), self.one_sentence(said))

    def test_files_for_tls_that_hold_none_are_a_sentence(self):
        text = self.write("text", "no certificate\n")
        for section in (
            f'[feed]\ntls.ca_file = "{text}"\n',
            f'[http.tls_server_config]\ncert_file = "{text}"\nkey_file = "{text}"\n',
        ):
            with self.subTest(section):
                path = self.write("deskpulse.toml", section)

                code, said = self.run_to_end("--config", path)

                self.assertEqual(code, EX_NOINPUT)
                self.assertIn(str(text), self.one_sentence(said))
                self.assertEqual(self.run_to_end("--config", path, "--check-config"), (code, said))

    def test_token_reaches_the_server_and_no_log(self):
        platform = self.run_program(Simulator("--token", "word-nobody-may-see"))
        token = self.write("token", "word-nobody-may-see\n")
        daemon = self.run_program(
            Daemon(
                self.folder,
                f'[feed]\nurl = "{platform.url()}"\ntoken_file = "{token}"\n[log]\nlevel = "debug"\n',
            )
        )

        daemon.wait_until_ready()
        self.assertEqual(daemon.end(), 0)

        self.assertNotIn("word-nobody-may-see", daemon.log)

    def test_ends_with_0_at_a_signal_and_waits_for_no_timeout(self):
        for with_signal in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(with_signal.name):
                platform = self.run_program(Simulator())
                daemon = self.run_program(Daemon(self.folder, f'[feed]\nurl = "{platform.url()}"\n{NEVER}'))
                daemon.wait_until_ready()

                self.assertEqual(daemon.end(with_signal), 0)

                self.assertIn("Daemon stopped.", daemon.log)

    def test_ends_with_0_while_no_server_answers(self):
        daemon = self.run_program(Daemon(self.folder, f'[feed]\nurl = "ws://127.0.0.1:9/"\n{NEVER}'))
        ready, why = daemon.ready()
        self.assertFalse(ready)
        self.assertIn("reason", why)

        self.assertEqual(daemon.end(), 0)


if __name__ == "__main__":
    programs.main()
