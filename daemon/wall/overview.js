// The first page: six numbers with their targets, and three of them through the last hour.
import { countAxis, SECONDS_AXIS, WAIT_AXIS } from "./axis.js";
import { Chart } from "./chart.js";
import { element, icon, setData, setHidden, setIcon, setText } from "./dom.js";
import * as format from "./format.js";
import { against, trend, waitingTarget, worst } from "./judge.js";
import { isPerson } from "./names.js";
import { minutesOf, misses, shortestWindow } from "./trust.js";

const FIGURES = ["waiting", "slow", "response", "unanswered", "conversations", "messages"];
const LINES = ["waiting_customers", "slow_customers", "response_time_mean_seconds"];

export class OverviewPage {
  #words;
  #lang;
  #cards;
  #charts;

  constructor({ words, lang }) {
    this.#words = words;
    this.#lang = lang;
    this.#cards = Object.fromEntries(FIGURES.map((name) => [name, new Card(name, words)]));
    this.#charts = Object.fromEntries(LINES.map((name) => [name, new Chart({ title: words.lines[name], words, axis: axisOfLine(name, lang) })]));
    this.root = element("div", { class: "page overview", "data-page": "overview" },
      element("section", { class: "figures", "aria-label": words.label.figures }, ...FIGURES.map((name) => this.#cards[name].root)),
      element("section", { class: "lines", "aria-label": words.label.lines }, ...LINES.map((name) => this.#charts[name].root)),
    );
  }

  screens() {
    return 1;
  }

  windows({ windows, focus }) {
    return [...new Set([shortestWindow(windows), focus, "today"])].filter((window) => window !== undefined);
  }

  update(snapshot) {
    const { numbers, targets, focus, history } = snapshot;
    const words = this.#words;
    const window = words.window(focus);
    const recent = numbers.windows[focus] ?? {};
    const today = numbers.windows.today ?? {};
    const count = (value) => format.count(value, this.#lang);

    const mayWait = waitingTarget(snapshot);
    this.#cards.waiting.update({
      value: count(numbers.waiting_customers),
      state: worst(
        against(numbers.waiting_customers, mayWait),
        against(numbers.oldest_wait_seconds, targets.oldest_wait_seconds),
      ),
      detail: words.longest(format.wait(numbers.oldest_wait_seconds)),
      target: [count(mayWait), format.wait(targets.oldest_wait_seconds)]
        .filter((text) => text !== format.NO_DATA),
    });

    const slowShare = format.quotient(recent.slow_customers, recent.consulting_customers);
    this.#cards.slow.update({
      value: count(recent.slow_customers),
      state: against(slowShare, targets.slow_share),
      detail: words.inWindow(window, format.percent(slowShare)),
      target: shareTarget(targets.slow_share),
      missing: misses(snapshot, focus),
    });

    const mean = format.quotient(recent.response_time_sum_seconds, recent.answered_turns);
    const p90 = recent.response_time_seconds?.["0.9"] ?? null;
    this.#cards.response.update({
      value: format.seconds(mean),
      unit: format.hasSecondsUnit(mean) ? words.second : "",
      state: worst(against(mean, targets.response_time_mean_seconds), against(p90, targets.response_time_p90_seconds)),
      detail: words.responseP90(window, this.#duration(p90)),
      target: [
        ["", targets.response_time_mean_seconds],
        ["P90 ≤ ", targets.response_time_p90_seconds],
      ].filter(([, target]) => Number.isFinite(target)).map(([prefix, target]) => prefix + this.#duration(target)),
      missing: misses(snapshot, focus),
    });

    const unansweredShare = format.quotient(today.unanswered_customers, today.received_customers);
    this.#cards.unanswered.update({
      value: count(today.unanswered_customers),
      state: against(unansweredShare, targets.unanswered_share),
      detail: words.inToday(format.percent(unansweredShare)),
      target: shareTarget(targets.unanswered_share),
      missing: misses(snapshot, "today"),
    });

    const load = format.quotient(numbers.capacity_used, numbers.capacity);
    const unknown = snapshot.agents.filter((agent) => isPerson(agent) && agent.status !== "offline" && agent.capacity === undefined).length;
    this.#cards.conversations.update({
      value: count(numbers.open_conversations),
      state: against(load, targets.load),
      detail: load === null ? words.capacityUnknown : words.ofCapacity(format.percent(load), count(numbers.capacity_used), count(numbers.capacity)),
      note: load === null || unknown === 0 ? "" : words.withoutCapacity(count(unknown)),
      target: shareTarget(targets.load),
    });

    const flow = messagesAMinute(snapshot);
    this.#cards.messages.update({
      value: count(flow?.all),
      state: trend(history.messages_per_minute, history.step_seconds),
      detail: flow ? words.byPeople(count(flow.customer), count(flow.people)) : words.noDataYet,
      target: null,
      targetText: flow ? words.byBots(count(flow.bots)) : "",
      missing: misses(snapshot, shortestWindow(snapshot.windows)),
    });

    const targetOfLine = { waiting_customers: mayWait, response_time_mean_seconds: targets.response_time_mean_seconds };
    for (const name of LINES) this.#charts[name].update(history, history[name], targetOfLine[name], newestOfLine(name, snapshot, this.#lang));
  }

  #duration(value) {
    return format.wholeSeconds(value) + (format.hasSecondsUnit(value) ? ` ${this.#words.second}` : "");
  }
}

