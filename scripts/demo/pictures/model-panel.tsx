// Which model draws: what it is, and how another one is opened.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { openEngine } from "../engine/client.ts";
import type { PictureModel } from "../engine/protocol.ts";
import { pictures, shipped } from "../state/pictures.ts";
import { Button } from "../ui/button.tsx";
import { chosenFiles } from "./dropped.ts";
import { FileButton } from "./file-button.tsx";
import { openGiven } from "./given.ts";
import { model } from "./live.ts";

function about({ parameters, shape, classes }: PictureModel): string {
  const [channels, height, width] = shape;
  const parts = [
    `${parameters.toLocaleString("en")} weights`,
    `${width}×${height}, ${channels === 1 ? "grey" : "colour"}`,
    ...(classes > 0 ? [`${classes} classes`] : []),
  ];
  return parts.join(" · ");
}

function AddressField() {
  const id = useId();
  const address = useSignal("");
  const open = () => {
    if (address.peek() !== "") pictures.model.value = address.peek();
  };
  return (
    <div class="field">
      <label class="label" for={id}>
        Address of a model folder
      </label>
      <div class="row seed">
        <input
          id={id}
          type="url"
          placeholder="https://…/model/"
          value={address.value}
          onInput={({ currentTarget }) => {
            address.value = currentTarget.value;
          }}
          onKeyDown={({ key }) => {
            if (key === "Enter") open();
          }}
        />
        <Button onClick={open}>Open</Button>
      </div>
    </div>
  );
}

export const ModelPanel = () => (
  <section class="group" aria-labelledby="model-title">
    <h2 id="model-title">Model</h2>
    <p>
      <strong>{model.value?.name ?? "…"}</strong>{" "}
      <span class="note numbers">{model.value && about(model.value)}</span>
    </p>
    <details>
      <summary>Open another</summary>
      <div class="group fold">
        <p class="note">
          Drop a run or model folder, or a zip of one, anywhere on this page; or images, to learn from them.
        </p>
        <div class="row">
          <FileButton
            title="Files…"
            accept=".zip,.json,.onnx,.safetensors,image/*"
            onChoose={(input) => void openGiven(openEngine(), chosenFiles(input))}
          />
          <FileButton
            title="Folder…"
            folder
            onChoose={(input) => void openGiven(openEngine(), chosenFiles(input))}
          />
          <Button
            disabled={pictures.model.value === shipped}
            onClick={() => {
              pictures.model.value = shipped;
            }}
          >
            The page’s own
          </Button>
        </div>
        <AddressField />
      </div>
    </details>
  </section>
);
