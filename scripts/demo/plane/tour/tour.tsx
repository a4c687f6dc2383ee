// The tour: a chapter at a time, which sets the page and says three sentences.
import { plane, planeEntries } from "../../state/plane.ts";
import { fromHash } from "../../state/url.ts";
import { Button } from "../../ui/button.tsx";
import { Formula } from "../../ui/formula.tsx";
import { chapters } from "./chapters.ts";

/** Sets the page as a chapter has it; 0 leaves the tour, and the page as it is. */
function open(number: number): void {
  const chapter = chapters[number - 1];
  if (chapter)
    fromHash(`#plane?${chapter.link}&chapter=${number}&device=${plane.device.peek()}`, {
      plane: planeEntries,
    });
  else plane.chapter.value = 0;
}

const Invitation = () => (
  <section class="card tour" aria-label="Tour">
    <div class="row spread">
      <span>New to scores?</span>
      <Button onClick={() => open(1)}>Take the tour</Button>
    </div>
  </section>
);

export function Tour() {
  const number = plane.chapter.value;
  const chapter = chapters[number - 1];
  if (chapter === undefined) return <Invitation />;
  return (
    <section class="card tour" aria-labelledby="chapter-title">
      <p class="note">
        Chapter {number} of {chapters.length}
      </p>
      <h2 id="chapter-title">{chapter.title}</h2>
      {chapter.formulas.map((mathml) => (
        <Formula key={mathml} mathml={mathml} />
      ))}
      {chapter.sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      <div class="row">
        <Button onClick={() => open(number - 1)}>{number === 1 ? "Close" : "Back"}</Button>
        <Button primary onClick={() => open((number + 1) % (chapters.length + 1))}>
          {number === chapters.length ? "Done" : "Next"}
        </Button>
        {number > 1 && number < chapters.length && <Button onClick={() => open(0)}>Close</Button>}
      </div>
    </section>
  );
}
