/** A pathspec that means exactly this path below the top of a worktree, whatever characters it has (gitglossary(7)). Pure. */
export function literalPathspec(name: string): string {
  return `:(top,literal)${name}`;
}
