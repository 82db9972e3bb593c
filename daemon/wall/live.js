// The stream of snapshots, followed for as long as the page is open.

/** An open connection that says nothing for this long is given up: its server may be gone. */
const SILENT_SECONDS = 10;
/**
 * A question without an answer is given up before the next: a browser opens six connections to a host,
 * and one that waits for ever takes the stream's.
 */
const ANSWER_SECONDS = 5;
/** Until the next attempt, at random between these: a hundred walls do not come back at once. */
const RETRY_SECONDS = [0.5, 2];

/**
 * Calls `onSnapshot(snapshot)` for each, and `onRefused(reason | null)` with why the daemon gives
 * none (`unknown_shop`, `unauthorized`, `refused`; null: it is not there, or all is well again).
 * EventSource tries again by itself after a broken connection but gives up for ever after an error
 * status, so it is always replaced here.
 */
export class Live {
  #shop;
  #onSnapshot;
  #onRefused;
  #source = null;
  #watchdog = null;

  constructor({ shop, onSnapshot, onRefused }) {
    this.#shop = shop === null ? "" : `?shop=${encodeURIComponent(shop)}`;
    this.#onSnapshot = onSnapshot;
    this.#onRefused = onRefused;
  }

  start() {
    this.#source = new EventSource(`/api/v1/stream${this.#shop}`);
    this.#source.addEventListener("snapshot", (event) => {
      this.#watch();
      const snapshot = parse(event.data);
      if (snapshot === null) return;
      this.#onRefused(null);
      this.#onSnapshot(snapshot);
    });
    this.#source.addEventListener("error", () => this.#again());
    this.#watch();
  }

  #watch() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#again(), SILENT_SECONDS * 1000);
  }

  #again() {
    clearTimeout(this.#watchdog);
    this.#source.close();
    const [least, most] = RETRY_SECONDS;
    setTimeout(() => this.start(), (least + Math.random() * (most - least)) * 1000);
    this.#askWhy();
  }

  // An EventSource does not tell the status that it was refused with.
  async #askWhy() {
    try {
      const answer = await fetch(`/api/v1/snapshot${this.#shop}`, {
        method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(ANSWER_SECONDS * 1000),
      });
      if (answer.ok) this.#onRefused(null);
      else if (answer.status === 404) this.#onRefused("unknown_shop");
      else if (answer.status === 401) this.#onRefused("unauthorized");
      else this.#onRefused("refused");
    } catch {
      this.#onRefused(null);
    }
  }
}

function parse(text) {
  try {
    const snapshot = JSON.parse(text);
    return snapshot.version === 1 ? snapshot : null;
  } catch {
    return null;
  }
}
