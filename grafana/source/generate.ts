/** Writes all dashboards and playlists: node generate.js DIRECTORY. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { agents } from "./agents";
import { bigScreen } from "./big_screen";
import { build, type Board, type BoardName } from "./board";
import { deskpulseItself } from "./deskpulse_itself";
import { languages, speaker } from "./language";
import { playlist } from "./playlist";
import { serviceQuality } from "./service_quality";

const sources = [bigScreen, agents, serviceQuality, deskpulseItself];

const directory = process.argv[2];
if (directory === undefined || process.argv.length > 3) {
  console.error("usage: node generate.js DIRECTORY");
  process.exit(64);
}

function write(path: string[], content: unknown) {
  const file = join(directory!, ...path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, JSON.stringify(content, null, 2) + "\n");
}

for (const language of languages) {
  const titles: Partial<Record<BoardName, string>> = {};
  for (const source of sources) {
    const board: Board = source(speaker(language), language);
    titles[board.name] = board.title;
    write(["dashboards", language, `${board.name}.json`], build(board, language));
  }
  write(["playlists", `${language}.json`], playlist(language, titles as Record<BoardName, string>));
}
