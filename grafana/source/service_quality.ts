import { links, type Board } from "./board";
import type { Language, Say } from "./language";
import * as panels from "./panels";
import * as series from "./series";
import { inPercent, judgedNumbers } from "./targets";

/** For the service manager's desk: how well customers are served today, and against yesterday. */
export function serviceQuality(say: Say, language: Language): Board {
  const numbers = judgedNumbers(say);
  const size = { width: 4, height: 5 };
  const half = { width: 12, height: 9 };
  const third = { width: 8, height: 8 };
  const today = { ...numbers.responseMean, title: say("平均响应，今日", "Mean response, today") };

  /** A ratio of the last minutes, yesterday's beside it, and its target. */
  const compared = (
    frame: panels.Frame,
    index: number,
    expr: (when: series.When) => string,
    legend: string,
    target?: string,
  ) => {
    const panel = panels.withYesterday(
      panels.withLine(panels.lines(frame, say), index, expr(""), legend),
      expr(series.yesterday),
      say,
    );
    return target === undefined ? panel : panels.withTarget(panel, target, say);
  };
  const againstYesterday = say("灰色虚线为昨日同一时刻。", "The grey dashed line is yesterday at the same time.");

  let quantiles = panels.lines(
    {
      title: say("响应时间分位数，5 分钟", "Response time quantiles, 5 min"),
      description: say("多店时取最慢的店；红色虚线为 P90 的标准值。", "Of several shops the slowest; the dashed line is the target of P90."),
      unit: "s",
      ...half,
    },
    say,
  );
  quantiles = panels.withLine(quantiles, 0, series.responseQuantile("0.5", "5m"), "P50");
  quantiles = panels.withLine(quantiles, 1, series.responseQuantile("0.9", "5m"), "P90");
  quantiles = panels.withLine(quantiles, 3, series.responseQuantile("0.99", "5m"), "P99");
  quantiles = panels.withTarget(quantiles, numbers.responseP90.target, say);

  return {
    name: "service-quality",
    title: say("服务质量", "Customer service: quality"),
    description: say(
      "响应时间、及时率、慢响应与未回复，今日与昨日同时比较。",
      "Response times, timely rate, slow and unanswered, today against yesterday at the same time.",
    ),
    from: "now/d",
    refresh: "30s",
    chooses: { shop: true, agent: false },
    sections: [
      { panels: [panels.freshness({ width: 24, height: 3 }, say)] },
      {
        title: say("今日到现在", "Today so far"),
        panels: [
          panels.judgedStat({ ...today, expr: series.ratioOverShops("today", "response_time_sum_seconds", "answered_turns") }, size, say),
          panels.judgedStat(
            {
              ...today,
              title: say("首次响应，今日", "First response, today"),
              expr: series.ratioOverShops("today", "first_response_time_sum_seconds", "first_responses"),
            },
            size,
            say,
          ),
          panels.judgedStat(
            {
              ...numbers.responseP90,
              title: say("响应时间 P90，今日", "P90 response, today"),
              expr: series.responseQuantile("0.9", "today"),
            },
            size,
            say,
          ),
          panels.judgedStat(numbers.timelyRate, size, say),
          panels.judgedStat(
            {
              ...numbers.slowShare,
              title: say("慢响应占比，今日", "Slow share, today"),
              expr: series.ratioOverShops("today", "slow_customers", "consulting_customers"),
            },
            size,
            say,
          ),
          panels.judgedStat(numbers.unansweredShare, size, say),
        ],
      },
      {
        title: say("全天走势与昨日同时", "Over the day, against yesterday"),
        panels: [
          compared(
            {
              title: say("平均响应时间，15 分钟", "Mean response, 15 min"),
              description: againstYesterday,
              unit: "s",
              ...half,
            },
            0,
            (when) => series.ratioOverShops("15m", "response_time_sum_seconds", "answered_turns", when),
            say("今日", "Today"),
            numbers.responseMean.target,
          ),
          compared(
            {
              title: say("首次响应时间，15 分钟", "First response, 15 min"),
              description: againstYesterday,
              unit: "s",
              ...half,
            },
            2,
            (when) => series.ratioOverShops("15m", "first_response_time_sum_seconds", "first_responses", when),
            say("今日", "Today"),
            numbers.responseMean.target,
          ),
          compared(
            {
              title: say("慢响应占比，15 分钟", "Slow share, 15 min"),
              description: say("慢响应人数占咨询人数。", "Customers with a slow response, of those who wrote. ") + againstYesterday,
              unit: "percentunit",
              ...half,
            },
            1,
            (when) => series.ratioOverShops("15m", "slow_customers", "consulting_customers", when),
            say("今日", "Today"),
            numbers.slowShare.target,
          ),
          compared(
            {
              title: say("未回复占比，30 分钟", "Unanswered share, 30 min"),
              description: say(
                "近 30 分钟最新一轮未得到回复的顾客（含仍在等待的）占咨询人数。",
                "Customers of the last 30 minutes whose newest turn has no answer (still waiting included), of those who wrote. ",
              ) + againstYesterday,
              unit: "percentunit",
              ...half,
            },
            3,
            (when) => series.ratioOverShops("30m", "unanswered_customers", "consulting_customers", when),
            say("今日", "Today"),
            numbers.unansweredShare.target,
          ),
          compared(
            {
              title: say("咨询人数，当日累计", "Customers who wrote, since the day began"),
              description: againstYesterday,
              unit: "locale",
              ...third,
            },
            0,
            (when) => series.overShopsIn("today", "consulting_customers", when),
            say("今日", "Today"),
          ),
          compared(
            {
              title: say("慢响应人数，当日累计", "Slow customers, since the day began"),
              description: againstYesterday,
              unit: "locale",
              ...third,
            },
            1,
            (when) => series.overShopsIn("today", "slow_customers", when),
            say("今日", "Today"),
          ),
          compared(
            {
              title: say("未回复人数，当日累计", "Unanswered, since the day began"),
              description: say("当日接待而未得到回复的顾客。", "Customers received in the day who got no reply in it. ") + againstYesterday,
              unit: "locale",
              ...third,
            },
            3,
            (when) => series.overShopsIn("today", "unanswered_customers", when),
            say("今日", "Today"),
          ),
        ],
      },
      {
        title: say("按规则与分布", "By rules, and how it is spread"),
        panels: [
          panels.withTarget(
            panels
              .withLines(
                panels.lines(
                  {
                    title: say("及时率，按考核规则，1 小时", "Timely rate by rule profile, 1 h"),
                    description: say(
                      "及时回复轮次占考核轮次，按平台规则分列；红色虚线为标准值。",
                      "Turns answered in time, of those judged, for each platform's rules; the dashed line is the target.",
                    ),
                    unit: "percentunit",
                    ...half,
                  },
                  say,
                ),
                "profiles",
                series.ratio(series.perProfileIn("1h", "timely_turns"), series.perProfileIn("1h", "judged_turns")),
                "{{profile}}",
              )
              .max(1),
            numbers.timelyRate.target,
            say,
          ),
          quantiles,
          panels.durations(
            {
              title: say("响应时间分布", "How long answers took"),
              description: say("每格为该时段内落入该响应时间的回复数。", "Each cell is the answers of its moment that took so long."),
              unit: "locale",
              ...half,
            },
            series.bucketsOverShops("response_duration_seconds"),
            say,
          ),
          panels.stacked(
            panels.withLines(
              panels.lines(
                {
                  title: say("对话轮次的结局，每秒", "How turns ended, per second"),
                  description: say(
                    "answered 人工回复，bot 机器人回复，unanswered 未回复，transferred_unanswered 转出未回复。",
                    "answered by a person, by a bot, unanswered, and handed to a colleague while waiting.",
                  ),
                  unit: "cps",
                  ...half,
                },
                say,
              ),
              "outcomes",
              series.rateOverShops("turns_total", "outcome"),
              "{{outcome}}",
            ),
          ),
        ],
      },
      {
        title: say("店铺对比", "Shops side by side"),
        panels: [
          panels.rows(
            {
              title: say("各店今日", "Shops today"),
              description: say("各店铺今日的服务质量，按接待人数排序。", "Each shop's day so far, the busiest first."),
              unit: "locale",
              width: 24,
              height: 10,
            },
            { info: series.shopNameAndProfile },
            [
              { id: "name", title: say("店铺", "Shop") },
              { id: "shop", title: say("店铺编号", "Shop id") },
              { id: "profile", title: say("考核规则", "Rules") },
              { id: "received", title: say("接待人数", "Received"), expr: series.perShopIn("today", "received_customers") },
              {
                id: "mean",
                title: say("平均响应（秒）", "Mean response (s)"),
                expr: series.ratioPerShop("today", "response_time_sum_seconds", "answered_turns"),
                judged: numbers.responseMean,
              },
              {
                id: "first",
                title: say("首次响应（秒）", "First response (s)"),
                expr: series.ratioPerShop("today", "first_response_time_sum_seconds", "first_responses"),
                judged: numbers.responseMean,
              },
              {
                id: "timely",
                title: say("及时率（%）", "Timely (%)"),
                expr: `100 * ${series.ratioPerShop("today", "timely_turns", "judged_turns")}`,
                judged: inPercent(numbers.timelyRate),
              },
              {
                id: "slow",
                title: say("慢响应占比（%）", "Slow (%)"),
                expr: `100 * ${series.ratioPerShop("today", "slow_customers", "consulting_customers")}`,
                judged: inPercent(numbers.slowShare),
              },
              {
                id: "unanswered",
                title: say("未回复占比（%）", "Unanswered (%)"),
                expr: `100 * ${series.ratioPerShop("today", "unanswered_customers", "received_customers")}`,
                judged: inPercent(numbers.unansweredShare),
              },
            ],
            say("接待人数", "Received"),
            [{ title: say("查看该店铺的客服", "This shop's agents"), url: links(language).agentsOfShop }],
            say,
          ),
        ],
      },
    ],
  };
}
