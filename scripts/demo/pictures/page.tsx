// Part two: pictures, drawn by the model that comes with the page, by one's own, or by one that is trained here.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { openEngine } from "../engine/client.ts";
import { playback } from "../state/pictures.ts";
import { listenToKeys } from "../ui/keys.ts";
import { droppedFilesOf } from "./dropped.ts";
import { keepEaselUsed } from "./easel.ts";
import { openGiven } from "./given.ts";
import { keys } from "./keyboard.ts";
import { complain, status } from "./live.ts";
import { ModelPanel } from "./model-panel.tsx";
import { keepOpen } from "./opening.ts";
import { SamplerPanel } from "./sampler-panel.tsx";
import { keepDrawing } from "./sampling.ts";
import { Stage } from "./stage.tsx";
import { TrainingPanel } from "./training-panel.tsx";

/** Keeps everything going that the state asks for, while the page is there. */
function useEngine(): void {
  useEffect(() => {
    const engine = openEngine();
    const ends = [keepOpen(engine), keepEaselUsed(), keepDrawing(engine), listenToKeys(keys)];
    return () => {
      for (const end of ends) end();
      playback.playing.value = false;
      void engine.pictures.pause();
    };
  }, []);
}

/** Files may be dropped anywhere; answers whether some are held over the page. */
function useDrops(): boolean {
  const held = useSignal(false);
  useEffect(() => {
    const ends = new AbortController();
    const listen = (name: "dragover" | "dragleave" | "drop", react: (event: DragEvent) => void) =>
      addEventListener(name, react, { signal: ends.signal });
    listen("dragover", (event) => {
      event.preventDefault();
      held.value = true;
    });
    listen("dragleave", ({ relatedTarget }) => {
      if (relatedTarget === null) held.value = false;
    });
    listen("drop", (event) => {
      event.preventDefault();
      held.value = false;
      if (!event.dataTransfer) return;
      droppedFilesOf(event.dataTransfer)
        .then((files) => openGiven(openEngine(), files))
        .catch(complain);
    });
    return () => ends.abort();
  }, [held]);
  return held.value;
}

export function PicturesPage() {
  useEngine();
  const held = useDrops();
  return (
    <div class={held ? "page receiving" : "page"}>
      <Stage />
      <div class="panel">
        <ModelPanel />
        <SamplerPanel />
        <TrainingPanel />
        <p class="note">Keys: space plays, arrows step, R draws from other noise.</p>
      </div>
      <p class="unseen" role="status">
        {status.value}
      </p>
    </div>
  );
}
