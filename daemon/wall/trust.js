// May the numbers on the screen be read as live? If not the page turns grey, and says why in words.

/** Without a snapshot for this long the daemon counts as lost; one comes each second. */
export const LOST_AFTER_SECONDS = 2.5;

/**
 * `snapshot`: the newest, or null; `silentSeconds`: since it came, or since the page was opened;
 * `refused`: why the daemon gives none (unknown_shop, unauthorized, refused), or null.
 * Returns {grey, reason, windows}: `reason` is live, today_incomplete, or why the page is grey.
 *
 * Windows that miss events make the page grey. The business day alone does not, since after a start
 * in the middle of the day it misses the morning until midnight, and nobody believes a grey that
 * never ends: only what shows the day turns grey, and the status line says so.
 */
export function trust(snapshot, silentSeconds, refused = null) {
  const grey = (reason, windows = []) => ({ grey: true, reason, windows });
  if (refused !== null && (snapshot === null || silentSeconds > LOST_AFTER_SECONDS))
    return grey(refused);
  if (silentSeconds > LOST_AFTER_SECONDS) return grey("lost");
  if (snapshot === null) return grey("opening");
  const { status, watermark } = snapshot;
  if (status.state !== "live" || status.stale)
    return grey(STANDING_STILL.includes(status.state) ? status.state : "stale");
  if (!(watermark > 0)) return grey("starting");
  const windows = status.incomplete ?? [];
  if (windows.some((window) => window !== "today")) return grey("incomplete", windows);
  if (windows.length > 0) return { grey: false, reason: "today_incomplete", windows };
  return { grey: false, reason: "live", windows };
}

const STANDING_STILL = ["starting", "disconnected", "silent", "catching_up"];

/** How old the numbers are: what the daemon said, and the time since it said so. */
export function ageSeconds(snapshot, silentSeconds) {
  if (snapshot === null || !(snapshot.watermark > 0)) return null;
  return Math.max(0, (snapshot.at - snapshot.watermark) / 1000 + silentSeconds);
}
