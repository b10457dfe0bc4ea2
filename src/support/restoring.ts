// Work done in another state than the present one.

/** Runs `fn`, then `restore`: at once, or, where `fn` is asynchronous, when its promise is settled. Errors come after it. */
export function restoring<T>(fn: () => T, restore: () => void): T {
  let result: T;
  try {
    result = fn();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as T;
  restore();
  return result;
}
