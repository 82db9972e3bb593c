// Good, near or bad: a number against its target. Every state has a word, a shape and a colour.

export const STATES = ["none", "good", "near", "bad"];

/** From this part of a target on, a number is near it. */
const NEAR = 0.8;

/** For targets that are not to be exceeded. `none` where there is no number or no target. */
export function against(value, target) {
  if (!Number.isFinite(value) || !Number.isFinite(target) || target <= 0) return "none";
  if (value > target) return "bad";
  return value >= target * NEAR ? "near" : "good";
}

/** How many may wait at once. The target is each shop's: several shops together have as many times that. */
export const waitingTarget = ({ targets, shop, shops }) =>
  (targets.waiting_customers ?? NaN) * (shop === null ? Math.max(shops.length, 1) : 1);

export const worst = (...states) =>
  STATES[Math.max(...states.map((state) => STATES.indexOf(state)))];

/**
 * An agent's load: conversations in hand against its capacity, never clamped; null while the
 * capacity is unknown. A capacity of 0 with work in hand is a load without end.
 */
export function loadOf({ open_conversations: open, capacity }) {
  if (!Number.isFinite(capacity)) return null;
  if (capacity > 0) return open / capacity;
  return open > 0 ? Infinity : 0;
}

export function loadState(load, targets) {
  if (load === null) return "none";
  const target = targets.load ?? 1;
  return load === Infinity ? "bad" : load === 0 ? "good" : against(load, target);
}

/** The most loaded first; whose capacity is unknown after all others, the busiest of them first. */
export function byLoad(a, b) {
  const [x, y] = [loadOf(a), loadOf(b)];
  if (x !== y) {
    if (x === null) return 1;
    if (y === null) return -1;
    return y - x;
  }
  return (
    b.open_conversations - a.open_conversations ||
    b.waiting_customers - a.waiting_customers ||
    b.oldest_wait_seconds - a.oldest_wait_seconds
  );
}

/** Where a line is going: its newest point against the mean of the quarter of an hour before. */
export function trend(points, stepSeconds) {
  const recent = points.slice(-1 - Math.round(900 / stepSeconds));
  const now = recent.pop();
  const before = recent.filter((point) => point !== null);
  if (!Number.isFinite(now) || before.length < 3) return "none";
  const mean = before.reduce((sum, point) => sum + point, 0) / before.length;
  if (now > mean * 1.1) return "rising";
  return now < mean * 0.9 ? "falling" : "steady";
}
