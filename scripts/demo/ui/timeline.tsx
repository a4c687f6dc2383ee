// The steps of a recorded run: play, pause, one step, backwards, at any speed, and a slider through all of them.
import { type Signal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "./button.tsx";
import { Slider } from "./slider.tsx";

export interface TimelineState {
  /** Where it is: 0 to the last step, with fractions between frames while it plays; beyond the last is the end. */
  readonly at: Signal<number>;
  readonly playing: Signal<boolean>;
  /** Share of the whole run per second; negative plays backwards. */
  readonly speed: Signal<number>;
}

interface TimelineProps extends TimelineState {
  /** The last step of the run. */
  readonly last: number;
  /** The last step that is here already, where they are still arriving. */
  readonly arrived?: number;
  /** When playing has come to the end. */
  readonly onEnd?: () => void;
}

const clamp = (x: number, last: number): number => Math.min(last, Math.max(0, x));

/** Moves `at` with the time that passes, waits for steps that have not arrived, and stops at either end. */
function usePlayback({ at, playing, speed, last, arrived = last, onEnd }: TimelineProps): void {
  const now = useRef({ last, arrived, onEnd });
  now.current = { last, arrived, onEnd };
  useSignalEffect(() => {
    if (!playing.value) return;
    let [frame, before] = [0, performance.now()];
    const move = (time: number) => {
      const { last, arrived, onEnd } = now.current;
      const next = at.peek() + ((time - before) / 1000) * speed.peek() * Math.max(1, last);
      before = time;
      at.value = clamp(next, arrived);
      const finished = speed.peek() > 0 ? next >= last && arrived >= last : next <= 0;
      if (!finished) {
        frame = requestAnimationFrame(move);
        return;
      }
      if (speed.peek() > 0) at.value = Number.POSITIVE_INFINITY;
      playing.value = false;
      onEnd?.();
    };
    frame = requestAnimationFrame(move);
    return () => cancelAnimationFrame(frame);
  });
}

/** Rests at a step. */
function goTo({ at, playing }: TimelineState, step: number, last: number): void {
  playing.value = false;
  at.value = step >= last ? Number.POSITIVE_INFINITY : Math.max(0, step);
}

/** One step onwards (1) or back (-1), to a whole step. */
export function stepBy(state: TimelineState, direction: 1 | -1, last: number): void {
  const here = clamp(state.at.peek(), last);
  goTo(state, direction > 0 ? Math.floor(here) + 1 : Math.ceil(here) - 1, last);
}

/** Plays onwards (1) or backwards (-1), from the other end where there is nothing left; or pauses. */
export function playOrPause({ at, playing, speed }: TimelineState, direction: 1 | -1, last: number): void {
  speed.value = direction * Math.abs(speed.peek());
  const end = direction > 0 ? last : 0;
  if (!playing.peek() && clamp(at.peek(), last) === end) at.value = direction > 0 ? 0 : last;
  playing.value = !playing.peek();
}

const SLOW = 0.04;
const USUAL = 0.25;

export function Timeline(props: TimelineProps) {
  usePlayback(props);
  const { at, playing, speed, last } = props;
  useEffect(() => {
    const pause = () => {
      if (document.hidden) playing.value = false;
    };
    document.addEventListener("visibilitychange", pause);
    return () => document.removeEventListener("visibilitychange", pause);
  }, [playing]);
  const step = {
    get value() {
      return Math.round(clamp(at.value, last));
    },
    set value(to) {
      goTo(props, to, last);
    },
  };
  const slow = Math.abs(speed.value) === SLOW;
  const backwards = speed.value < 0;
  return (
    <div class="timeline">
      <div class="row">
        <Button label={playing.value ? "Pause" : "Play"} primary onClick={() => playOrPause(props, 1, last)}>
          {playing.value ? "❚❚" : "▶"}
        </Button>
        <Button
          label="Play backwards"
          pressed={playing.value && backwards}
          onClick={() => playOrPause(props, -1, last)}
        >
          ◀
        </Button>
        <Button label="One step back" onClick={() => stepBy(props, -1, last)}>
          ‹
        </Button>
        <Button label="One step" onClick={() => stepBy(props, 1, last)}>
          ›
        </Button>
        <Button
          label="Slow motion"
          pressed={slow}
          onClick={() => {
            speed.value = Math.sign(speed.peek()) * (slow ? USUAL : SLOW);
          }}
        >
          slow
        </Button>
      </div>
      <Slider
        label="Step"
        value={step}
        min={0}
        max={Math.max(1, last)}
        step={1}
        format={(at) => `${at} of ${last}`}
      />
    </div>
  );
}
