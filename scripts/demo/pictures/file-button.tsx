// A button that lets files or a folder be chosen.

interface FileButtonProps {
  readonly title: string;
  readonly accept?: string;
  readonly folder?: boolean;
  readonly onChoose: (input: HTMLInputElement) => void;
}

export const FileButton = ({ title, accept, folder = false, onChoose }: FileButtonProps) => (
  <label class="button file">
    {title}
    <input
      type="file"
      class="unseen"
      multiple
      accept={accept}
      ref={(input) => {
        if (input) input.webkitdirectory = folder;
      }}
      onChange={({ currentTarget }) => {
        onChoose(currentTarget);
        // The same files may be chosen again.
        currentTarget.value = "";
      }}
    />
  </label>
);
