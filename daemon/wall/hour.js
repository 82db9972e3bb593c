// Six lines of the last hour, large enough to be read from the other end of the hall.
import { Chart } from "./chart.js";
import { element } from "./dom.js";
import { waitingTarget } from "./judge.js";
import { axisOfLine, newestOfLine, windowOfLine } from "./overview.js";

const LINES = ["waiting_customers", "slow_customers", "response_time_mean_seconds", "oldest_wait_seconds", "open_conversations", "messages_per_minute"];

export class HourPage {
  #lang;
  #charts;

  constructor({ words, lang }) {
    this.#lang = lang;
    this.#charts = LINES.map((name) => [name, new Chart({ title: words.lines[name], words, axis: axisOfLine(name, lang) })]);
    this.root = element("section", { class: "page hour", "data-page": "hour", "aria-label": words.label.lines },
      ...this.#charts.map(([, chart]) => chart.root));
  }

  screens() {
    return 1;
  }

  windows(snapshot) {
    return [...new Set(LINES.map((name) => windowOfLine(name, snapshot)))].filter((window) => window !== undefined);
  }

  update(snapshot) {
    const { history, targets } = snapshot;
    const target = {
      waiting_customers: waitingTarget(snapshot),
      oldest_wait_seconds: targets.oldest_wait_seconds,
      response_time_mean_seconds: targets.response_time_mean_seconds,
    };
    for (const [name, chart] of this.#charts) chart.update(history, history[name], target[name], newestOfLine(name, snapshot, this.#lang));
  }
}
