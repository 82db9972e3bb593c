// Six lines of the last hour, large enough to be read from the other end of the hall.
import { Chart } from "./chart.js";
import { element } from "./dom.js";
import { waitingTarget } from "./judge.js";
import { lineFormat, windowOfLine } from "./overview.js";
import { misses } from "./trust.js";

const LINES = ["waiting_customers", "slow_customers", "response_time_mean_seconds", "oldest_wait_seconds", "open_conversations", "messages_per_minute"];

export class HourPage {
  #charts;

  constructor({ words, lang }) {
    this.#charts = LINES.map((name) => [name, new Chart({ title: words.lines[name], words, format: lineFormat(name, lang) })]);
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
    const { history, targets, numbers } = snapshot;
    const target = { ...targets, waiting_customers: waitingTarget(snapshot), open_conversations: (targets.load ?? NaN) * numbers.capacity };
    for (const [name, chart] of this.#charts) {
      chart.update(history, history[name], target[TARGET_OF[name] ?? name], misses(snapshot, windowOfLine(name, snapshot)));
    }
  }
}

// Where a target is called otherwise than the line that it is drawn on.
const TARGET_OF = { slow_customers: null, messages_per_minute: null };
