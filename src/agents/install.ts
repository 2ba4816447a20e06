import { KNOWN_AGENTS } from '../config/agents.ts';

const HOW: Readonly<Record<(typeof KNOWN_AGENTS)[number], string>> = {
  claude: 'npm install -g @anthropic-ai/claude-code',
  codex: 'npm install -g @openai/codex',
  gemini: 'npm install -g @google/gemini-cli',
  opencode: 'npm install -g opencode-ai',
  aider: 'pipx install aider-chat',
  copilot: 'npm install -g @github/copilot',
  'cursor-agent': 'curl https://cursor.com/install -fsS | bash',
};

/** How the program of an agent comes onto a machine, or what sets another one. Pure. */
export function howToInstall(agent: string): string {
  const known = KNOWN_AGENTS.find((name) => name === agent);
  const setting = `agents.${agent}.command`;
  return known === undefined
    ? `the setting ${setting} says what starts ${agent}`
    : `${HOW[known]} installs it; where it is called otherwise, the setting ${setting} says how`;
}
