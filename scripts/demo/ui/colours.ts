// The colours of tokens.css for canvases, which cannot read them by themselves.

/** The colour of a registered property such as "--blue" as it is on this element, light or dark. */
export const colourOf = (name: string, element: Element): string =>
  getComputedStyle(element).getPropertyValue(name);
