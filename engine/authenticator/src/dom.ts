/** The element of this id; the page and its scripts are made for each other. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no element "${id}".`);
  return element as T;
}

/** Shows one of several elements and hides the others. */
export function showOnly(shown: HTMLElement, among: HTMLElement[]): void {
  for (const element of among) element.hidden = element !== shown;
}

/** Says something to those who do not see the screen. */
export function announce(text: string): void {
  byId('live').textContent = text;
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  text = '',
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** The first letter of a name, as its picture. */
export function initial(name: string): string {
  return ([...name.trim()][0] ?? '?').toUpperCase();
}
