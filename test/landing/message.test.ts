import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STRATEGIES, type Strategy } from '#src/config/schema.ts';
import { landingMessage, squashAuthorship, withTrailers } from '#src/landing/message.ts';
import type { Session } from '#src/sessions/book.ts';
import { makeSession } from '../support/session.ts';

function messageOf(session: Session, strategy: Strategy, ...subjects: string[]): string {
  const commits = subjects.map((subject) => ({ subject }));
  return landingMessage({
    session,
    strategy,
    into: 'main',
    commits,
    given: undefined,
    template: undefined,
    values: {},
    coAuthors: [],
  });
}

describe('the message of a landing', () => {
  test('is made of the task', () => {
    const session = makeSession('a', { task: 'Fix the login\n\nIt fails on Mondays.\n' });
    expect(messageOf(session, 'merge', 'one')).toBe(
      'Merge session a: Fix the login\n\nIt fails on Mondays.\n\nSession-Id: a',
    );
    expect(messageOf(session, 'squash', 'one')).toBe('Fix the login\n\nIt fails on Mondays.\n\nSession-Id: a');
  });

  test('lists the commits when there are several', () => {
    const session = makeSession('a', { task: 'Fix the login\nMore.' });
    expect(messageOf(session, 'squash', 'one', 'two')).toBe('Fix the login\n\nMore.\n\n* one\n* two\n\nSession-Id: a');
  });

  test('is that of the only commit when there is no task', () => {
    expect(messageOf(makeSession('a'), 'merge', 'one')).toBe('Merge session a: one\n\nSession-Id: a');
    expect(messageOf(makeSession('a'), 'squash', 'one')).toBe('one\n\nSession-Id: a');
  });

  test('names the session when there is nothing else', () => {
    expect(messageOf(makeSession('a'), 'merge', 'one', 'two')).toBe('Merge session a\n\n* one\n* two\n\nSession-Id: a');
    expect(messageOf(makeSession('a'), 'squash', 'one', 'two')).toBe('Session a\n\n* one\n* two\n\nSession-Id: a');
  });

  test('has a subject, whatever the task and the commits', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ' ', '\n', '#', 'é'), maxLength: 20 });
    fc.assert(
      fc.property(fc.option(text), fc.array(text), fc.constantFrom(...STRATEGIES), (task, all, strategy) => {
        const message = messageOf(makeSession('a', { task }), strategy, ...all.map((one) => one.replaceAll('\n', ' ')));
        const [subject, blank = ''] = message.split('\n');
        expect(`${subject}`.trim() === '' && all.length !== 1).toBe(false);
        expect(blank).toBe('');
      }),
    );
  });
});

describe('a template', () => {
  const fill = (template: string, task: string | null = 'Fix the login\nIt fails.'): string =>
    landingMessage({
      session: makeSession('a', { task }),
      strategy: 'merge',
      into: 'main',
      commits: [{ subject: 'one' }, { subject: 'two' }],
      given: undefined,
      template,
      values: { date: '2026-11-21', user: 'Ada' },
      coAuthors: [],
    });

  test('is filled with the facts of the landing', () => {
    expect(fill('{id}: {title} ({count} on {into} from {branch})\n\n{commits}\n\n{task}')).toBe(
      'a: Fix the login (2 on main from wt/a)\n\n* one\n* two\n\nFix the login\nIt fails.\n\nSession-Id: a',
    );
    expect(fill('{title|upper} by {user|slug} on {date}')).toBe('FIX THE LOGIN by ada on 2026-11-21\n\nSession-Id: a');
    expect(fill('{title} {{id}}', null)).toBe('a {id}\n\nSession-Id: a');
  });

  test('that names what nobody knows is refused with what is known', () => {
    expect(() => fill('{tilte}')).toThrow(/names \{tilte\}; known: .*\{title\}/);
  });

  test('never fills in what a value itself holds', () => {
    expect(fill('{title}', '{id} {branch}')).toBe('{id} {branch}\n\nSession-Id: a');
  });
});

describe('trailers', () => {
  test('go to the block that ends the message, or into one of their own', () => {
    expect(withTrailers('Subject', ['A: b'])).toBe('Subject\n\nA: b');
    expect(withTrailers('fix: subject', ['A: b'])).toBe('fix: subject\n\nA: b');
    expect(withTrailers('Subject\n\nReviewed-by: x\n', ['A: b'])).toBe('Subject\n\nReviewed-by: x\nA: b');
    expect(withTrailers('Subject\n\nNote: this\nis prose', ['A: b'])).toBe('Subject\n\nNote: this\nis prose\n\nA: b');
  });

  test('that are there are not written again', () => {
    expect(withTrailers('Subject\n\nSession-Id: a', ['Session-Id: a'])).toBe('Subject\n\nSession-Id: a');
    const trailers = fc.array(fc.constantFrom('A: b', 'Session-Id: a', 'Co-authored-by: X <x@y>'));
    fc.assert(
      fc.property(fc.lorem({ mode: 'sentences' }), trailers, (text, lines) => {
        const once = withTrailers(text, lines);
        expect(withTrailers(once, lines)).toBe(once);
        expect(once.startsWith(text.trimEnd())).toBe(true);
      }),
    );
  });
});

test('a squashed commit is of the author of most of its commits, and names all others', () => {
  const ada = { author: 'Ada <a@x>', coAuthors: ['Bot <bot@x>'] };
  const eve = { author: 'Eve <e@x>', coAuthors: ['Ada <a@x>'] };
  expect(squashAuthorship([eve, ada, ada])).toEqual({ author: 'Ada <a@x>', coAuthors: ['Eve <e@x>', 'Bot <bot@x>'] });
  expect(squashAuthorship([])).toEqual({ author: undefined, coAuthors: [] });
});
