// How tiles share a screen. Lengths are parts of the screen's smaller side, what CSS calls vmin: text
// is of that size whatever the screen's shape, and the number of columns follows the width.

/** The room inside a node. */
export function roomOf(node) {
  const part = Math.min(innerWidth, innerHeight) / 100;
  const { paddingLeft, paddingRight, paddingTop, paddingBottom } = getComputedStyle(node);
  const sum = (...lengths) => lengths.reduce((total, length) => total + Number.parseFloat(length), 0);
  return {
    width: (node.clientWidth - sum(paddingLeft, paddingRight)) / part,
    height: (node.clientHeight - sum(paddingTop, paddingBottom)) / part,
  };
}

/** How many tiles of at least that size fit, side by side and one above the other. */
export function mostTiles(room, { width, height, gap }) {
  const fit = (space, length) => Math.max(1, Math.floor((space + gap) / (length + gap)));
  return { columns: fit(room.width, width), rows: fit(room.height, height) };
}

/** The field of all `tiles`, or as many as fit, whose tiles are largest. */
export function largestField(tiles, most) {
  let best = { ...most, scale: 0 };
  for (let columns = 1; columns <= most.columns; ++columns) {
    const rows = Math.ceil(tiles / columns);
    if (rows > most.rows) continue;
    const scale = Math.min(most.rows / rows, most.columns / columns);
    if (scale >= best.scale) best = { columns, rows, scale };
  }
  const { columns, rows } = best;
  return { columns, rows, tiles: columns * rows };
}

/** The field of all `tiles`, or as many as fit, that has the fewest rows. */
export function flattestField(tiles, most) {
  const rows = Math.min(most.rows, Math.ceil(tiles / most.columns));
  const columns = Math.min(most.columns, Math.ceil(tiles / rows));
  return { columns, rows, tiles: columns * rows };
}
