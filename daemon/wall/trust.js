// May the numbers on the screen be read as live? If not the page turns grey, and says why in words.

/** Without a snapshot for this long the daemon counts as lost; one comes each second. */
export const LOST_AFTER_SECONDS = 2.5;

/**
 * `snapshot`: the newest, or null; `silentSeconds`: since it came, or since the page was opened;
 * `refused`: why the daemon gives none (unknown_shop, unauthorized, refused), or null; `shown`: the
 * windows that numbers on the screen are of.
 * Returns {grey, reason, windows}: `reason` is live, incomplete, or why the page is grey; `windows`
 * are those shown that miss events.
 *
 * A window that misses events does not make the page grey: who waits now is known all the same, and
 * nobody believes a grey that lasts an hour after a second's gap. The numbers of that window are
 * marked, each for itself, and the status line says so.
 */
export function trust(snapshot, silentSeconds, refused = null, shown = []) {
  const grey = (reason, windows = []) => ({ grey: true, reason, windows });
  if (refused !== null && (snapshot === null || silentSeconds > LOST_AFTER_SECONDS))
    return grey(refused);
  if (silentSeconds > LOST_AFTER_SECONDS) return grey("lost");
  if (snapshot === null) return grey("opening");
  const { status } = snapshot;
  // Starting: there was no connection in this run.
  const isConnected = status.state !== "starting" && status.state !== "disconnected";
  if (!hasNumbers(snapshot)) return grey(isConnected ? "no_event" : "no_feed");
  if (!isConnected) return grey("disconnected");
  if (status.state !== "live" || status.stale)
    return grey(STANDING_STILL.includes(status.state) ? status.state : "stale");
  const windows = shown.filter((window) => misses(snapshot, window));
  return { grey: false, reason: windows.length > 0 ? "incomplete" : "live", windows };
}

const STANDING_STILL = ["silent", "catching_up"];

/** Whether the numbers of a window miss events. */
export const misses = ({ status }, window) => (status.incomplete ?? []).includes(window);

/** Before there is any time, a number that is 0 says nothing. */
export const hasNumbers = ({ watermark }) => watermark > 0;

/** The same snapshot with its names and targets, and no number. */
export const withoutNumbers = (snapshot) => ({
  ...snapshot,
  status: { ...snapshot.status, incomplete: [] },
  numbers: { windows: {} },
  shops: snapshot.shops.map(({ shop, name, profile }) => ({ shop, name, profile })),
  agents: [],
  waiting: [],
});

/** The window that rates a minute are of; undefined where only longer stretches are kept. */
export function shortestWindow(windows) {
  const [shortest] = windows.filter((window) => minutesOf(window) !== null).sort((a, b) => minutesOf(a) - minutesOf(b));
  return shortest;
}

/** How long a window is: "5m" is 5; null for the day, which has no fixed length. */
export function minutesOf(window) {
  const [, n, unit] = /^(\d+)([smhd])$/.exec(window ?? "") ?? [];
  return n ? (Number(n) * { s: 1, m: 60, h: 3600, d: 86400 }[unit]) / 60 : null;
}

/** How old the numbers are: what the daemon said, and the time since it said so. */
export function ageSeconds(snapshot, silentSeconds) {
  if (snapshot === null || !(snapshot.watermark > 0)) return null;
  return Math.max(0, (snapshot.at - snapshot.watermark) / 1000 + silentSeconds);
}
