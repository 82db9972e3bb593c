import * as series from "./series";
import type { Say } from "./language";

/** A number that is held to a target, in one place for panels, the strip of verdicts and lines. */
export interface Judged {
  /** Its `number` in deskpulse_target. */
  number: string;
  title: string;
  description: string;
  unit: string;
  expr: string;
  /** The target's query; a static one stands in where no target is set. */
  target: string;
  fallback: number;
  /** Whether it is to be reached, as a timely rate, or not to be passed. */
  wanted: "below" | "above";
}

/** The share of the target from which a number counts as near it. */
export const nearBelow = 0.8;
export const nearAbove = 0.95;

/** 0 within the target, 1 near it, 2 over it. */
export function verdict(judged: Judged): string {
  const judgement =
    judged.wanted === "below"
      ? `(${judged.expr} >= bool ${nearBelow} * (${judged.target})) + (${judged.expr} > bool (${judged.target}))`
      : `(${judged.expr} < bool (${judged.target})) + (${judged.expr} < bool ${nearAbove} * (${judged.target}))`;
  return judgement;
}

const description = (say: Say, what: string, whatEnglish: string, number: string) =>
  say(
    `${what}蓝色达标，橙色接近，橙红超标；标准值为 deskpulse_target{number="${number}"}。`,
    `${whatEnglish} Blue is within the target, orange near it, vermilion over it; the target is deskpulse_target{number="${number}"}.`,
  );

export function judgedNumbers(say: Say) {
  const number = (
    name: string,
    title: string,
    [zh, en]: readonly [string, string],
    rest: Omit<Judged, "number" | "title" | "description" | "target" | "wanted"> & Partial<Judged>,
  ): Judged => ({
    number: name,
    title,
    description: description(say, zh, en, name),
    target: series.target(name),
    wanted: "below",
    ...rest,
  });
  return {
    waiting: number(
      "waiting_customers",
      say("等待中", "Waiting now"),
      [
        "此刻等待回复的顾客数。标准值按店铺计；未设时以在线客服数为准：每位客服平均一人在等。",
        "Customers who wait for a reply now. The target is a shop's; where none is set it is the number of agents online, one customer waiting for each.",
      ],
      {
        unit: "locale",
        expr: series.overShops("waiting_customers"),
        target: `(${series.target("waiting_customers")} * count(${series.perShop("waiting_customers")})) or ${series.overShops("agents", 'status="online"')}`,
        fallback: 100,
      },
    ),
    oldestWait: number(
      "oldest_wait_seconds",
      say("最长等待", "Longest wait"),
      ["等得最久的顾客已等待的时间。", "How long the customer who waits longest has waited."],
      { unit: "clocks", expr: series.worstShop("oldest_wait_seconds"), fallback: 180 },
    ),
    slowShare: number(
      "slow_share",
      say("慢响应占比，5 分钟", "Slow share, 5 min"),
      ["近 5 分钟慢响应人数占咨询人数。", "Customers with a slow response in the last 5 minutes, of those who wrote."],
      {
        unit: "percentunit",
        expr: series.ratioOverShops("5m", "slow_customers", "consulting_customers"),
        fallback: 0.1,
      },
    ),
    unansweredShare: number(
      "unanswered_share",
      say("未回复占比，今日", "Unanswered share, today"),
      ["今日未回复人数占接待人数。", "Customers received today who got no reply, of all received today."],
      {
        unit: "percentunit",
        expr: series.ratioOverShops("today", "unanswered_customers", "received_customers"),
        fallback: 0.05,
      },
    ),
    responseMean: number(
      "response_time_mean_seconds",
      say("平均响应时间，5 分钟", "Mean response, 5 min"),
      ["近 5 分钟每轮对话的平均响应时间。", "Mean response time of the turns answered in the last 5 minutes."],
      {
        unit: "s",
        expr: series.ratioOverShops("5m", "response_time_sum_seconds", "answered_turns"),
        fallback: 30,
      },
    ),
    responseP90: number(
      "response_time_p90_seconds",
      say("响应时间 P90，5 分钟", "P90 response, 5 min"),
      [
        "近 5 分钟九成回复快于此；多店时取最慢的店。",
        "Nine of ten answers in the last 5 minutes were faster; of several shops, the slowest.",
      ],
      { unit: "s", expr: series.responseQuantile("0.9", "5m"), fallback: 90 },
    ),
    load: number(
      "load",
      say("接待压力", "Load"),
      [
        "未离线客服进行中的会话占其接待上限，可超过 100%；不含机器人与排队。",
        "Open conversations of the agents who are not offline, against what they can take; robots and the queue left out. May exceed 100 %.",
      ],
      {
        unit: "percentunit",
        expr: series.loadOfAll,
        fallback: 1,
      },
    ),
    timelyRate: number(
      "timely_rate",
      say("及时率，今日", "Timely rate, today"),
      [
        "今日考核轮次中及时回复的占比，按各店铺平台规则。",
        "Turns answered in time today, of those judged by the rules of each shop's platform.",
      ],
      {
        unit: "percentunit",
        expr: series.ratioOverShops("today", "timely_turns", "judged_turns"),
        fallback: 0.9,
        wanted: "above",
      },
    ),
  };
}

/** The same number in a hundredth, for columns in per cent. */
export const inPercent = ({ target, wanted }: Judged) => ({ target: `100 * ${target}`, wanted });
