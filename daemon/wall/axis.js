// The scale beside a line: where it ends, and how its steps are written. It begins at 0 and has one
// step, at the half, which is to be read as easily as the top.
import * as format from "./format.js";

/** Numbers of something. */
export const countAxis = (lang) => ({ top: roundTop, label: (value) => format.count(value, lang) });

/** Waits: steps of whole minutes, or hours. */
export const WAIT_AXIS = { top: wholeMinutes, label: format.wait };

/** Short times: seconds up to a minute, then waits. */
export const SECONDS_AXIS = {
  top: (value) => (value <= 60 ? roundTop(value) : wholeMinutes(value)),
  label: (value, top) => (top <= 60 ? format.wholeSeconds(value) : format.wait(value)),
};

/** The smallest even, round number that is not below it. */
function roundTop(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return Math.max(2, [1, 2, 4, 6, 8, 10].map((factor) => factor * power).find((top) => top >= value));
}

const MINUTES = [2, 4, 6, 8, 10, 20, 30, 40, 60];
const HOURS = [2, 4, 6, 8, 12, 24];

function wholeMinutes(seconds) {
  const tops = [...MINUTES.map((minutes) => minutes * 60), ...HOURS.map((hours) => hours * 3600)];
  return tops.find((top) => top >= seconds) ?? Math.ceil(seconds / 172_800) * 172_800;
}
