// Light or dark: as the system has it, or as was chosen here, which the browser remembers.

const CHOICES = ["auto", "light", "dark"] as const;
type Theme = (typeof CHOICES)[number];
const KEY = "attune-theme";

export function currentTheme(): Theme {
  const stored = localStorage.getItem(KEY);
  return CHOICES.find((choice) => choice === stored) ?? "auto";
}

function apply(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Takes the next choice, and gives it. */
export function nextTheme(): Theme {
  const next = CHOICES[(CHOICES.indexOf(currentTheme()) + 1) % CHOICES.length];
  localStorage.setItem(KEY, next);
  apply(next);
  return next;
}

/** Applies the choice, and tells of changes of the system's. */
export function followTheme(onChange: () => void): void {
  apply(currentTheme());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange);
}
