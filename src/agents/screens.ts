import type { Screen } from './screen.ts';

/**
 * What the screens of the known agents look like. Words that only a dialogue has, and rows that only a prompt has: what an agent says in
 * its answer ("Do you want me to go on?") must be neither.
 */
export const SCREENS: Readonly<Record<string, Screen>> = {
  claude: {
    blocked: [
      /\besc to (?:cancel|exit|go back)\b/iu,
      /\btell claude what to do differently\b/iu,
      /^\W*\d\.\s?(?:Yes, (?:and|allow|I trust)|No, (?:keep planning|exit))/mu,
      /\bYes, I (?:trust|accept)\b/u,
      /⌕ Search…/u,
      /\bctrl\+[ore] to (?:toggle|hide)\b/iu, // the transcript, not the prompt
      /^[ \t]*[─╭].*\n[ \t]*(?:│[ \t]*)?[!#](?:[ \t]|$)/mu, // a shell command or a memory would be made of it
    ],
    working: [
      /\b(?:esc|ctrl\+c) to interrupt\b/iu,
      /^\s*[·✢✳✶✻✽✱✲✴✵✷✸✹✺✼✾*]\s\S+…/mu,
      /^\s*[·✢✳✶✻✽✱✲✴✵✷✸✹✺✼✾*]\s.*…\s*\(/mu,
      /\(\d+[hms][^()]*·\s*[↑↓][^()]*tokens/u,
    ],
    input: /^[ \t]*(?:│\s*)?[❯>](?:[ \t\u00a0]+(?:Try ".*)?(.*?))?\s*(?:│)?[ \t]*$/gmu,
  },
  codex: {
    blocked: [
      /\bpress enter to (?:confirm|continue)\b/iu,
      /\besc to (?:cancel|go back|close)\b/iu,
      /\benter to submit\b/iu,
      /\btell codex what to do differently\b/iu,
      /\bAllow command\?/u,
      /\byes \(y\)/iu,
      /\bconfirm with .+ enter\b/iu,
      /^!(?:[ \t]|$)/mu, // its shell
    ],
    working: [/\b(?:esc|ctrl ?\+? ?c) to interrupt\b/iu, /^\s*[•⠀-⣿]\s*Working\b/mu],
    input: /^[ \t]*[›▌](?:[ \t]+(?:Ask Codex to do anything)?(.*?))?[ \t]*$/gmu,
  },
  gemini: {
    blocked: [
      /\bwaiting for (?:user|tool) confirmation\b/iu,
      /\bsuggest changes \(esc\)/iu,
      /\b(?:Allow execution\b|Apply this change\?)/u,
      /\bAllow once\b[\s\S]*\bAllow for this session\b/u,
      /\bDo you trust (?:this folder|the files)\b/u,
      /^[ \t]*[●◉][ \t]*\d\.[ \t]/mu,
      /^[ \t]*[▀─╭].*\n[ \t│]*(?:!|\(r:\))(?:[ \t]|$)/mu, // its shell, and its search
    ],
    working: [/\besc to cancel\b/iu, /^[\s│]*[⠁-⣿]\s+\S/mu],
    input: /^[ \t]*(?:│\s*)?[>*](?:[ \t]+(?:Type your message or @path\/to\/file)?(.*?))?\s*(?:│)?[ \t]*$/gmu,
  },
  opencode: {
    blocked: [
      /△ Permission required/u,
      /\bAllow once\b.*\bAllow always\b/u,
      /\besc (?:dismiss|reject)\b/iu,
      /⇆ (?:select|tab)\b/u,
    ],
    working: [/\besc (?:again )?(?:to )?interrupt\b/iu, /(?:[■⬝]){4,}/u],
    // Nothing typed above the row that names the model, which ends the box.
    ready: [/┃[ \t]*(?:Ask anything.*)?\n[ \t]*┃[ \t]*\n[ \t]*┃[ \t]+\S.*\n(?:[ \t]*╹▀+.*\n)?.*\bctrl\+p commands\b/u],
  },
  aider: {
    blocked: [/\((?:Y\)es|N\)o|D\)on't)[^\n]*\]:[ \t]*$/u],
    working: [/^\s*(?:░█|█░)/mu, /\bWaiting for \S+[ \t]*$/u],
    // Its prompt is the last row; above it the same sign begins what it quotes.
    input: /^(?:[a-z-]+(?: multi)?)?>[ \t]?(.*)$(?![\s\S])/gmu,
  },
  copilot: {
    blocked: [
      /↓ to navigate\b/u,
      /\bconfirm with .+ enter\b/iu,
      /\bCopilot needs information\b/u,
      /\bDo you trust the files\b/u,
      /^[ \t]*│[ \t]*Do you want\b/mu,
      /^[ \t]*─.*\n[ \t]*!(?:[ \t]|$)/mu,
    ],
    working: [/\besc (?:to )?(?:interrupt|cancel|edit prompt)\b/iu, /^[ \t]*[◉●○◎][ \t]+(?:Thinking|Working)\b/mu],
    input: /^[ \t]*❯(?:[ \t]+(?:Type @ to mention files.*)?(.*?))?[ \t]*$/gmu,
  },
  'cursor-agent': {
    blocked: [
      /\(y\)/iu,
      /\bskip \(esc or n\)/iu,
      /\bkeep \(n\)/iu,
      /\(shift\+tab\)/iu,
      /\bTrust (?:this )?workspace\b/iu,
    ],
    working: [/\bctrl\+c to stop\b/iu, /^[ \t]*[⠀-⣿⬡⬢]+[ \t]*\S+ing\b/mu],
    input: /^[ \t]*(?:│\s*)?→(?:[ \t]+(?:Plan, search, build anything|Add a follow-up)?(.*?))?\s*(?:│)?[ \t]*$/gmu,
  },
};

/** Patterns of an agent; undefined for a program that nobody knows. */
export function findScreen(agent: string, like: string | undefined): Screen | undefined {
  return SCREENS[agent] ?? (like === undefined ? undefined : SCREENS[like]);
}
