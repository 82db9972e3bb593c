import { links, type Board } from "./board";
import type { Language, Say } from "./language";
import * as colours from "./colours";
import * as panels from "./panels";
import * as series from "./series";
import { inPercent, judgedNumbers } from "./targets";

/** For the service manager: who is drowning, and what it looks like for one shop or one agent. */
export function agents(say: Say, language: Language): Board {
  const numbers = judgedNumbers(say);
  const chosen = series.agents(series.chosenPeople);
  const queue = series.agents(series.inQueue);
  const small = { width: 4, height: 4 };
  const shown = 100;
  const drawn = 12;

  const presence = panels.statStrip(
      {
        title: say("客服在线状态", "Agents by presence"),
        description: say("店铺的客服，按最近上报的状态。", "The shops' agents, by the presence they announced last."),
        unit: "locale",
        width: 8,
        height: 4,
      },
      (
        [
          ["online", say("在线", "Online")],
          ["busy", say("挂起", "Busy")],
          ["offline", say("离线", "Offline")],
        ] as const
      ).map(([status, word]) => panels.now(status, series.overShops("agents", `status="${status}"`), word)),
      say,
    );

  const pressed = (expr: string) => chosen.mostPressed(expr, shown);
  const loadTitle = say("接待压力（%）", "Load (%)");
  const detail = (title: string, description: string, unit: string, expr: string, judgedBy?: keyof typeof numbers) => {
    const panel = panels.withLines(
      panels.lines({ title, description, unit, width: 12, height: 8 }, say),
      "agents",
      chosen.withName(chosen.mostPressedAtTheEnd(expr, drawn)),
      "{{name}}",
    );
    return judgedBy ? panels.withTarget(panel, numbers[judgedBy].target, say) : panel;
  };
  const drawnNote = say(`压力最大的 ${drawn} 位客服；用上方变量选择某一位。`, `The ${drawn} agents under most load; choose one above.`);

  return {
    name: "agents",
    title: say("客服压力", "Customer service: agents"),
    description: say(
      "谁忙不过来，按店铺与客服逐层查看；点表中一行即可深入。",
      "Who is drowning, by shop and agent. Click a row of the table to look closer.",
    ),
    from: "now-30m",
    refresh: "10s",
    chooses: { shop: true, agent: true },
    sections: [
      { panels: [panels.freshness({ width: 24, height: 3 }, say)] },
      {
        panels: [
          presence,
          panels.numberStat(
            {
              title: say("排队中", "In the queue"),
              description: say("还没有客服接手的等待顾客。", "Waiting customers whom no agent has taken yet."),
              unit: "locale",
              ...small,
            },
            `sum(${queue.level("waiting_customers")})`,
            say,
          ),
          panels.numberStat(
            {
              title: say("排队最长等待", "Longest in the queue"),
              description: say("排队顾客中最长的等待。", "The longest wait in the queue."),
              unit: "clocks",
              ...small,
            },
            `max(${queue.level("oldest_wait_seconds")})`,
            say,
          ),
          panels
            .numberStat(
              {
                title: say("超过上限的客服", "Agents over capacity"),
                description: say(
                  "进行中的会话多于接待上限的客服数；1 位起橙色，5 位起橙红。",
                  "Agents with more conversations open than they can take; orange from 1, vermilion from 5.",
                ),
                unit: "locale",
                ...small,
              },
              `sum(${chosen.load} > bool 1)`,
              say,
            )
            .thresholds(panels.from([0, colours.good], [1, colours.near], [5, colours.bad])),
          panels.judgedStat(
            {
              ...numbers.oldestWait,
              title: say("客服最长等待", "Longest wait at an agent"),
              expr: `max(${chosen.level("oldest_wait_seconds")})`,
            },
            small,
            say,
          ),
          panels.rows(
            {
              title: say("谁忙不过来", "Who is drowning"),
              description: say(
                `接待压力最大的 ${shown} 位客服；窗口为近 5 分钟。点击一行查看该客服或该店铺。`,
                `The ${shown} agents under most load; windows are the last 5 minutes. Click a row for that agent or shop.`,
              ),
              unit: "locale",
              width: 24,
              height: 12,
            },
            { info: pressed(chosen.nameAndGroup), presence: pressed(chosen.presence) },
            [
              { id: "name", title: say("客服", "Agent") },
              { id: "agent", title: say("客服编号", "Agent id") },
              { id: "group", title: say("分组", "Group") },
              { id: "shop", title: say("店铺", "Shop") },
              { id: "status", title: say("状态", "Presence") },
              { id: "load", title: loadTitle, expr: pressed(`100 * ${chosen.load}`), judged: inPercent(numbers.load) },
              { id: "open", title: say("会话", "Open"), expr: pressed(chosen.level("open_conversations")) },
              { id: "capacity", title: say("上限", "Capacity"), expr: pressed(chosen.level("capacity")) },
              { id: "waiting", title: say("等待中", "Waiting"), expr: pressed(chosen.level("waiting_customers")) },
              {
                id: "oldest",
                title: say("最长等待（秒）", "Longest wait (s)"),
                expr: pressed(chosen.level("oldest_wait_seconds")),
                judged: numbers.oldestWait,
              },
              { id: "slow", title: say("慢响应人数", "Slow"), expr: pressed(chosen.within("5m", "slow_customers")) },
              {
                id: "mean",
                title: say("平均响应（秒）", "Mean response (s)"),
                expr: pressed(chosen.ratio("5m", "response_time_sum_seconds", "answered_turns")),
                judged: numbers.responseMean,
              },
              {
                id: "received",
                title: say("今日接待", "Received today"),
                expr: pressed(chosen.within("today", "received_customers")),
              },
            ],
            loadTitle,
            [
              { title: say("查看该客服", "This agent"), url: links(language).agent },
              { title: say("查看该店铺的客服", "This shop's agents"), url: links(language).agentsOfShop },
            ],
            say,
          ).mappings([
            panels.words(
              ["online", say("● 在线", "● Online"), colours.good],
              ["busy", say("◐ 挂起", "◐ Busy"), colours.near],
              ["offline", say("○ 离线", "○ Offline"), colours.neutral],
            ),
          ]),
          panels.judgedBars(
            {
              title: say("接待压力最大", "Most load"),
              description: say("会话占接待上限，最高二十位；满格为标准值。", "Conversations against capacity, the twenty highest; a full bar is the target."),
              unit: "percentunit",
              width: 12,
              height: 11,
            },
            `sort_desc(topk(20, ${chosen.withName(chosen.load)}))`,
            "{{name}}",
            numbers.load.target,
            1,
            say,
          ),
          panels.judgedBars(
            {
              title: say("顾客等得最久", "Longest waits"),
              description: say("名下顾客等待最久的二十位客服；满格为标准值。", "The twenty agents whose customers wait longest; a full bar is the target."),
              unit: "clocks",
              width: 12,
              height: 11,
            },
            `sort_desc(topk(20, ${chosen.withName(chosen.level("oldest_wait_seconds"))}))`,
            "{{name}}",
            numbers.oldestWait.target,
            numbers.oldestWait.fallback,
            say,
          ),
        ],
      },
      {
        title: say("所选客服的走势", "The chosen agents over time"),
        panels: [
          detail(say("接待压力", "Load"), say("会话占接待上限。", "Conversations against capacity. ") + drawnNote, "percentunit", chosen.load, "load"),
          detail(say("等待中的顾客", "Customers waiting"), say("等待该客服回复的顾客。", "Customers who wait for the agent. ") + drawnNote, "locale", chosen.level("waiting_customers")),
          detail(
            say("平均响应时间，5 分钟", "Mean response, 5 min"),
            say("从顾客归该客服起算。", "From when the customer became the agent's own. ") + drawnNote,
            "s",
            chosen.ratio("5m", "response_time_sum_seconds", "answered_turns"),
            "responseMean",
          ),
          detail(
            say("每秒人工回复", "Replies a second"),
            say("客服亲自发出的消息。", "Messages that a person wrote or clicked. ") + drawnNote,
            "cps",
            chosen.rate("messages_total", 'from=~"human|assist"'),
          ),
        ],
      },
      {
        title: say("按店铺", "By shop"),
        panels: [
          panels.withLines(
            panels.lines(
              {
                title: say("在线客服", "Agents online"),
                description: say("各店铺在线的客服数。", "Agents online, by shop."),
                unit: "locale",
                width: 12,
                height: 8,
              },
              say,
            ),
            "shops",
            series.withShopName(series.perShop("agents", 'status="online"')),
            "{{name}}",
          ),
          panels.withLines(
            panels.lines(
              {
                title: say("每秒转出未回复", "Handed on unanswered, per second"),
                description: say(
                  "顾客等待时被转给同事的次数，按店铺。",
                  "Times that a waiting customer was handed to a colleague, by shop.",
                ),
                unit: "cps",
                width: 12,
                height: 8,
              },
              say,
            ),
            "shops",
            series.withShopName(series.shopRate("turns_total", 'outcome="transferred_unanswered"')),
            "{{name}}",
          ),
        ],
      },
    ],
  };
}
