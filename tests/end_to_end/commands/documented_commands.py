"""The commands of the documents, as they stand there."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[3]
# What a command in a sentence begins with: a program of ours, or one that the documents ask an operator to use. It has an
# argument: a name alone is a program that is spoken of.
OURS = r"deskpulsed|deskpulse-sim|(?:deploy|tests|build/release)/[\w/.]+"
ADMINISTRATORS = r"sudo|systemctl|journalctl|timedatectl|install|scp|curl|openssl|apt-get|cmake|ctest|promtool|amtool"
ASSIGNMENT = r"DESKPULSE_\w+=\S+"
IN_A_SENTENCE = re.compile(rf"`((?:{OURS}|{ADMINISTRATORS}|{ASSIGNMENT}) [^`\n]+)`")
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
# After a command, and far enough from it to be none of it.
COMMENT = re.compile(r"\s{2,}#\s.*$")


@dataclass(frozen=True)
class Command:
    text: str
    typed: str = ""  # what the comments under it say that a person then types

    def is_left_running(self):
        return self.text.endswith(" &")


def of_shell(block):
    found = []
    for line in re.sub(r" *\\\n\s*", " ", block).splitlines():
        if line.startswith("#"):
            before = found.pop()
            found.append(Command(before.text, before.typed + line.lstrip("# ") + "\n"))
        elif line.strip():
            found.append(Command(COMMENT.sub("", line).strip()))
    return found


def in_markdown(path):
    """Those of its blocks of shell and of its sentences, in the order in which they stand there, each once."""
    text = (SOURCES / path).read_text("utf-8")
    found = [
        (block.start(), one) for block in BLOCK.finditer(text) if block[2] == "sh" for one in of_shell(block[3])
    ]
    prose = BLOCK.sub(lambda block: " " * len(block[0]), text)
    found += [(match.start(), Command(match[1])) for match in IN_A_SENTENCE.finditer(prose)]
    return list(dict.fromkeys(one for _, one in sorted(found, key=lambda pair: pair[0])))


def block_of(path, language, containing):
    """The text of the one block of this language that has these words."""
    text = (SOURCES / path).read_text("utf-8")
    (found,) = [block[3] for block in BLOCK.finditer(text) if block[2] == language and containing in block[3]]
    return found


def in_manual(page):
    text = (SOURCES / "deploy/man" / page).read_text("utf-8")
    return [Command(line) for line in re.findall(r"^\.Dl \$ (.*)$", text, re.MULTILINE)]


def in_help(*program):
    """Those of its examples, which its explanations stand deeper than."""
    shown = subprocess.run([*program, "--help"], capture_output=True, encoding="utf-8", check=True).stdout
    examples = shown.partition("\nExamples:\n")[2].partition("\n\n")[0]
    return [Command(line) for line in re.findall(r"^  (\S.*)$", examples, re.MULTILINE)]
