import type { HookOutcome, HookView } from '../sessions/agent-hooks.ts';
import { age as _age, safe } from './text.ts';
import type { Look } from './theme.ts';
