// How a script becomes a command: help, options, errors as one line, exit codes.
import cac from "cac";
import { UsageError, UserError } from "../../lib/errors.ts";
import { startWithSettings } from "./allocators.ts";
import { type Options, readOptions, type Values } from "./options.ts";
import { tell } from "./progress.ts";

export interface Command<O extends Options> {
  /** The script's file name without `.ts`. */
  readonly name: string;
  readonly summary: string;
  readonly options: O;
  /** A folder or the like that may follow the command's name. */
  readonly argument?: { readonly name: string; readonly help: string };
  /** Arguments of copy-paste examples. */
  readonly examples: readonly string[];
  /** Text below the options, such as a table. */
  readonly epilogue?: string;
  /** Whether its work takes so long that faster memory pays for starting once more (`allocators.ts`). */
  readonly takesLong?: true;
  /** Does the work; answers the exit code when it is not 0. */
  run(values: Values<O>, argument: string | undefined): Promise<number | undefined>;
}

/** Runs the command with the process's arguments and sets the exit code: 0, 1 failure, 2 usage, 130 interrupted. */
export async function main<O extends Options>(command: Command<O>): Promise<void> {
  try {
    process.exitCode = (await execute(command)) ?? 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const hint = error instanceof UsageError ? ` (see \`bun scripts/${command.name}.ts --help\`)` : "";
    // Some messages begin with a function's name, which may be the command's.
    const message = error.message.replace(new RegExp(`^${command.name}: `), "");
    tell(`${command.name}: ${message}${hint}`);
    process.exitCode = error.exitCode;
  }
}

async function execute<O extends Options>(command: Command<O>): Promise<number | undefined> {
  const cli = cac(`bun scripts/${command.name}.ts`);
  const { argument } = command;
  const described = cli.command(argument ? `[${argument.name}]` : "", command.summary, {
    allowUnknownOptions: true,
  });
  for (const { flag, help } of Object.values(command.options)) described.option(flag, help);
  for (const example of command.examples)
    described.example(`  bun scripts/${command.name}.ts ${example}`.trimEnd());
  described.usage(`[options]${argument ? ` [${argument.name}]   ${argument.help}` : ""}`);
  cli.help(([_name, ...sections]) => [
    { body: command.summary },
    ...sections.filter(({ title }) => title !== "Commands" && !title?.startsWith("For more info")),
    ...(command.epilogue ? [{ body: command.epilogue }] : []),
  ]);
  const { args, options } = cli.parse(process.argv, { run: false });
  if (options.help) return undefined;
  const { "--": _, help: __, h: ___, ...given } = options;
  if (args.length > (argument ? 1 : 0))
    throw new UsageError(
      `unexpected argument "${args.at(-1)}"${argument ? `; expected at most one ${argument.name}` : ""}`,
    );
  const values = readOptions(command.options, given);
  if (command.takesLong) startWithSettings();
  return command.run(values, args[0]);
}
