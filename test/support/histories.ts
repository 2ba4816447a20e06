import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as fc from 'fast-check';
import type { Graph } from '#src/git/graph.ts';
import { gitOf } from './deps.ts';
import type { Room } from './room.ts';

/** Files of a commit: sixteen lines each, and whether they may be run. */
type State = ReadonlyMap<string, { readonly lines: readonly string[]; readonly mode: '100644' | '100755' }>;

const FILES = ['a', 'b', 'd/c'] as const;
const LINES = Array.from({ length: 16 }, (_, i) => `${i + 1}`);

/** One thing that happens on a line of history. */
export interface Step {
  readonly do: (typeof STEPS)[number];
  readonly file?: number;
  readonly line?: number;
  readonly value?: number;
}

const STEPS = [
  'edit',
  'add',
  'delete',
  'rename',
  'run',
  'nothing',
  'squash',
  'squash-near',
  'pick',
  'pick-before',
  'over',
  'revert',
  'merge-session',
  'merge-main',
  'aside',
] as const;

const simple = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('edit' as const),
      file: fc.nat(2),
      line: fc.nat(15),
      value: fc.nat(2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('add' as const, 'delete' as const, 'rename' as const, 'run' as const),
      file: fc.nat(2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('nothing' as const) }) },
);
const ofMain = fc.record({
  do: fc.constantFrom(
    ...([
      'squash',
      'squash',
      'squash-near',
      'pick',
      'pick-before',
      'pick-before',
      'revert',
      'merge-session',
      'aside',
      'over',
      'over',
    ] as const),
  ),
});
const ofSession = fc.record({ do: fc.constantFrom('merge-main' as const, 'revert' as const) });

const anyPlan = fc.record({
  before: fc.array(fc.oneof({ weight: 6, arbitrary: simple }, { weight: 1, arbitrary: ofSession }), {
    minLength: 1,
    maxLength: 3,
  }),
  main: fc.array(fc.oneof({ weight: 3, arbitrary: simple }, { weight: 4, arbitrary: ofMain }), {
    minLength: 1,
    maxLength: 6,
  }),
  after: fc.array(fc.oneof({ weight: 1, arbitrary: simple }, { weight: 1, arbitrary: ofSession }), { maxLength: 1 }),
  early: fc.nat(2),
});
const anyEdit = fc.record({ do: fc.constant('edit' as const), file: fc.nat(2), line: fc.nat(15), value: fc.nat(2) });
/** Two commits picked one by one, the first overtaken before the second came: only their patches can tell. */
const pickedPlan: typeof anyPlan = fc
  .record({ before: fc.tuple(anyEdit, anyEdit), early: fc.nat(1), noise: fc.array(simple, { maxLength: 1 }) })
  .map(({ before, early, noise }) => ({
    before: [...before],
    main: [...noise, { do: 'pick-before' }, { do: 'over' }, { do: 'pick' }, ...noise],
    after: [],
    early: Math.min(early, noise.length),
  }));

export const historyPlan = fc.oneof({ weight: 5, arbitrary: anyPlan }, { weight: 1, arbitrary: pickedPlan });
export type HistoryPlan = typeof historyPlan extends fc.Arbitrary<infer T> ? T : never;

interface Node {
  readonly mark: number;
  readonly parents: readonly Node[];
  readonly state: State;
}

export interface MadeHistory {
  readonly tip: string;
  readonly target: string;
  readonly graph: Graph;
}

