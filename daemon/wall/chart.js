// One line of the last hour, with its target dashed across.
import uPlot from "./uPlot.esm.js";
import { element, icon, setData, setHidden, setText } from "./dom.js";
import { minute } from "./format.js";

const HOUR_SECONDS = 3600;

/** A titled chart that fills its cell. `axis` is one of axis.js. */
export class Chart {
  #axis;
  #canvas = element("div", { class: "plot", "aria-hidden": "true" });
  #empty = element("p", { class: "empty" });
  #value = element("span", { class: "value" }, icon("missing"), element("span"));
  #plot = null;
  #size = { width: 0, height: 0 };
  #given = null;
  #drawn = "";
  #target = null;
  #zone;

  constructor({ title, words, axis }) {
    this.#axis = axis;
    this.root = element(
      "figure",
      { class: "chart panel" },
      element("figcaption", {}, element("span", {}, title), this.#value),
      element("div", { class: "plot-area" }, this.#canvas, this.#empty),
    );
    setText(this.#empty, words.noHistory);
    new ResizeObserver(([{ contentRect }]) => this.#resize(contentRect)).observe(this.#canvas);
  }

  /**
   * Draws when a point has come; else costs nothing. `value`: the number of this moment, as its tile
   * writes it; the newest point may be half a minute old. `missing`: its window misses events. `zone`:
   * whose time of day is written below.
   */
  update(history, points, target, { value, missing, zone }) {
    setText(this.#value.lastChild, value);
    setData(this.#value, "missing", String(missing));
    const isEmpty = !points.some((point) => point !== null);
    setHidden(this.#empty, !isEmpty);
    const given = `${history.end} ${points.length} ${points.at(-1)} ${target} ${zone}`;
    if (given === this.#drawn) return;
    this.#drawn = given;
    this.#zone = zone;
    this.#target = Number.isFinite(target) && target > 0 ? target : null;
    const times = points.map((_, i) => history.end / 1000 - (points.length - 1 - i) * history.step_seconds);
    this.#given = [times, points];
    if (this.#plot === null) this.#make();
    else this.#plot.setData(this.#given);
  }

  // Fonts and widths are of the screen's smaller side: a new size is a new chart. A cell that is not on
  // the screen has no size, and its chart stays as it is.
  #resize({ width, height }) {
    const size = { width: Math.floor(width), height: Math.floor(height) };
    if (size.width === 0 || size.height === 0) return;
    if (size.width === this.#size.width && size.height === this.#size.height) return;
    this.#size = size;
    this.#plot?.destroy();
    this.#plot = null;
    this.#make();
  }

  #make() {
    const { width, height } = this.#size;
    if (this.#given !== null && width > 0) this.#plot = new uPlot(this.#options(width, height), this.#given, this.#canvas);
  }

  #options(width, height) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const vmin = Math.min(innerWidth, innerHeight) / 100;
    const font = `${3.5 * vmin}px ${style.getPropertyValue("--font")}`;
    const quiet = colour("--text-2");
    const grid = { stroke: colour("--grid"), width: 0.15 * vmin };
    return {
      width,
      height,
      // The canvas is as fine as its screen, and no finer: uPlot counts in CSS pixels otherwise.
      pxAlign: 1,
      padding: [2 * vmin, 5 * vmin, 0, 0],
      cursor: { show: false },
      legend: { show: false },
      scales: {
        x: { time: true, range: (plot) => [plot.data[0].at(-1) - HOUR_SECONDS, plot.data[0].at(-1)] },
        y: { range: (_, least, most) => [0, this.#axis.top(Math.max(most ?? 0, (this.#target ?? 0) * 1.05))] },
      },
      series: [
        {},
        { stroke: colour("--line"), width: 0.55 * vmin, fill: colour("--line-fill"), points: { show: isSparse, size: 1.2 * vmin, fill: colour("--line") }, spanGaps: false },
      ],
      axes: [
        {
          font, stroke: quiet, grid: { show: false }, ticks: { show: false }, size: 4.8 * vmin, gap: 0.8 * vmin,
          splits: (plot) => thirds(plot.data[0].at(-1)),
          values: (_, splits) => splits.map((at) => minute(at * 1000, this.#zone)),
        },
        {
          font, stroke: quiet, grid, ticks: { show: false }, size: (...asked) => Math.max(5 * vmin, labelRoom(...asked)), gap: 1.2 * vmin,
          splits: (plot) => [0, plot.scales.y.max / 2, plot.scales.y.max],
          values: (plot, splits) => splits.map((value) => this.#axis.label(value, plot.scales.y.max)),
        },
      ],
      hooks: { draw: [(plot) => this.#drawTarget(plot, colour("--target"), vmin)] },
    };
  }

  #drawTarget(plot, colour, vmin) {
    if (this.#target === null) return;
    const { ctx, bbox } = plot;
    const y = Math.round(plot.valToPos(this.#target, "y", true));
    if (y < bbox.top) return;
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.lineWidth = 0.35 * vmin * devicePixelRatio;
    ctx.setLineDash([1.6 * vmin * devicePixelRatio, 1.2 * vmin * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }
}

// In the first minutes there are points but hardly a line.
const isSparse = (plot) => plot.data[1].filter((point) => point !== null).length < 12;

// Whole thirds of an hour: as many as there is room for.
function thirds(end) {
  const step = 1200;
  const first = Math.ceil((end - HOUR_SECONDS) / step) * step;
  const splits = [];
  for (let at = first; at <= end; at += step) splits.push(at);
  return splits;
}

/** As wide as the longest label; half of the first time of day needs room as well. uPlot asks before it has labels, and again with them. */
function labelRoom(plot, labels, axis) {
  const { font, gap } = plot.axes[axis];
  if (!labels) return gap;
  plot.ctx.save();
  plot.ctx.font = font[0]; // for the canvas, whose pixels are those of the screen
  const widest = Math.max(...labels.map((label) => plot.ctx.measureText(label).width));
  plot.ctx.restore();
  return Math.ceil(gap + widest / devicePixelRatio);
}
