// Which screen is shown. A page has one or more screens: two thousand agents do not fit on one.
// A visit to a page lasts `everySeconds` and shows its first screen, where the worst is, and as many
// of the following ones as can be read in that time; the next visit goes on where this one ended.
// A page that is alone shows all its screens in turn. Time is an argument.

const MOST_SCREENS_A_VISIT = 3;
const LEAST_SECONDS_A_SCREEN = 8;

export class Rotation {
  #pages;
  #everySeconds;
  #at = 0; // index of the page
  #shown = []; // the screens of this visit, the last one is shown now
  #since; // when the screen came
  #onward = new Map(); // page → the screen with which its next visit goes on

  constructor(pages, everySeconds, now) {
    this.#pages = pages;
    this.#everySeconds = everySeconds;
    this.#since = now;
    this.#shown = [0];
  }

  /**
   * The page and its screen at `now` seconds. `screens(page)` says how many screens the page has;
   * a page with none is left out, unless there is no other.
   */
  at(now, screens) {
    const page = this.#pages[this.#at];
    const count = screens(page);
    if (this.#pages.every((each) => screens(each) === 0)) return { page, screen: 0, screens: 0 };
    if (count === 0) return this.#turn(now, screens);
    if (now - this.#since >= this.#dwell(count)) {
      if (this.#pages.length === 1) {
        this.#show((this.#shown.at(-1) + 1) % count, now);
      } else if (this.#shown.length < Math.min(count, MOST_SCREENS_A_VISIT)) {
        this.#show(this.#next(page, count), now);
      } else {
        return this.#turn(now, screens);
      }
    }
    return { page, screen: Math.min(this.#shown.at(-1), count - 1), screens: count };
  }

  #dwell(count) {
    const shown = Math.min(count, MOST_SCREENS_A_VISIT);
    return Math.max(this.#everySeconds / shown, Math.min(LEAST_SECONDS_A_SCREEN, this.#everySeconds));
  }

  #next(page, count) {
    const wanted = this.#onward.get(page) ?? 1;
    const next = wanted < count ? wanted : 1;
    this.#onward.set(page, next + 1);
    return next;
  }

  #show(screen, now) {
    this.#shown = this.#pages.length === 1 ? [screen] : [...this.#shown, screen];
    this.#since = now;
  }

  #turn(now, screens) {
    do this.#at = (this.#at + 1) % this.#pages.length;
    while (screens(this.#pages[this.#at]) === 0);
    this.#shown = [0];
    this.#since = now;
    return { page: this.#pages[this.#at], screen: 0, screens: screens(this.#pages[this.#at]) };
  }
}
