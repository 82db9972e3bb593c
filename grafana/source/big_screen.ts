import { BigValueColorMode } from "@grafana/grafana-foundation-sdk/common";
import type { Board } from "./board";
import type { Language, Say } from "./language";
import * as colours from "./colours";
import * as panels from "./panels";
import * as series from "./series";
import { judgedNumbers, verdict } from "./targets";

/** For the wall in the hall: one glance, no scrolling at 1920 × 1080, nothing to click. */
export function bigScreen(say: Say, _language: Language): Board {
  const numbers = judgedNumbers(say);
  const agents = series.agents(series.people);
  const large = { width: 4, height: 5 };
  const small = { width: 4, height: 4 };
  const strip = [
    numbers.waiting,
    numbers.oldestWait,
    numbers.slowShare,
    numbers.unansweredShare,
    numbers.responseMean,
    numbers.responseP90,
  ];

  const verdicts = panels
    .statStrip(
      {
        title: say("与标准值相比", "Against the targets"),
        description: say(
          "上面六个数字的结论：✓ 达标，◆ 接近标准值（80% 起），▲ 超标。未设标准值的不显示。",
          "What the six numbers above come to: ✓ within the target, ◆ near it (from 80 %), ▲ over it. Numbers without a target are not shown.",
        ),
        unit: "none",
        width: 24,
        height: 3,
      },
      strip.map((judged) => panels.now(judged.number, verdict(judged), judged.title)),
      say,
    )
    .colorMode(BigValueColorMode.BackgroundSolid)
    .mappings([
      panels.words(
        ["0", say("✓ 达标", "✓ Within"), colours.good],
        ["1", say("◆ 接近", "◆ Near"), colours.near],
        ["2", say("▲ 超标", "▲ Over"), colours.bad],
      ),
    ]);

  let waiting = panels.lines(
    {
      title: say("等待人数", "Customers waiting"),
      description: say(
        "等待回复的顾客，其中超过 1 分钟和 3 分钟的；红色虚线为标准值。",
        "Customers who wait, and those of them who wait longer than 1 and 3 minutes; the dashed line is the target.",
      ),
      unit: "locale",
      width: 12,
      height: 7,
    },
    say,
  );
  waiting = panels.withLine(waiting, 0, numbers.waiting.expr, say("等待中", "Waiting"));
  waiting = panels.withLine(waiting, 1, series.overShops("waiting_customers_over", 'seconds="60"'), say("超过 1 分钟", "Over 1 min"));
  waiting = panels.withLine(waiting, 3, series.overShops("waiting_customers_over", 'seconds="180"'), say("超过 3 分钟", "Over 3 min"));
  waiting = panels.withTarget(waiting, numbers.waiting.target, say);

  let response = panels.lines(
    {
      title: say("响应时间，5 分钟", "Response time, 5 min"),
      description: say(
        "近 5 分钟的平均响应时间与 P90（多店取最慢的店）；红色虚线为平均响应时间的标准值。",
        "Mean and P90 of the last 5 minutes (of several shops the slowest); the dashed line is the target of the mean.",
      ),
      unit: "s",
      width: 12,
      height: 7,
    },
    say,
  );
  response = panels.withLine(response, 0, numbers.responseMean.expr, say("平均", "Mean"));
  response = panels.withLine(response, 3, numbers.responseP90.expr, "P90");
  response = panels.withTarget(response, numbers.responseMean.target, say);

  return {
    name: "big-screen",
    title: say("客服大屏", "Customer service: big screen"),
    description: say("大厅一眼看懂：等待、响应、压力。", "For the hall, at one glance: waiting, response, load."),
    from: "now-1h",
    refresh: "5s",
    chooses: { shop: true, agent: false },
    sections: [
      {
        panels: [
          ...strip.map((judged) => panels.judgedStat(judged, large, say)),
          verdicts,
          panels.numberStat(
            {
              title: say("慢响应人数，5 分钟", "Slow customers, 5 min"),
              description: say(
                "近 5 分钟等待超过慢响应时限的顾客，后来得到回复的也算。",
                "Customers in the last 5 minutes who waited longer than the limit, also when they were answered later.",
              ),
              unit: "locale",
              ...small,
            },
            series.overShopsIn("5m", "slow_customers"),
            say,
          ),
          panels.numberStat(
            {
              title: say("未回复人数，今日", "Unanswered, today"),
              description: say("今日接待而未得到回复的顾客。", "Customers received today who got no reply today."),
              unit: "locale",
              ...small,
            },
            series.overShopsIn("today", "unanswered_customers"),
            say,
          ),
          panels.numberStat(
            {
              title: say("进行中会话", "Open conversations"),
              description: say("此刻进行中的会话数。", "Conversations in hand now."),
              unit: "locale",
              ...small,
            },
            series.overShops("open_conversations"),
            say,
          ),
          panels.judgedStat(numbers.load, small, say),
          panels.numberStat(
            {
              title: say("每分钟消息", "Messages a minute"),
              description: say("最近一分钟的消息，各方合计。", "Messages of the last minute, of all senders."),
              unit: "locale",
              ...small,
            },
            series.overShopsAnd("from", "1m", "messages"),
            say,
          ),
          panels.freshness(small, say),
          waiting,
          response,
          panels.judgedBars(
            {
              title: say("压力最大的客服", "Agents under most load"),
              description: say(
                "进行中的会话占接待上限，最高的十位；满格为标准值。",
                "Open conversations against what the agent can take, the ten highest; a full bar is the target.",
              ),
              unit: "percentunit",
              width: 8,
              height: 7,
            },
            `sort_desc(topk(10, ${agents.withName(agents.load)}))`,
            "{{name}}",
            numbers.load.target,
            1,
            say,
          ),
          panels.bars(
            {
              title: say("各店等待人数", "Waiting by shop"),
              description: say("等待人数最多的十家店铺。", "The ten shops with the most customers waiting."),
              unit: "locale",
              width: 8,
              height: 7,
            },
            `sort_desc(topk(10, ${series.withShopName(series.perShop("waiting_customers"))}))`,
            "{{name}}",
            say,
          ),
          panels.withLine(
            panels.withLine(
              panels.lines(
                {
                  title: say("慢响应与未回复占比，5 分钟", "Slow and unanswered share, 5 min"),
                  description: say(
                    "近 5 分钟慢响应人数、未回复人数（含仍在等待的）各占咨询人数。",
                    "Customers of the last 5 minutes with a slow response, and those without an answer (still waiting included), of those who wrote.",
                  ),
                  unit: "percentunit",
                  width: 8,
                  height: 7,
                },
                say,
              ),
              1,
              numbers.slowShare.expr,
              say("慢响应", "Slow"),
            ),
            3,
            series.ratioOverShops("5m", "unanswered_customers", "consulting_customers"),
            say("未回复", "Unanswered"),
          ),
        ],
      },
    ],
  };
}
