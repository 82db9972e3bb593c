#!/usr/bin/env python3
"""deskpulse.toml(5) out of the example configuration, which explains every setting.

usage: deploy/man/deskpulse_toml.py < deploy/deskpulse.toml > deploy/man/deskpulse.toml.5
"""

import re
import sys

HEADER = re.compile(r"#?(\[\[?[a-z_.]+\]\]?)")
SETTING = re.compile(r"#?([a-z0-9_]+) = (.*)")

BEGIN = r""".\" mdoc, made by deskpulse_toml.py from the example configuration.
.Dd November 21, 2026
.Dt DESKPULSE.TOML 5
.Os deskpulse
.Sh NAME
.Nm deskpulse.toml
.Nd configuration of deskpulsed
.Sh SYNOPSIS
.Pa /etc/deskpulse/deskpulse.toml
.Sh DESCRIPTION
The configuration of
.Xr deskpulsed 1
in TOML.
It runs without one: every setting has a default, or can be left out.
A key that is not known is an error, and so is a value that does not fit;
.Ic deskpulsed --check-config
says all of them, with line and column.
.Pp
A duration is a number with a unit, or several:
.Li 500ms ,
.Li 60s ,
.Li 1m30s ,
.Li 2h .
.Pp
A setting outside of lists of tables may also come from the environment, where
.Li feed.url
is
.Ev DESKPULSE_FEED_URL ,
or from the command line:
.Fl -set Li feed.url=...
The command line holds over the environment, and that over the file.
.Pp
Below, each setting stands with its default, or with an example where it has
none.
.Sh SETTINGS
"""

END = r""".Sh FILES
.Bl -tag -width Ds -compact
.It Pa /etc/deskpulse/deskpulse.toml
the configuration, with every setting explained in Chinese too
.El
.Sh EXAMPLES
A shop of a platform that is not the others':
.Bd -literal -offset indent
[feed]
url = "wss://chat.example.com/stream"
token_file = "/etc/deskpulse/feed-token"

[rules]
profile = "taobao"

[[shop]]
id = "flagship"
profile = "jd"
slow_after = "30s"
.Ed
.Sh SEE ALSO
.Xr deskpulsed 1
"""


def escape(text):
    text = text.replace("\\", "\\e").replace('"', "\\(dq")
    return "\\&" + text if text[:1] in ".'" else text


def wrapped(prose):
    """A sentence or a part of one a line, none over 80 columns."""
    lines = []
    for sentence in re.split(r"(?<=[.:;]) ", prose):
        line = ""
        for word in sentence.split():
            if line and len(line) + 1 + len(word) > 78:
                lines.append(line)
                line = ""
            line += (" " if line else "") + word
        lines.append(line)
    return "".join(escape(line) + "\n" for line in lines if line)


def page(configuration):
    out = [BEGIN]
    prose, inside, listing = [], False, False

    def end_of_list():
        nonlocal listing
        if listing:
            out.append(".El\n")
        listing = False

    def paragraph():
        nonlocal prose
        end_of_list()
        out.append(wrapped(" ".join(prose)))
        prose = []

    for line in configuration.split("\n"):
        header, setting = HEADER.fullmatch(line), SETTING.fullmatch(line)
        if header:
            inside = True
            end_of_list()
            out.append(f".Ss {escape(header[1])}\n")
            paragraph()
        elif setting:
            if not listing:
                out.append(".Bl -tag -width Ds\n")
                listing = True
            out.append(f".It Li {setting[1]} = {escape(setting[2])}\n")
            if prose:
                out.append(wrapped(" ".join(prose)))
            prose = []
        elif line == "#" and inside:
            paragraph()
        elif line.startswith("# ") and line.isascii():
            prose.append(line[2:])  # of the setting or the section that follows
        if not inside:
            prose = []  # of the file itself
    end_of_list()
    out.append(END)
    return "".join(out)


if __name__ == "__main__":
    sys.stdout.write(page(sys.stdin.read()))
