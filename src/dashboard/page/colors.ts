// A colour for each run: a dozen that can be told apart in both themes, also by those who see few colours, in turn.

const COLORS = 12;
const places = new Map<string, number>();

/** A run keeps its colour for as long as the page is open. @param ids All runs, the oldest first. */
export function assignColors(ids: readonly string[]): void {
  for (const id of ids) if (!places.has(id)) places.set(id, places.size);
}

function placeOf(id: string): number {
  assignColors([id]);
  return (places.get(id) ?? 0) % COLORS;
}

/** The name of the style's variable that holds a run's colour. */
export function colorVariable(id: string): string {
  return `--run-${placeOf(id)}`;
}

/** A run's colour as canvas and SVG files need it. @param theme Default: the page's. */
export function colorOf(id: string, theme?: "light"): string {
  return themeColor(colorVariable(id), theme);
}

/** A colour of the style as `#rrggbb`. */
export function themeColor(variable: string, theme?: "light"): string {
  const probe = document.createElement("span");
  probe.style.setProperty("color", `var(${variable})`);
  if (theme) probe.dataset.theme = theme;
  document.body.append(probe);
  const [red = "0", green = "0", blue = "0"] = getComputedStyle(probe).color.match(/[\d.]+/g) ?? [];
  probe.remove();
  return `#${[red, green, blue].map((part) => Number(part).toString(16).padStart(2, "0")).join("")}`;
}
