// Lines over the number of processes, a panel for each model, as an SVG that stands on light and dark pages.

export interface Line {
  readonly label: string;
  readonly color: string;
  readonly dash?: string;
  readonly points: readonly { readonly processes: number; readonly efficiency: number }[];
}

export interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
}

const WIDTH = 270;
const HEIGHT = 190;
const LEFT = 46;
const TOP = 34;
const BETWEEN = 24;

export function drawPanels(title: string, panels: readonly Panel[]): string {
  const most = Math.max(
    ...panels.flatMap(({ lines }) => lines.flatMap(({ points }) => points.map((p) => p.processes))),
  );
  const doublings = Math.log2(most);
  const x = (processes: number) => (Math.log2(processes) / doublings) * WIDTH;
  const y = (efficiency: number) => (1 - efficiency) * HEIGHT;
  const total = LEFT + panels.length * (WIDTH + BETWEEN);
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total} ${TOP + HEIGHT + 66}" font-family="sans-serif" font-size="11">`,
    `<title>${title}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
  ];
  for (const [number, panel] of panels.entries()) {
    out.push(`<g transform="translate(${LEFT + number * (WIDTH + BETWEEN)} ${TOP})">`);
    out.push(`<text x="${WIDTH / 2}" y="-12" text-anchor="middle" font-weight="bold">${panel.title}</text>`);
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      out.push(`<path d="M0 ${y(share)}H${WIDTH}" stroke="#dddddd"/>`);
      if (number === 0) out.push(`<text x="-6" y="${y(share) + 4}" text-anchor="end">${share * 100} %</text>`);
    }
    for (let processes = 1; processes <= most; processes *= 2) {
      const label = Math.log2(processes) % 3 === 0 ? String(processes) : "";
      out.push(`<path d="M${round(x(processes))} ${HEIGHT}v4" stroke="#888888"/>`);
      out.push(`<text x="${round(x(processes))}" y="${HEIGHT + 17}" text-anchor="middle">${label}</text>`);
    }
    for (const { points, color, dash } of panel.lines) {
      const path = points.map((p, i) => `${i === 0 ? "M" : "L"}${round(x(p.processes))} ${round(y(p.efficiency))}`);
      const dashed = dash === undefined ? "" : ` stroke-dasharray="${dash}"`;
      out.push(`<path d="${path.join("")}" fill="none" stroke="${color}" stroke-width="2"${dashed}/>`);
    }
    out.push("</g>");
  }
  const below = TOP + HEIGHT + 50;
  out.push(`<text x="${LEFT}" y="${below - 18}">processes</text>`);
  let at = LEFT;
  for (const { label, color, dash } of panels[0].lines) {
    const dashed = dash === undefined ? "" : ` stroke-dasharray="${dash}"`;
    out.push(`<path d="M${at} ${below - 4}h24" stroke="${color}" stroke-width="2"${dashed}/>`);
    out.push(`<text x="${at + 30}" y="${below}">${label}</text>`);
    at += 42 + 6.2 * label.length;
  }
  return `${[...out, "</svg>"].join("\n")}\n`;
}

function round(value: number): string {
  return value.toFixed(1);
}
