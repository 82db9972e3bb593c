// What the address of the page asks for: ?lang=zh|en &shop= &theme=dark|light &page=a,b &every=SECONDS.
// A value that means nothing is passed over: a wall shows something rather than an error.

export const PAGES = ["overview", "agents", "waiting", "hour", "shops"];

const EVERY = { default: 20, least: 2, most: 3600 };

/** `languages` are the browser's, most wanted first; Chinese where it speaks neither. */
export function readOptions(search, languages = []) {
  const query = new URLSearchParams(search);
  const pages = (query.get("page") ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name, i, all) => PAGES.includes(name) && all.indexOf(name) === i);
  const every = Number.parseFloat(query.get("every"));
  return {
    lang: languageOf(query.get("lang"), languages),
    theme: query.get("theme") === "light" ? "light" : "dark",
    shop: query.get("shop") || null,
    pages: pages.length > 0 ? pages : PAGES,
    everySeconds: Number.isFinite(every)
      ? Math.min(Math.max(every, EVERY.least), EVERY.most)
      : EVERY.default,
  };
}

function languageOf(asked, languages) {
  for (const tag of [asked, ...languages]) {
    const primary = String(tag ?? "").toLowerCase().split("-")[0];
    if (primary === "zh" || primary === "en") return primary;
  }
  return "zh";
}
