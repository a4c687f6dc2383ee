// A process that starts with settings, and says what it is then.
import { givenEnvironment, startWithSettings } from "../../scripts/cli/allocators.ts";

startWithSettings();
const { pid, argv, execArgv, env } = process;
console.log(JSON.stringify({ pid, argv: argv.slice(2), execArgv, env, given: givenEnvironment() }));