const shareTarget = (share) => (Number.isFinite(share) ? [format.percent(share).replace(".0%", "%")] : []);

/** The scale of a line of the history. */
export function axisOfLine(name, lang) {
  if (name === "oldest_wait_seconds") return WAIT_AXIS;
  return name === "response_time_mean_seconds" ? SECONDS_AXIS : countAxis(lang);
}

/** The number of this moment that a line of the history leads to, as a tile writes it. */
export function newestOfLine(name, snapshot, lang) {
  const { numbers, focus } = snapshot;
  const recent = numbers.windows[focus] ?? {};
  const count = (value) => format.count(value, lang);
  const value = {
    waiting_customers: () => count(numbers.waiting_customers),
    oldest_wait_seconds: () => format.wait(numbers.oldest_wait_seconds),
    slow_customers: () => count(recent.slow_customers),
    response_time_mean_seconds: () => format.seconds(format.quotient(recent.response_time_sum_seconds, recent.answered_turns)),
    open_conversations: () => count(numbers.open_conversations),
    messages_per_minute: () => count(messagesAMinute(snapshot)?.all),
  }[name]();
  return { value, missing: misses(snapshot, windowOfLine(name, snapshot)), zone: snapshot.zone };
}

/** Which window's numbers a line of the history shows; undefined where it is of the moment. */
export function windowOfLine(name, { focus, windows }) {
  if (name === "messages_per_minute") return shortestWindow(windows);
  return name === "slow_customers" || name === "response_time_mean_seconds" ? focus : undefined;
}

/** Messages of the shortest window, a minute, by who writes; null before there are windows. */
export function messagesAMinute({ windows, numbers }) {
  const window = shortestWindow(windows);
  const messages = numbers.windows[window]?.messages;
  if (!messages) return null;
  const minutes = minutesOf(window);
  const sum = (...froms) => froms.reduce((total, from) => total + (messages[from] ?? 0), 0) / minutes;
  return {
    all: sum(...Object.keys(messages)),
    customer: sum("customer"),
    people: sum("human", "assist"),
    bots: sum("bot", "auto"),
  };
}

/** A number that is read from the other end of the hall. */
class Card {
  #words;
  #value = element("span", { class: "number" });
  #unit = element("span", { class: "unit" });
  #state = element("span", { class: "state" }, icon("none"), element("span"));
  #detail = element("p", { class: "detail" });
  #note = element("p", { class: "note" });
  #target = element("p", { class: "target" });

  constructor(name, words) {
    this.#words = words;
    this.root = element("article", { class: "card panel", "data-figure": name, "data-state": "none" },
      element("div", { class: "head" }, element("h2", {}, words.figures[name]), this.#state),
      element("p", { class: "figure" }, this.#value, this.#unit),
      this.#detail,
      this.#note,
      this.#target,
    );
  }

  /**
   * `target`: the texts of what it is held against, or null where it is held against nothing.
   * `missing`: its window misses events, so that it is not held against anything either.
   */
  update({ value, unit = "", state, detail, note = "", target, targetText, missing = false }) {
    const words = this.#words;
    const hasValue = value !== format.NO_DATA;
    const shown = !hasValue ? "none" : missing ? "missing" : state;
    setText(this.#value, value);
    setText(this.#unit, unit);
    setText(this.#detail, detail);
    setText(this.#note, note);
    setHidden(this.#note, note === "");
    setText(this.#target, targetText ?? (target.length > 0 ? words.target(target.join(" · ")) : words.states.none));
    setData(this.root, "state", shown);
    // Without a target the line above says so; a trend is not known before there has been some time;
    // and what cannot be held against its target, such as a part of nothing, lacks data.
    const lacksData = shown === "none" && (!hasValue || target?.length > 0);
    setHidden(this.#state, shown === "none" && !lacksData);
    setIcon(this.#state.firstChild, shown);
    setText(this.#state.lastChild, lacksData ? words.states.nodata : words.states[shown]);
  }
}
