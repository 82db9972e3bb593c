/**
 * The queries, made of few parts so that the rules of proto/METRICS.md hold everywhere: numbers of
 * different windows are never added up, a mean is a sum over a sum and never a mean of means, what
 * has no denominator is absent, and a shop's customers are the shop's own number, never the sum of
 * its agents'.
 *
 * Every value is first reduced to one for each shop (or agent) by `max`, so that two daemons on the
 * same stream, or one that is scraped twice, do not count double. What a daemon says that is stale is left
 * out before that where another one has live numbers of the same shop.
 */

/** The variables that every dashboard has. */
const chosen = 'job=~"$job",instance=~"$instance"';

/** Rolling windows and the business day, as the label `window` has them. */
export type Window = "1m" | "5m" | "15m" | "30m" | "1h" | "today";

/** When a query is of: now, or yesterday at the same time. */
export type When = "" | " offset 1d";
export const yesterday: When = " offset 1d";

const and = (labels: string) => (labels === "" ? "" : `,${labels}`);
const window = (of: Window) => `window="${of}"`;

/** A series of the daemon about itself. */
export const own = (name: string, labels = "") => `${name}{${chosen}${and(labels)}}`;

const shopSelector = (name: string, labels: string) => `deskpulse_shop_${name}{${chosen},shop=~"$shop"${and(labels)}}`;

/** Which daemons know a shop, and of these the ones that are live (0) or stale (1). */
const shopInfoOf = (at: string) => `${shopSelector("info", "")}${at}`;
const ofThose = (stale: 0 | 1, at: string) => `on (instance) ${own("deskpulse_feed_stale")}${at} == ${stale}`;
/**
 * A vector with the labels `instance` and `shop`, without that of stale daemons where another one has live numbers of the
 * shop. Where none has, all stay, and `shownIsStale` marks them. `at` is the time of the vector, as an offset or with @.
 */
const newest = (vector: string, at = "") =>
  `${vector} unless on (instance, shop) (${shopInfoOf(at)} and ${ofThose(1, at)} and on (shop) (${shopInfoOf(at)} and ${ofThose(0, at)}))`;
/** 1 where the numbers of one of the chosen shops are stale by all daemons that know it. */
export const shownIsStale = `max(min by (shop) (${shopInfoOf("")} * on (instance) group_left () max by (instance) (${own("deskpulse_feed_stale")}))) or min(${own("deskpulse_feed_stale")})`;

/** A level of each shop. */
export const perShop = (name: string, labels = "", when: When = "") => perShopAnd("", name, labels, when);
/** The same for each value of another label. */
const perShopAnd = (label: string, name: string, labels: string, when: When = "") =>
  `max by (shop${and(label)}) (${newest(`${shopSelector(name, labels)}${when}`, when)})`;
/** A number in a window, of each shop. */
export const perShopIn = (of: Window, name: string, when: When = "") => perShop(name, window(of), when);

/** The sum over the chosen shops. */
export const overShops = (name: string, labels = "", when: When = "") => `sum(${perShop(name, labels, when)})`;
/** The sum over the shops and all values of another label, in a window. */
export const overShopsAnd = (label: string, of: Window, name: string) => `sum(${perShopAnd(label, name, window(of))})`;
export const overShopsIn = (of: Window, name: string, when: When = "") => overShops(name, window(of), when);
/** The greatest of the chosen shops. */
export const worstShop = (name: string, labels = "", when: When = "") =>
  `max(${newest(`${shopSelector(name, labels)}${when}`, when)})`;

/** A quotient of two vectors with the same labels; absent where the denominator is 0. */
export const ratio = (numerator: string, denominator: string) => `${numerator} / (${denominator} > 0)`;
/** A quotient over all chosen shops, as a sum over a sum. */
export const ratioOverShops = (of: Window, numerator: string, denominator: string, when: When = "") =>
  ratio(overShopsIn(of, numerator, when), overShopsIn(of, denominator, when));
export const ratioPerShop = (of: Window, numerator: string, denominator: string) =>
  ratio(perShopIn(of, numerator), perShopIn(of, denominator));

/** A quantile of response times cannot be added up: the worst shop's. */
export const responseQuantile = (quantile: "0.5" | "0.9" | "0.99", of: Window, when: When = "") =>
  worstShop("response_time_seconds", `quantile="${quantile}",${window(of)}`, when);

/** Name and rule profile of each shop, once, whichever daemon says it. */
export const shopInfo = `topk by (shop) (1, ${shopSelector("info", "")})`;
/** A vector by shop, with the shop's name as a label. */
export const withShopName = (vector: string) => `(${vector}) * on (shop) group_left (name) ${shopInfo}`;
/** The sum of a number over the shops of each rule profile. */
export const perProfileIn = (of: Window, name: string) =>
  `sum by (profile) (${perShopIn(of, name)} * on (shop) group_left (profile) ${shopInfo})`;

