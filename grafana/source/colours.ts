/**
 * Okabe and Ito's palette, which colour-blind people can tell apart. Blue is good, orange is near the
 * limit, vermilion is over it; a word or a shape says the same wherever a value is judged.
 */
export const good = "#0072B2";
export const near = "#E69F00";
export const bad = "#D55E00";
export const neutral = "#999999";

/** For lines, in the order in which they are given out; they hold on a dark and on a light ground. */
export const lines = ["#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#0072B2", "#F0E442", "#D55E00", "#999999"] as const;
