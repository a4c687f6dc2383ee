// Errors that are the user's to mend: scripts print their message as one line and leave with their exit code.

/** Something the user gave (a file, a folder, an option's value) cannot be used; the message says what is expected and what to do. */
export class UserError extends Error {
  override readonly name: string = "UserError";
  readonly exitCode: number = 1;
}

/** The command line itself is wrong: an unknown option, command or name. */
export class UsageError extends UserError {
  override readonly name = "UsageError";
  override readonly exitCode = 2;
}
