// The page: a header with its two parts, and the part that the address names.
import { type Signal, signal } from "@preact/signals";
import { render } from "preact";
import { deviceNote } from "./engine/client.ts";
import { PicturesPage } from "./pictures/page.tsx";
import { PlanePage } from "./plane/page.tsx";
import { picturesEntries } from "./state/pictures.ts";
import { planeEntries } from "./state/plane.ts";
import { mirrorInAddress, toHash } from "./state/url.ts";

const parts = {
  plane: { title: "The plane", entries: planeEntries, Page: PlanePage },
  pictures: { title: "Pictures", entries: picturesEntries, Page: PicturesPage },
};
type Part = keyof typeof parts;

const page: Signal<Part> = signal("plane");
mirrorInAddress(page, { plane: parts.plane.entries, pictures: parts.pictures.entries });

const Header = () => (
  <header class="header">
    <h1>langevin</h1>
    <nav aria-label="Parts">
      {Object.entries(parts).map(([name, { title, entries }]) => (
        <a key={name} href={toHash(name, entries)} aria-current={page.value === name ? "page" : undefined}>
          {title}
        </a>
      ))}
    </nav>
    <span class="device">{deviceNote.value}</span>
  </header>
);

function App() {
  const { Page } = parts[page.value];
  return (
    <>
      <Header />
      <main>
        <Page />
      </main>
    </>
  );
}

const root = document.getElementById("app");
if (root) render(<App />, root);
