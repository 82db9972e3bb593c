import { uid, type BoardName } from "./board";
import { speaker, type Language } from "./language";

/** A playlist as Grafana's HTTP API takes it (POST /api/playlists). */
export interface Playlist {
  name: string;
  interval: string;
  items: { type: "dashboard_by_uid"; value: string; title: string; order: number }[];
}

/** What turns on the wall: the big screen twice, so that it is seen more than half of the time. */
export function playlist(language: Language, titles: Record<BoardName, string>): Playlist {
  const say = speaker(language);
  const order: BoardName[] = ["big-screen", "agents", "big-screen", "service-quality"];
  return {
    name: say("客服看板轮播", "Customer service"),
    interval: "1m",
    items: order.map((name, index) => ({
      type: "dashboard_by_uid",
      value: uid(name, language),
      title: titles[name],
      order: index + 1,
    })),
  };
}
