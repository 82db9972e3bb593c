"""What the numbers must be: `deskpulsed replay` of everything that the platform sent."""

import subprocess

import programs
from programs import clean_environment, samples

OWN = {
    "deskpulse_events_total",
    "deskpulse_rejected_events_total",
    "deskpulse_late_events_total",
    "deskpulse_duplicate_events_total",
    "deskpulse_watermark_timestamp_seconds",
    "deskpulse_conversations",
}


def is_of_the_events(name):
    """Whether the events alone decide this series; the others are about connections, disks and requests."""
    return name in OWN or name.startswith(("deskpulse_shop_", "deskpulse_agent_"))


def replayed(record, configuration, until_ms, daemon=None):
    """All series of a recording at a moment, by (name, labels)."""
    command = [daemon or programs.program("DAEMON"), "replay", "--config", configuration, "--agents"]
    run = subprocess.run(
        [*map(str, command), "--until", str(until_ms), str(record)],
        env=clean_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return samples(run.stdout)


def shown(daemon):
    """All series of a daemon that its events decide. Its time must stand still: the feed disconnected."""
    both = {**samples(daemon.page()), **samples(daemon.page("/metrics/agents"))}
    return {key: value for key, value in both.items() if is_of_the_events(key[0])}


def scopes_of(series):
    """Without what is counted since a start."""
    counters = ("_total", "_bucket", "_sum", "_count")
    return {
        key: value
        for key, value in series.items()
        if not key[0].endswith(counters) or any(label == "window" for label, _ in key[1])
    }


def watermark_ms(series):
    return round(series["deskpulse_watermark_timestamp_seconds", frozenset()] * 1000)


def differences(found, wanted):
    """One line for each series that is not the same in both, in the order of their names."""
    lines = []
    for key in sorted(found.keys() | wanted.keys(), key=lambda key: (key[0], sorted(key[1]))):
        if found.get(key) != wanted.get(key):
            name, labels = key
            text = ",".join(f'{k}="{v}"' for k, v in sorted(labels))
            lines.append(f"{name}{{{text}}}: the daemon has {found.get(key)}, the replay {wanted.get(key)}")
    return lines


def differences_from_replay(daemon, record, configuration):
    """Of a daemon whose feed is disconnected and that has read all of the record."""
    found = shown(daemon)
    return differences(found, replayed(record, configuration, watermark_ms(found)))