/** All plans as commits of one repository, through one fast-import. */
export async function makeHistories(
  room: Room,
  root: string,
  plans: readonly HistoryPlan[],
): Promise<readonly MadeHistory[]> {
  const nodes: Node[] = [];
  const made = plans.map((plan) => play(plan, nodes));
  const marks = path.join(root, '.git', 'marks');
  await gitOf(room, root)(['fast-import', '--quiet', `--export-marks=${marks}`], {
    input: nodes.map(formatNode).join(''),
  });
  const ids = new Map(
    (await readFile(marks, 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => [Number(line.slice(1).split(' ')[0]), line.split(' ')[1] ?? ''] as const),
  );
  const id = ({ mark }: Node): string => ids.get(mark) ?? '';
  return made.map(({ tip, target, own }) => ({
    tip: id(tip),
    target: id(target),
    graph: {
      floor: undefined,
      parents: new Map(own.toReversed().map((node) => [id(node), node.parents.map(id)] as const)),
    },
  }));
}

function play(plan: HistoryPlan, all: Node[]): { tip: Node; target: Node; own: readonly Node[] } {
  const own: Node[] = [];
  const commit = (parents: readonly Node[], state: State): Node => {
    const node = { mark: all.length + 1, parents, state };
    all.push(node);
    own.push(node);
    return node;
  };
  const start = commit([], new Map(FILES.map((name) => [name, { lines: LINES, mode: '100644' as const }])));
  const cut = commit([start], edit(start.state, { do: 'edit', file: 0, line: 0, value: 0 }, 'old'));
  let main = cut;
  let tip = cut;
  const onMain = (step: Step): void => {
    main = advance(step, { at: main, other: tip, cut, whose: 'main' }, commit);
  };
  const onSession = (step: Step): void => {
    tip = advance(step, { at: tip, other: main, cut, whose: 'mine' }, commit);
  };
  plan.main.slice(0, plan.early).forEach(onMain);
  plan.before.forEach(onSession);
  plan.main.slice(plan.early).forEach(onMain);
  plan.after.forEach(onSession);
  return { tip, target: main, own };
}

function advance(
  step: Step,
  { at, other, cut, whose }: { at: Node; other: Node; cut: Node; whose: string },
  commit: (parents: readonly Node[], state: State) => Node,
): Node {
  const previous = at.parents[0] ?? at;
  switch (step.do) {
    case 'squash':
      return commit([at], carry(at.state, cut.state, other.state));
    case 'squash-near':
      return commit(
        [at],
        edit(carry(at.state, cut.state, other.state), { do: 'edit', file: 1, line: 3, value: 9 }, whose),
      );
    case 'pick':
      return commit([at], carry(at.state, (other.parents[0] ?? other).state, other.state));
    case 'pick-before': {
      const before = other.parents[0] ?? other;
      return commit([at], carry(at.state, (before.parents[0] ?? before).state, before.state));
    }
    case 'revert':
      return commit([at], carry(at.state, at.state, previous.state));
    case 'merge-session':
    case 'merge-main':
      return commit([at, other], carry(at.state, cut.state, other.state));
    case 'over':
      return commit([at], overtake(at.state, cut.state));
    case 'aside': {
      const side = commit([cut], edit(cut.state, { do: 'edit', file: 2, line: 6, value: 1 }, 'aside'));
      return commit(
        [at, side, ...(other === cut || other === at ? [] : [other])],
        carry(at.state, cut.state, side.state),
      );
    }
    case 'nothing':
    case 'edit':
    case 'add':
    case 'delete':
    case 'rename':
    case 'run':
      return commit([at], edit(at.state, step, whose));
  }
}

/** What lies between two states, done to a third, line by line and whatever was there. */
function carry(on: State, from: State, to: State): State {
  const next = new Map(on);
  for (const name of new Set([...from.keys(), ...to.keys()])) {
    const [before, after, here] = [from.get(name), to.get(name), on.get(name)];
    if (before === after) continue;
    if (after === undefined) next.delete(name);
    else
      next.set(name, {
        mode: before?.mode === after.mode ? (here?.mode ?? after.mode) : after.mode,
        lines: after.lines.map((line, i) => (line === before?.lines[i] ? (here?.lines[i] ?? line) : line)),
      });
  }
  return next;
}

/** Every line that is not what it was is written over. */
function overtake(state: State, old: State): State {
  return new Map(
    [...state].map(([name, file]) => {
      const before = old.get(name)?.lines;
      return [name, { ...file, lines: file.lines.map((line, i) => (line === before?.[i] ? line : `${line}!`)) }];
    }),
  );
}

function edit(state: State, { do: what, file, line = 0, value = 0 }: Step, whose: string): State {
  const next = new Map(state);
  if (file === undefined) return next;
  const name = FILES[file] ?? 'a';
  const there = next.get(name);
  if (what === 'add') next.set(`new/${name}`, { lines: LINES, mode: '100644' });
  else if (there === undefined) return next;
  else if (what === 'delete') next.delete(name);
  else if (what === 'run') next.set(name, { ...there, mode: there.mode === '100644' ? '100755' : '100644' });
  else if (what === 'rename') {
    next.delete(name);
    next.set(`moved/${name}`, there);
  } else {
    const text = `${LINES[line] ?? ''} ${value}${value === 0 ? '' : whose}`;
    next.set(name, { ...there, lines: there.lines.map((old, i) => (i === line ? text : old)) });
  }
  return next;
}

function formatNode({ mark, parents, state }: Node): string {
  const [first, ...others] = parents;
  const lines = [
    `commit refs/heads/all`,
    `mark :${mark}`,
    `committer T <t@example.org> ${1_700_000_000 + mark} +0000`,
    `data ${`c${mark}`.length}\nc${mark}`,
    ...(first === undefined ? [] : [`from :${first.mark}`]),
    ...[...new Set(others)].map((parent) => `merge :${parent.mark}`),
    'deleteall',
    ...[...state].map(([name, file]) => {
      const content = `${file.lines.join('\n')}\n`;
      return `M ${file.mode} inline ${name}\ndata ${content.length}\n${content}`;
    }),
  ];
  // A first commit of its own begins the branch anew.
  return `${first === undefined ? 'reset refs/heads/all\n\n' : ''}${lines.join('\n')}\n\n`;
}
