import path from 'node:path';
import type { FormatName } from '../../config/schema.ts';
import { isBelow } from '../../platform/dirs.ts';
import { readSmallFile, realPathOf } from '../../platform/files.ts';
import type { Command, FileRule, Phase } from '../step.ts';
import type { FoundStep } from './format.ts';

const LIMIT_BYTES = 256 * 1024;

/** What the steps of one file have in common. */
export interface Origin {
  readonly root: string;
  readonly format: FormatName;
  /** Absolute. */
  readonly file: string;
  /** The tool's own variables, as templates. */
  readonly env: Readonly<Record<string, string>>;
  /** What the tool runs its commands with. Default: sh. */
  readonly shell?: 'bash';
}

export interface Line {
  readonly phase: Phase;
  /** Where it is written, as in `scripts.setup`. */
  readonly at: string;
  readonly stage: number;
  readonly script: string;
  readonly name?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A shell command as the tool's file has it; a script of the repository that it starts is read along. */
export async function shellStep(origin: Origin, line: Line): Promise<FoundStep> {
  const { phase, at, stage, script, name, env } = line;
  const command: Command = { kind: 'shell', script, ...(origin.shell === undefined ? {} : { shell: origin.shell }) };
  return { ...common(origin, { phase, at, stage, name, env }), command, ...(await findScript(origin.root, script)) };
}

/** A script of the repository by its path from the root, started by what its first line names, else by sh. */
export function scriptStep(
  origin: Origin,
  { phase, at, stage }: Pick<Line, 'phase' | 'at' | 'stage'>,
  { scriptFile, script }: { readonly scriptFile: string; readonly script: string },
): FoundStep {
  const [, shebang] = /^#!\s*(\S[^\n]*)/.exec(script) ?? [];
  const program = shebang === undefined ? ['sh'] : shebang.trim().split(/\s+/);
  return {
    ...common(origin, { phase, at, stage }),
    command: { kind: 'argv', argv: [...program, scriptFile] },
    script,
    scriptFile,
  };
}

function common(
  origin: Origin,
  {
    phase,
    at,
    stage,
    name,
    env = {},
  }: Omit<Line, 'script' | 'name' | 'env'> & { name?: string | undefined; env?: Line['env'] | undefined },
): Omit<FoundStep, 'command'> {
  const source = { owner: 'repository', file: origin.file, format: origin.format } as const;
  return { phase, at, stage, name, source, env: { ...origin.env, ...env }, isLiteral: true };
}

/** Commands one after the other, blank ones left out. */
export async function shellSteps(
  origin: Origin,
  { phase, at }: Pick<Line, 'phase' | 'at'>,
  scripts: readonly string[],
): Promise<readonly FoundStep[]> {
  const lines = scripts.map((script, i) => ({ phase, at: `${at}[${i}]`, stage: i, script }));
  return Promise.all(lines.filter(({ script }) => script.trim() !== '').map((line) => shellStep(origin, line)));
}

// `./scripts/up.sh`, `scripts/up`, `bash scripts/up.sh --fast`; a bare name is a program on PATH.
const STARTS =
  /^\s*(?:(?:ba|z|da)?sh\s+(?:-[a-z]+\s+)*|(?:node|python3?|ruby|perl)\s+)?(?:\.\/)?([\w@.+-]+(?:\/[\w@.+-]+)*)(?=$|[\s;&|])/;

/** The file of the repository that a shell command starts, when it plainly starts one. What a package manager installs is none. */
async function findScript(
  root: string,
  command: string,
): Promise<{ readonly script: string; readonly scriptFile: string } | undefined> {
  const [whole = '', relative = ''] = STARTS.exec(command) ?? [];
  if (!whole.includes('/') || relative.split('/').includes('node_modules')) return undefined;
  return readScript(root, relative);
}

/** A text file inside of the repository, reached through no link out of it. */
export async function readScript(
  root: string,
  relative: string,
): Promise<{ readonly script: string; readonly scriptFile: string } | undefined> {
  const file = path.resolve(root, relative);
  const [realRoot, real] = await Promise.all([realPathOf(root), realPathOf(file)]);
  if (!isBelow(root, file) || !isBelow(realRoot, real)) return undefined;
  const content = await readSmallFile(real, LIMIT_BYTES);
  if (content === undefined || 'refused' in content || content.text.includes('\0')) return undefined;
  return { script: content.text, scriptFile: path.relative(root, file) };
}

/** A glob that counts from the root, as a gitignore pattern; undefined for one that leads out. Pure. */
export function anchored(glob: string): string | undefined {
  const plain = glob.trim().replace(/^(?:\.\/)+/, '');
  if (plain === '' || plain.startsWith('/') || plain.startsWith('~') || plain.split(/[/\\]/).includes('..'))
    return undefined;
  return plain.startsWith('**/') ? plain : `/${plain}`;
}

/** One rule for globs that count from the root, and which of them lead out of the repository. Pure. */
export function rulesFor(
  { format, file }: Pick<Origin, 'format' | 'file'>,
  kind: FileRule['kind'],
  { globs, except = [] }: { readonly globs: readonly string[]; readonly except?: readonly string[] },
): { readonly files: readonly FileRule[]; readonly outside: readonly string[] } {
  const patterns = globs.flatMap((glob) => anchored(glob) ?? []);
  const outside = globs.filter((glob) => glob.trim() !== '' && anchored(glob) === undefined);
  const left = except.flatMap((glob) => anchored(glob) ?? []);
  const source = { owner: 'repository', file, format } as const;
  const rule: FileRule = { kind, patterns, ...(left.length === 0 ? {} : { except: left }), source };
  return { files: patterns.length === 0 ? [] : [rule], outside };
}

/** Words for globs that are not followed. Pure. */
export function outsideNotes(outside: readonly string[]): readonly string[] {
  return outside.map((glob) => `${glob} leads out of the repository and is not taken`);
}
