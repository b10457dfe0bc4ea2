// Elements of the page. Whatever comes from runs goes in as text, never as markup.

type Child = Node | string | number | undefined | false;
type Listeners = {
  readonly [Event in keyof HTMLElementEventMap as `on${Event}`]?: (event: HTMLElementEventMap[Event]) => void;
};
type Attributes = Listeners & { readonly [name: string]: unknown };

/** An element: attributes by name, `on...` for listeners; an attribute that is undefined or false is left out. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value as EventListener);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== false && value !== null) element.setAttribute(name, String(value));
  }
  append(element, children);
  return element;
}

/** What a table is of, for who does not see what stands above it. */
export function caption(text: string): HTMLElement {
  return h("caption", { class: "hidden" }, text);
}

/** A name that may be broken where its words begin: perDeviceTrainBatchSize, eval_accuracy. */
export function breakable(name: string): (string | Node)[] {
  const words = name.split(/(?<=[a-z\d])(?=[A-Z])|(?<=[_./-])(?=[^_./-])/);
  return words.flatMap((word, i) => (i === 0 ? [word] : [document.createElement("wbr"), word]));
}

/** An element of SVG. */
export function svg(
  tag: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly Child[]
): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  append(element, children);
  return element;
}

function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** Calls `fn` once in the next frame, however often it is asked for. */
export function oncePerFrame(fn: () => void): () => void {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      fn();
    });
  };
}

/** Calls `fn` when nobody has asked for it for a while. */
export function whenQuiet(fn: () => void, milliseconds: number): () => void {
  let timer: number | undefined;
  return () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(fn, milliseconds);
  };
}

/** Calls `fn` at once, and for further calls that come soon once more after a while. */
export function atMostEvery(milliseconds: number, fn: () => void): () => void {
  let waiting = false;
  let again = false;
  const run = () => {
    waiting = true;
    again = false;
    fn();
    window.setTimeout(() => {
      waiting = false;
      if (again) run();
    }, milliseconds);
  };
  return () => {
    if (waiting) again = true;
    else run();
  };
}

/** Lets the browser save a text as a file. */
export function download(name: string, content: string | Blob, type: string): void {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
