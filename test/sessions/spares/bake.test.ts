import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isInstall, planBake, stillDone, withoutSteps } from '#src/sessions/spares/bake.ts';
import type { Definition } from '#src/setup/definition.ts';
import { stagesToSteps } from '#src/setup/definition.ts';
import type { Step } from '#src/setup/step.ts';

const where = {
  phase: 'setup',
  key: 'setup.run',
  timeoutMs: 1,
  source: { owner: 'person', file: '/f', format: 'wt' },
} as const;

const stepsOf = (...stages: Parameters<typeof stagesToSteps>[0]): readonly Step[] => stagesToSteps(stages, where);
const bake = (steps: readonly Step[], isVaried = false): readonly string[] =>
  planBake({ steps }, { isVaried }).map(({ at }) => at);

describe('what can run before the session is known', () => {
  test.each([
    'npm ci',
    'npm install --prefer-offline --no-audit',
    'pnpm install --frozen-lockfile',
    'yarn',
    'go mod download',
    'make deps',
    'echo "$WT_MAIN"',
    'cp {main}/x y',
  ])('%s can', (command) => expect(bake(stepsOf(command))).toEqual(['setup.run[0]']));

  test.each([
    'createdb {db}',
    'echo {id}',
    'echo $WT_SESSION',
    'echo "${WT_PORT_WEB:-1}"',
    'docker compose up -d',
    'COMPOSE_PROJECT_NAME=x make',
    'direnv allow',
    'wt-like {branch|slug}',
  ])('%s cannot', (command) => expect(bake(stepsOf(command))).toEqual([]));

  test('neither can one whose variables name the session, nor a program whose words do', () => {
    expect(bake(stepsOf({ run: 'make', env: { P: '{port}' } }))).toEqual([]);
    expect(bake(stepsOf(['make', '{id}']))).toEqual([]);
  });

  test('where sessions differ in their variables only plain installs can', () => {
    expect(bake(stepsOf('npm ci', 'make deps', 'npm ci'), true)).toEqual(['setup.run[0]']);
    expect(bake(stepsOf('npm ci && make deps'), true)).toEqual([]);
  });

  test('a stage of which one cannot waits as a whole', () => {
    expect(bake(stepsOf('npm ci', { parallel: ['make a', 'echo {id}'] }, 'make b'))).toEqual(['setup.run[0]']);
  });

  test.each([
    'npm ci; rm -rf x',
    'npm ci && x',
    'npm run build',
    'yarn build',
    'npm install lodash',
    'npm ci | tee log',
  ])('%s is no plain install', (command) => expect(stepsOf(command).map(isInstall)).toEqual([false]));
});

const command = fc.constantFrom('npm ci', 'make deps', 'echo {id}', 'docker ps', 'pnpm install', 'cat x > y');
const stage = fc.oneof(command, fc.record({ parallel: fc.array(command, { minLength: 1, maxLength: 3 }) }));

test('what runs in a spare and what is left are all commands, each once and in order', () => {
  fc.assert(
    fc.property(fc.array(stage, { maxLength: 6 }), fc.boolean(), fc.boolean(), (stages, isVaried, isSameCommit) => {
      const steps = stepsOf(...stages);
      const ran = bake(steps, isVaried);
      expect(steps.map(({ at }) => at).slice(0, ran.length)).toEqual(ran);
      const done = stillDone({ steps }, ran, { isSameCommit });
      expect(ran.slice(0, done.length)).toEqual(done);
      const left = withoutSteps({ steps } as unknown as Definition, done).steps.map(({ at }) => at);
      expect([...done, ...left]).toEqual(steps.map(({ at }) => at));
      const again = steps.filter(({ at }) => done.includes(at) && !isSameCommit);
      expect([again.every(isInstall), done.length === ran.length || !isSameCommit]).toEqual([true, true]);
    }),
  );
});
