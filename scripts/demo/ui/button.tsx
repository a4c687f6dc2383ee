// A button; one that stays down has `pressed`.
import type { ComponentChildren } from "preact";

interface ButtonProps {
  readonly onClick: () => void;
  readonly children: ComponentChildren;
  /** Its name for those who do not see what it shows. */
  readonly label?: string;
  readonly primary?: boolean;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
}

export const Button = ({ onClick, children, label, primary, pressed, disabled }: ButtonProps) => (
  <button
    type="button"
    class={primary ? "button primary" : "button"}
    onClick={onClick}
    aria-label={label}
    title={label}
    aria-pressed={pressed}
    disabled={disabled}
  >
    {children}
  </button>
);
