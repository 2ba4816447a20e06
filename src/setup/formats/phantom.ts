import * as z from 'zod';
import type { Format } from './format.ts';
import { readJson } from './read.ts';
import { outsideNotes, rulesFor, shellSteps, type Origin } from './steps.ts';

const texts = z.array(z.string(), 'a list of texts').default([]);
const Schema = z.object({
  worktreesDirectory: z.unknown().optional(),
  directoryNameSeparator: z.unknown().optional(),
  postCreate: z.object({ copyFiles: texts, commands: texts }).prefault({}),
  preDelete: z.object({ commands: texts }).prefault({}),
});

/** `phantom.config.json` (github.com/phantompane/phantom, docs/configuration.md). */
export const phantom: Format = {
  name: 'phantom',
  async find(root) {
    const read = await readJson(root, 'phantom.config.json', Schema);
    if (read === undefined) return undefined;
    const { file, value, unknown } = read;
    const origin: Origin = { root, format: 'phantom', file, env: {} };
    const { files, outside } = rulesFor(origin, 'copy', { globs: value.postCreate.copyFiles });
    const steps = [
      ...(await shellSteps(origin, { phase: 'setup', at: 'postCreate.commands' }, value.postCreate.commands)),
      ...(await shellSteps(origin, { phase: 'teardown', at: 'preDelete.commands' }, value.preDelete.commands)),
    ];
    const places = (['worktreesDirectory', 'directoryNameSeparator'] as const).filter(
      (key) => value[key] !== undefined,
    );
    const notes = [
      ...outsideNotes(outside),
      ...places.map((key) => `${key} is not used: the setting "path" of wt says where sessions lie`),
      ...unknown.map((key) => `${key} is not used`),
    ];
    return { format: 'phantom', file, steps, files, ports: [], notes };
  },
};
