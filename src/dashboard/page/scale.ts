// How far an axis reaches around what is drawn on it.

/** Room above and below; a line that is level stands in the middle. */
export function padded(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null || low > high) return [0, 1];
  const room = high > low ? 0.06 * (high - low) : Math.abs(high) * 0.1 || 1;
  const bottom = low - room;
  return [low >= 0 && bottom < 0 ? 0 : bottom, high + room];
}

/** The same on a logarithmic axis, of which what is drawn should take up the whole. */
export function paddedLog(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null || low > high || low <= 0) return [0.1, 1];
  const room = high > low ? (high / low) ** 0.06 : 2;
  return [low / room, high * room];
}