/** The same for a table, with no labels but those that it shows. */
export const shopNameAndProfile = `max by (shop, name, profile) (${shopInfo})`;

/** A counter's rate, of each shop. */
export const shopRate = (counter: string, labels: string) =>
  `max by (shop) (${newest(`rate(${shopSelector(counter, labels)}[$__rate_interval])`)})`;
/** How many fell into each bucket of a histogram at a time, over the shops. */
export const bucketsOverShops = (histogram: string) =>
  `sum by (le) (max by (shop, le) (${newest(`increase(${shopSelector(`${histogram}_bucket`, "")}[$__rate_interval])`)}))`;
/** A counter's rate for each shop and value of a label, added up over the shops. */
export const rateOverShops = (counter: string, label: string, labels = "") =>
  `sum by (${label}) (max by (shop, ${label}) (${newest(`rate(${shopSelector(counter, labels)}[$__rate_interval])`)}))`;
/** What a counter of the daemon grew by each second. */
export const rate = (counter: string, by: string, labels = "") =>
  `sum by (${by}) (rate(${own(counter, labels)}[$__rate_interval]))`;
/** The same for the values of a label that occurred at all in the time that is shown, of many that can. */
export const rateOfThoseSeen = (counter: string, by: string) =>
  `${rate(counter, by)} and on (${by}) (sum by (${by}) (increase(${own(counter)}[$__range])) > 0)`;
/** What a counter of the daemon grew by in the time that is shown. */
export const increase = (counter: string) => `sum(increase(${own(counter)}[$__range]))`;

/** The queue is reported as an agent, and is none. */
export const inQueue = 'agent="unassigned"';
export const people = 'agent!="unassigned"';
/** Those of them who are chosen, where a dashboard lets one choose agents. */
export const chosenPeople = `${people},agent=~"$agent"`;

/** The numbers of some agents, by the labels that they have. */
export function agents(who: string) {
  const selector = (name: string, labels: string) =>
    `deskpulse_agent_${name}{${chosen},shop=~"$shop",${who}${and(labels)}}`;
  const level = (name: string, labels = "", at = "") =>
    `max by (shop, agent) (${newest(`${selector(name, labels)}${at}`, at)})`;
  const within = (of: Window, name: string) => level(name, window(of));
  const info = `topk by (shop, agent) (1, ${selector("info", "")})`;
  /** Load; those without a known capacity, as robots, come after all others, by conversations. */
  const pressure = (at: string) => {
    const open = level("open_conversations", "", at);
    return `${ratio(open, level("capacity", "", at))} or on (shop, agent) ${open} / 1e6`;
  };
  return {
    level,
    within,
    /** Name and group of each, once, whichever daemon says it. */
    info,
    /** The same and presence, with no labels but those that a table shows. */
    nameAndGroup: `max by (shop, agent, name, group) (${info})`,
    presence: `max by (shop, agent, status) (topk by (shop, agent) (1, ${newest(selector("status", ""))}))`,
    /** Open conversations against what the agent can take; absent where that is unknown. */
    load: ratio(level("open_conversations"), level("capacity")),
    ratio: (of: Window, numerator: string, denominator: string) => ratio(within(of, numerator), within(of, denominator)),
    /** A counter's rate, of each. */
    rate: (counter: string, labels = "") =>
      `sum by (shop, agent) (max by (shop, agent, from) (${newest(`rate(${selector(counter, labels)}[$__rate_interval])`)}))`,
    /** A vector by shop and agent, with the agent's name as a label. */
    withName: (vector: string) => `(${vector}) * on (shop, agent) group_left (name) ${info}`,
    /** Only those under most pressure, so that tables stay readable. */
    mostPressed: (vector: string, count: number) => `(${vector}) and on (shop, agent) topk(${count}, ${pressure("")})`,
    /** The same, chosen at the end of the time that is shown, so that lines do not come and go. */
    mostPressedAtTheEnd: (vector: string, count: number) =>
      `(${vector}) and on (shop, agent) topk(${count}, ${pressure(" @ end()")})`,
  };
}

/**
 * The load of all agents together: conversations of those who have said what they can take and are
 * not offline, against that. Robots and the queue have no capacity and are no part of it.
 */
export const loadOfAll = (() => {
  const { level } = agents(people);
  const present = (vector: string) => `sum(${vector} unless on (shop, agent) ${level("status", 'status="offline"')})`;
  const capacity = level("capacity");
  return ratio(present(`(${level("open_conversations")} and on (shop, agent) ${capacity})`), present(capacity));
})();

/** The level that a number is held to, as set in [targets]; absent where none is set. */
export const target = (number: string) => `max(${own("deskpulse_target", `number="${number}"`)})`;
