// Puts the program's modules, and the packages they need, into a few files of functions, each run when something of it is
// first used. So a verb evaluates what it touches and nothing else, whatever is imported at the top of a file, and Node's own
// modules load just as late. Evaluating a module must have no effect but its own values; all of src/ keeps to that.
import { readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

import { build, transform } from 'esbuild';

/**
 * Reads everything reachable from an entry.
 * @returns modules by their number, each with `name`, `code`, `map`, the numbers it may need at once (`now`) and late (`later`)
 */
export async function readModules({ root, entry, common }) {
  const modules = [];
  const numbers = new Map();
  const used = new Map(); // names of each package's exports that are used
  const work = [];
  const numberOf = (name) => {
    if (!numbers.has(name)) {
      numbers.set(name, modules.length);
      modules.push({ name, now: [], later: [] });
      if (isFile(name)) work.push(name);
    }
    return numbers.get(name);
  };
  numberOf(join(root, entry));
  while (work.length > 0) {
    const batch = work.splice(0);
    const read = await Promise.all(batch.map((file) => readModule(file, { root, common })));
    for (const [i, file] of batch.entries()) {
      const module = modules[numbers.get(file)];
      Object.assign(module, link(read[i], { file, root, module, numberOf, used }));
    }
  }
  const packages = modules.filter(({ name }) => !isFile(name) && !name.startsWith('node:'));
  const metafiles = await Promise.all(
    packages.map((module) => readPackage(module, [...(used.get(module.name) ?? [])], { root, common })),
  );
  const finish = async (module) => {
    if (module.name.startsWith('node:')) return;
    const map =
      module.map === undefined ? '' : `\n//# sourceMappingURL=data:application/json;base64,${base64(module.map)}`;
    const { code, map: after } = await transform(module.code + map, {
      loader: 'js',
      target: common.target,
      minifyWhitespace: true,
      minifySyntax: true,
      legalComments: 'none',
      sourcemap: 'external',
      sourcefile: relative(join(root, 'dist', 'chunks'), module.name),
    });
    Object.assign(module, { code: toAscii(code.trimEnd(), module.name), map: after });
  };
  await Promise.all(modules.map(finish));
  return { modules, metafiles };
}

/** The program reads chunks as bytes. esbuild leaves letters of regular expressions as they are. */
function toAscii(code, name) {
  if (/\\[^\0-\x7f]/.test(code)) throw new Error(`${name}: a letter behind a backslash cannot be written as ASCII`);
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const base64 = (text) => Buffer.from(text).toString('base64');
const isFile = (name) => name.startsWith('/') || /^[A-Za-z]:/.test(name);

async function readModule(file, { root, common }) {
  const text = readFileSync(file, 'utf8');
  return transform(text, {
    loader: 'ts',
    format: 'cjs',
    platform: 'node',
    target: common.target,
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    supported: { 'dynamic-import': false },
    define: common.define,
    sourcemap: 'external',
    sourcefile: relative(join(root, 'dist', 'chunks'), file),
  });
}

/** Imports become calls: `import_files.readText` is `R(17).readText`, and so loads the file when it is first needed. */
function link({ code, map }, { file, root, module, numberOf, used }) {
  const resolve = (to) => numberOf(to.startsWith('.') ? join(dirname(file), to) : to);
  let text = code
    .replace(/^"use strict";\n/, '')
    .replace(/^(?:var __\w+ = .*\n(?:[ })].*\n)*)+/, (head) => '\n'.repeat(head.split('\n').length - 1));
  if (/^var __(?:defProp|toCommonJS|commonJS)\b/m.test(text)) throw new Error(`${file}: unknown beginning`);
  text = text
    .replace(/^var (\w+_exports) = \{\};\n__export\(\1, /m, '\n__export(exports, ')
    .replace(/^module\.exports = __toCommonJS\(\w+\);$/m, '');
  // import(): what is asked for is there at once.
  text = text.replace(/__toESM\(require\("([^"]+)"\)\)(?=\))/g, (_, to) => {
    const number = resolve(to);
    module.later.push(number);
    if (!to.startsWith('.')) noteUse(used, to, file, code);
    return `R(${number})`;
  });
  const imports = [...text.matchAll(/^var (\w+) = (?:__toESM\()?require\("([^"]+)"\)\)?;$/gm)];
  for (const [line, local, to] of imports) {
    const number = resolve(to);
    module.now.push(number);
    text = text.replace(line, '');
    if (!local.startsWith('import_') && local !== 'z') throw new Error(`${file}: ${local} is imported as a whole`);
    const uses = new RegExp(String.raw`(new )?(?<![\w$]|(?<!\.\.)\.)${local}\.(\w+)`, 'g');
    text = text.replace(uses, (_, isNew, name) => {
      if (!to.startsWith('.') && !to.startsWith('node:')) used.set(to, (used.get(to) ?? new Set()).add(name));
      const value = to.startsWith('node:') && name === 'default' ? `R(${number})` : `R(${number}).${name}`;
      return isNew ? `new (${value})` : value; // `new f(1).a()` would call f as the class
    });
    if (new RegExp(String.raw`(?<![\w$'"\`-]|(?<!\.\.)\.)${local}(?![\w$:'"\`-])`).test(text))
      throw new Error(`${file}: ${local} is used as a whole`);
  }
  if (/\brequire\(|\b__to(?:ESM|CommonJS)\b|\bimport\(/.test(text))
    throw new Error(`${relative(root, file)}: an import is left over`);
  return { code: text, map };
}

/** The names that an `import('x')` takes apart at once. */
function noteUse(used, to, file, code) {
  const names = used.get(to) ?? new Set();
  const [, list = ''] = new RegExp(String.raw`\{([^{}]*)\} = await [^;{}]*require\("${to}"\)`).exec(code) ?? [];
  for (const [, name] of list.matchAll(/(\w+)(?:: \w+)?/g)) names.add(name);
  if (names.size === 0) throw new Error(`${file}: what of ${to} is used?`);
  used.set(to, names);
}

/** One package with all that it needs, and nothing that nobody uses. */
async function readPackage(module, names, { root, common }) {
  const { outputFiles, metafile } = await build({
    ...common,
    stdin: {
      contents: `export { ${names.join(', ')} } from '${module.name}'`,
      resolveDir: root,
      sourcefile: `${module.name}.js`,
    },
    outfile: `dist/chunks/${module.name.replace('/', '-')}.js`,
    outdir: undefined,
    entryPoints: undefined,
    format: 'cjs',
    sourcemap: 'external',
    minifyWhitespace: false,
  });
  module.code = outputFiles.find(({ path }) => path.endsWith('.js')).text;
  module.map = outputFiles.find(({ path }) => path.endsWith('.map')).text;
  return metafile;
}

/** Which modules go into one file: all that every verb may need, what many or few may, what one alone does; a package each. */
export function splitModules(modules) {
  const groups = new Map();
  const users = countVerbs(modules);
  for (const [number, { name }] of modules.entries()) {
    if (name.startsWith('node:')) continue;
    const { count, only } = users[number];
    const shared = count >= MOST ? 'core' : count >= MANY ? 'often' : 'seldom';
    const group = isFile(name) ? (count === 1 ? only : shared) : name.replace(/^@/, '').replace('/', '-');
    groups.set(group, [...(groups.get(group) ?? []), number]);
  }
  return groups;
}

const MOST = 30;
const MANY = 8;

/** For each module how many verbs may need it, and which one; what the program needs without any counts for all. */
function countVerbs(modules) {
  const reach = (start) => {
    const seen = new Set([start]);
    for (const number of seen) for (const next of modules[number].now) seen.add(next);
    return seen;
  };
  const table = modules.findIndex(({ name }) => name.endsWith('/cli/table.ts'));
  const users = modules.map(() => ({ count: 0, only: '' }));
  for (const verb of modules[table].later)
    for (const number of reach(verb)) {
      users[number].count++;
      users[number].only = basename(modules[verb].name, '.ts');
    }
  for (const number of reach(0)) users[number].count = Infinity;
  for (const module of modules)
    for (const number of module.later)
      for (const next of reach(number)) if (users[next].count === 0) users[next].count = 2;
  return users;
}

/** A file that puts functions into the table `M`. Map: one section a function (ECMA-426, index map); Node.js wants `sources` all the same. */
export function formatChunk(modules, numbers) {
  // In parentheses: V8 compiles such a function at once, where it would otherwise read all of it twice.
  let text = 'module.exports=(function(M,R,__export){"use strict";\n';
  const sections = [];
  for (const number of numbers) {
    const { code, map } = modules[number];
    text += `M[${number}]=(exports,module)=>{\n`;
    sections.push({ offset: { line: text.split('\n').length - 1, column: 0 }, map: JSON.parse(map) });
    text += `${code}\n};\n`;
  }
  return { text: `${text}})\n`, map: JSON.stringify({ version: 3, sources: [], sections }) };
}
