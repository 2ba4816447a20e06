import * as z from 'zod';
import { WtError } from '../../core/errors.ts';
import type { Format } from './format.ts';
import { readJson, type Checked } from './read.ts';
import { outsideNotes, rulesFor } from './steps.ts';

const texts = z.array(z.string()).optional();
const Schema = z.object({
  worktree: z.looseObject({ symlinkDirectories: texts, sparsePaths: texts, baseRef: z.string().optional() }).optional(),
  hooks: z.record(z.string(), z.unknown()).optional(),
});
type Settings = Checked<z.infer<typeof Schema>>;

const FILES = ['.claude/settings.json', '.claude/settings.local.json'] as const;

/** `worktree.*` of Claude Code's settings (code.claude.com/docs/en/settings); lists of the local file come on top. */
export const claude: Format = {
  name: 'claude',
  async find(root) {
    const read = await Promise.all(FILES.map((file) => readSettings(root, file)));
    const all = read.filter((one) => one !== undefined && (one.value.worktree !== undefined || hasHook(one)));
    const [first] = all;
    if (first === undefined) return undefined;
    const ruled = all.map((one) => {
      const globs = (one?.value.worktree?.symlinkDirectories ?? []).map((name) => name.replace(/\/+$/, ''));
      return rulesFor({ format: 'claude', file: one?.file ?? first.file }, 'link', { globs });
    });
    return {
      format: 'claude',
      file: (all.find((one) => (one?.value.worktree?.symlinkDirectories ?? []).length > 0) ?? first).file,
      steps: [],
      files: ruled.flatMap(({ files }) => files),
      ports: [],
      notes: [
        ...outsideNotes(ruled.flatMap(({ outside }) => outside)),
        ...new Set(all.flatMap((one) => (one === undefined ? [] : notesOf(one)))),
      ],
    };
  },
};

/** These files hold much else: one that cannot be read is another's trouble. */
async function readSettings(root: string, file: string): Promise<Settings | undefined> {
  try {
    return await readJson(root, file, Schema);
  } catch (error) {
    if (!WtError.is(error, 'config.invalid')) throw error;
    return undefined;
  }
}

function hasHook({ value }: Settings): boolean {
  return ['WorktreeCreate', 'WorktreeRemove'].some((name) => value.hooks?.[name] !== undefined);
}

function notesOf(settings: Settings): readonly string[] {
  const { symlinkDirectories: _, sparsePaths, baseRef, ...others } = settings.value.worktree ?? {};
  return [
    ...(sparsePaths === undefined
      ? []
      : ['sparsePaths is not used: a session takes over the sparse checkout of the main worktree']),
    ...(baseRef === undefined
      ? []
      : [`baseRef ${baseRef} is not used: a session is cut from the current branch, or from --base`]),
    ...Object.keys(others).map((key) => `worktree.${key} is not used`),
    ...(hasHook(settings)
      ? ['hooks.WorktreeCreate and WorktreeRemove are not run: wt makes and takes away the worktree']
      : []),
  ];
}
