// A formula, from MathML that was typeset when the page was built (tex.ts).
import { useEffect, useRef } from "preact/hooks";

export function Formula({ mathml }: { readonly mathml: string }) {
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const { body } = new DOMParser().parseFromString(mathml, "text/html");
    place.current?.replaceChildren(...body.childNodes);
  }, [mathml]);
  return <span class="formula" ref={place} />;
}
