// A chart as an SVG file: what is on the screen, with axes and a legend, for a paper or a slide. Light, whatever the page is.
import type { Axis, ChartData } from "../protocol.js";
import { AXIS_NAMES, showFigure, showTick, titleOf } from "./format.js";
import { padded, paddedLog } from "./scale.js";
import { logTicksOf, ticksOf } from "./ticks.js";

export interface SvgContent {
  readonly data: ChartData;
  readonly axis: Axis;
  readonly log: boolean;
  readonly range: readonly [from: number, to: number];
  readonly nameOf: (run: string) => string;
  readonly colorOf: (run: string) => string;
}

const [WIDTH, PLOT_HEIGHT] = [760, 400];
const MARGIN = { left: 70, right: 20, top: 44, bottom: 50 };
const LEGEND_LINE = 18;
const MOST_NAMES = 30;

export function chartSvg({ data, axis, log, range: [from, to], nameOf, colorOf }: SvgContent): string {
  const shown = (value: number | null): value is number => value !== null && (!log || value > 0);
  const inRange = (x: number) => x >= from && x <= to;
  let [low, high] = [Infinity, -Infinity];
  for (const { y, raw } of data.lines) {
    for (const values of raw ? [y, raw] : [y]) {
      for (const [i, value] of values.entries()) {
        if (!shown(value) || !inRange(data.x[i])) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
  }
  [low, high] = log ? paddedLog(low, high) : padded(low, high);
  const right = WIDTH - MARGIN.right;
  const bottom = MARGIN.top + PLOT_HEIGHT;
  const scale = log ? Math.log10 : (value: number) => value;
  const px = (x: number) => round(MARGIN.left + ((x - from) / (to - from || 1)) * (right - MARGIN.left));
  const py = (y: number) => round(bottom - ((scale(y) - scale(low)) / (scale(high) - scale(low))) * PLOT_HEIGHT);

  const parts: string[] = [];
  for (const tick of log ? logTicksOf(low, high) : ticksOf(low, high, 6)) {
    parts.push(`<path class="grid" d="M${MARGIN.left} ${py(tick)}H${right}"/>`);
    parts.push(text(MARGIN.left - 8, py(tick) + 4, showFigure(data.key, tick), "end"));
  }
  for (const tick of ticksOf(from, to, 7)) {
    parts.push(`<path class="grid" d="M${px(tick)} ${MARGIN.top}V${bottom}"/>`);
    parts.push(text(px(tick), bottom + 18, showTick(axis, tick), "middle"));
  }
  parts.push(text((MARGIN.left + right) / 2, bottom + 40, AXIS_NAMES[axis], "middle"));
  const line = (run: string, y: ChartData["lines"][number]["y"], kind: string) => {
    const path = pathOf(data.x, y, shown, px, py);
    return `<path class="${kind}${path.endsWith("h0") ? " point" : ""}" stroke="${escaped(colorOf(run))}" d="${path}"/>`;
  };
  const lines = [
    ...data.lines.flatMap(({ run, raw }) => (raw ? [line(run, raw, "line raw")] : [])),
    ...data.lines.map(({ run, y }) => line(run, y, "line")),
  ];
  const named = data.lines.slice(0, MOST_NAMES);
  const legend = named.map(({ run }, i) => {
    const y = bottom + 66 + i * LEGEND_LINE;
    return `<path class="line" stroke="${escaped(colorOf(run))}" d="M${MARGIN.left} ${y - 4}h22"/>${text(MARGIN.left + 30, y, nameOf(run), "start")}`;
  });
  if (data.lines.length > MOST_NAMES) {
    legend.push(
      text(
        MARGIN.left + 30,
        bottom + 66 + MOST_NAMES * LEGEND_LINE,
        `and ${data.lines.length - MOST_NAMES} more`,
        "start",
      ),
    );
  }
  const height = bottom + 66 + legend.length * LEGEND_LINE;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">
<style>text{font:12px system-ui,sans-serif;fill:#333}.title{font-size:16px;font-weight:600}.grid{stroke:#e3e3e3}.line{fill:none;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}.raw{stroke-width:1;opacity:.28}.point{stroke-width:6}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text class="title" x="${MARGIN.left}" y="26">${escaped(titleOf(data.key))}</text>
<clipPath id="plot"><rect x="${MARGIN.left}" y="${MARGIN.top}" width="${right - MARGIN.left}" height="${PLOT_HEIGHT}"/></clipPath>
${parts.join("\n")}
<g clip-path="url(#plot)">
${lines.join("\n")}
</g>
${legend.join("\n")}
</svg>
`;
}

function pathOf(
  x: readonly number[],
  y: readonly (number | null)[],
  shown: (value: number | null) => value is number,
  px: (x: number) => number,
  py: (y: number) => number,
): string {
  const places = y.flatMap((value, i) => (shown(value) ? [`${px(x[i])} ${py(value)}`] : []));
  return places.length === 0 ? "" : `M${places.join("L")}${places.length === 1 ? "h0" : ""}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function text(x: number, y: number, content: string, anchor: string): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  const names: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  // Characters that XML cannot hold are left out.
  return content
    .replaceAll(/[&<>"]/g, (each) => names[each])
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "");
}
