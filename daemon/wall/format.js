// Numbers as they are read from five metres: short, of a steady width, and never rounded into
// another meaning. `null` and `undefined` are no data, shown as a dash and never as 0.

export const NO_DATA = "–";

const isMissing = (value) => value === null || value === undefined || !Number.isFinite(value);

const groups = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** A count: 12, 1,234, 98,765, and beyond that 12.3万 or 123K. */
export function count(value, lang) {
  if (isMissing(value)) return NO_DATA;
  const whole = Math.round(value);
  if (whole < 100_000) return groups.format(whole);
  const [unit, word] = scaleOf(whole, lang);
  const scaled = whole / unit;
  // Cut, not rounded: 99,999,999 is not yet a 亿.
  return `${scaled < 100 ? Math.floor(scaled * 10) / 10 : groups.format(Math.floor(scaled))}${word}`;
}

function scaleOf(value, lang) {
  if (lang === "zh") return value < 1e8 ? [1e4, "万"] : [1e8, "亿"];
  return value < 1e6 ? [1e3, "K"] : value < 1e9 ? [1e6, "M"] : [1e9, "B"];
}

/** A wait, in whole seconds that have passed: 0:42, 12:05, 1:02:33. */
export function wait(seconds) {
  if (isMissing(seconds)) return NO_DATA;
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A wait where there is little room: from an hour on in minutes, 62′. */
export const shortWait = (seconds) => (seconds < 3600 || isMissing(seconds) ? wait(seconds) : `${groups.format(Math.floor(seconds / 60))}′`);

/** A mean of seconds: 6.6, 42.0, then 1:42 as a wait. */
export function seconds(value) {
  if (isMissing(value)) return NO_DATA;
  return hasSecondsUnit(value) ? value.toFixed(1) : wait(Math.round(value));
}

/** A quantile of seconds, which is known to a twentieth only: 7, 42, 1:42. */
export function wholeSeconds(value) {
  if (isMissing(value)) return NO_DATA;
  return hasSecondsUnit(value) ? String(Math.round(value)) : wait(Math.round(value));
}

/** Whether it is written as a number of seconds, and wants its unit behind it. */
export const hasSecondsUnit = (value) => !isMissing(value) && value < 99.5;

/** A part of a whole, 0…1 and above: 7.2 %, 42 %, 117 %. */
export function percent(share) {
  if (isMissing(share)) return NO_DATA;
  const hundred = share * 100;
  return `${hundred > 0 && hundred < 9.95 ? hundred.toFixed(1) : groups.format(hundred)}%`;
}

/** The quotient, or null where there is nothing to divide by: an empty denominator is no data. */
export const quotient = (part, whole) =>
  isMissing(part) || isMissing(whole) || whole <= 0 ? null : part / whole;

/** 21:03:12 in the zone of that name; in the screen's where the browser does not know it. */
export const clock = (milliseconds, zone) => zoned(zone).time.format(milliseconds);

/** 21:03 */
export const minute = (milliseconds, zone) => clock(milliseconds, zone).slice(0, 5);

/** What the zone is called, GMT+8, where the clocks of the screen show another time; else nothing. */
export function zoneName(milliseconds, zone) {
  const { date } = zoned(zone);
  if (date.format(milliseconds) === zoned(undefined).date.format(milliseconds)) return "";
  return date.formatToParts(milliseconds).find(({ type }) => type === "timeZoneName").value;
}

// Making a formatter costs more than what it writes.
const ofZones = new Map();

function zoned(zone) {
  if (!ofZones.has(zone)) ofZones.set(zone, formattersOf(zone));
  return ofZones.get(zone);
}

function formattersOf(timeZone) {
  const time = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  try {
    return {
      time: new Intl.DateTimeFormat("en-GB", { ...time, timeZone }),
      date: new Intl.DateTimeFormat("en-GB", { ...time, timeZone, day: "numeric", timeZoneName: "shortOffset" }),
    };
  } catch {
    return zoned(undefined);
  }
}
