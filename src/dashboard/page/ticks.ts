// Round numbers along an axis.

/** Some `count` round places between two ends. */
export function ticksOf(from: number, to: number, count: number): number[] {
  const span = to - from;
  if (!(span > 0)) return [from];
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough;
  const ticks: number[] = [];
  for (let i = Math.ceil(from / step); i * step <= to + step * 1e-9; i++)
    ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/** Powers of ten between two positive ends, twos and fives of them where there are few; round places where there are none. */
export function logTicksOf(from: number, to: number): number[] {
  const [first, last] = [Math.floor(Math.log10(from)), Math.ceil(Math.log10(to))];
  const every = Math.max(1, Math.ceil((last - first) / 9));
  const factors = last - first <= 4 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = Math.ceil(first / every) * every; power <= last; power += every)
    for (const factor of factors) ticks.push(Number(`${factor}e${power}`));
  const within = ticks.filter((tick) => tick >= from * (1 - 1e-9) && tick <= to * (1 + 1e-9));
  return within.length > 1 ? within : ticksOf(from, to, 4);
}
