import { placesOf } from '../core/shell.ts';
import type { Hooked } from '../config/commands.ts';
import type { FormatName } from '../config/schema.ts';

/** When a step runs. */
export type Phase = 'setup' | 'teardown' | `${Hooked}.before` | `${Hooked}.after`;

/** Who says what is run. What comes with the repository runs only once a person has approved it. */
export interface Source {
  readonly owner: 'repository' | 'person';
  readonly file: string;
  readonly format: 'wt' | FormatName;
}

/** A shell script, or the words of one program that no shell sees. */
export type Command =
  /** `bash` where there is one, when a tool that runs its commands with bash wrote it; else `sh`. */
  | { readonly kind: 'shell'; readonly script: string; readonly shell?: 'bash' }
  | { readonly kind: 'argv'; readonly argv: readonly string[] };

/** One command, as it is written; its templates are filled when it runs. */
export interface Step {
  readonly phase: Phase;
  /** Where it is written in its file, as in `setup.run[0]`. */
  readonly at: string;
  readonly source: Source;
  readonly command: Command;
  readonly name: string | undefined;
  readonly timeoutMs: number;
  /** Templates, always, also beside a literal command; on top of what every step gets. */
  readonly env: Readonly<Record<string, string>>;
  /** Neighbours of the same phase and stage run side by side. */
  readonly stage: number;
  /** Content of a script file that the command starts, when another tool's definition names one: it is approved with it. */
  readonly script?: string;
  /** Where that file lies, relative to the top of a worktree. In the session it must be the same to the byte. */
  readonly scriptFile?: string;
  /** A template language of wt's own is not applied to what another tool wrote. */
  readonly isLiteral: boolean;
}

/** Files that a new worktree gets from the main one. */
export interface FileRule {
  readonly kind: 'copy' | 'link';
  /** gitignore patterns, relative to the root. */
  readonly patterns: readonly string[];
  /** What is left out of it all the same, as gitignore patterns; also below a folder that matched. */
  readonly except?: readonly string[];
  readonly source: Source;
}

/** A command in the words a person would type. Pure. */
export function wordsOf(command: Command): string {
  return command.kind === 'shell' ? command.script : JSON.stringify(command.argv);
}

/** What in a command is a template. Pure. */
export function templatesOf(command: Command): readonly string[] {
  return command.kind === 'argv' ? command.argv : placesOf(command.script).map((inner) => `{${inner}}`);
}
