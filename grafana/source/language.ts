/** Grafana translates no titles, so every dashboard is written once for each language. */
export const languages = ["zh-CN", "en"] as const;
export type Language = (typeof languages)[number];

/** Every text is said in both languages where it is used; this takes the one that is being written. */
export type Say = (zh: string, en: string) => string;

export const speaker =
  (language: Language): Say =>
  (zh, en) =>
    language === "zh-CN" ? zh : en;
