// Fingers on a chart: two zoom, as on a map, and one moves along the axis. Up and down the page scrolls.
import type { Range } from "./chart.js";

export interface TouchHost {
  /** The part of the axis that is shown. */
  range(): Range;
  /** @param moving More of it follows at once. */
  setRange(range: Range, moving: boolean): void;
  /** Where the axis lies on the screen; undefined while nothing is drawn. */
  box(): { readonly left: number; readonly width: number } | undefined;
}

/** Fingers that are nearer than this, in pixels, cannot say by how much to zoom. */
const NEAREST_FINGERS = 12;

export function followTouch(element: HTMLElement, host: TouchHost): void {
  /** Where each finger is, and the place of the axis that it holds. */
  const fingers = new Map<number, { x: number; readonly place: number }>();
  let moved = false;

  const hold = (): void => {
    const box = host.box();
    if (!box) return;
    const [from, to] = host.range();
    const placeOf = (x: number) => from + ((x - box.left) / Math.max(1, box.width)) * (to - from);
    for (const [id, { x }] of fingers) fingers.set(id, { x, place: placeOf(x) });
  };
  /** The part in which each finger is on the place that it holds. */
  const held = (): Range | undefined => {
    const box = host.box();
    const [one, other] = [...fingers.values()];
    if (!box || !one) return undefined;
    const [from, to] = host.range();
    let perPixel = (to - from) / Math.max(1, box.width);
    if (other) {
      const apart = other.x - one.x;
      if (Math.abs(apart) < NEAREST_FINGERS || (other.place - one.place) * apart <= 0) return undefined;
      perPixel = (other.place - one.place) / apart;
    }
    const start = one.place - (one.x - box.left) * perPixel;
    return [start, start + box.width * perPixel];
  };

  element.addEventListener("pointerdown", ({ pointerType, pointerId, clientX }) => {
    if (pointerType !== "touch" || fingers.size === 2) return;
    if (fingers.size === 0) moved = false;
    fingers.set(pointerId, { x: clientX, place: 0 });
    hold();
  });
  element.addEventListener("pointermove", ({ pointerId, clientX }) => {
    const finger = fingers.get(pointerId);
    if (!finger || finger.x === clientX) return;
    finger.x = clientX;
    const range = held();
    if (!range) return;
    moved = true;
    host.setRange(range, true);
  });
  const lift = ({ pointerId }: PointerEvent): void => {
    if (!fingers.delete(pointerId)) return;
    if (fingers.size > 0) hold();
    else if (moved) host.setRange(host.range(), false);
  };
  element.addEventListener("pointerup", lift);
  element.addEventListener("pointercancel", lift);
}
