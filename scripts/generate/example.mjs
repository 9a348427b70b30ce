/** A source of the example noun `tasks`, renamed, in which parts are exchanged by their names. */
import { join } from 'node:path';

import { format, resolveConfig } from 'prettier';
import ts from 'typescript';

import { Refusal } from './refusal.mjs';

export class Example {
  /** @param path of the example, for messages */
  constructor(path, text) {
    this.path = path;
    this.text = text;
  }

  /** After this, names and texts of the example are still given in its own words. */
  rename(noun) {
    this.noun = noun;
    this.text = renamed(this.text, noun);
    return this;
  }

  /** Of the declarations these only. */
  keep(...names) {
    for (const name of names) this.#find(name);
    const others = parse(this.text).statements.filter(
      (statement) => !ts.isImportDeclaration(statement) && !namesOf(statement).some((name) => names.includes(name)),
    );
    for (const statement of others.toReversed()) this.#splice(statement, '');
    return this;
  }

  /** @param name in the example: a declaration, or a member such as `TasksController.completeTask` */
  remove(...names) {
    for (const name of names) this.#splice(this.#find(name), '');
    return this;
  }

  /** With the comments above it. */
  replace(name, text) {
    const node = this.#find(name);
    const lead = /^\s*/.exec(node.getFullText())[0];
    this.#splice(node, lead + text);
    return this;
  }

  /** The members of a class or an interface; what is above it stays. */
  fill(name, text) {
    const node = this.#find(name);
    const open = this.text.indexOf('{', node.name.getEnd());
    this.text = `${this.text.slice(0, open)}{\n${text}\n}${this.text.slice(node.getEnd())}`;
    return this;
  }

  /** @param from in the example, where it is exactly once, however it is broken into lines */
  exchange(from, to) {
    const pieces = this.#words(from).split(/\s+/).map(escaped);
    const pattern = pieces.join('\\s+').replaceAll('\\s+\\}', ',?\\s+\\}');
    const found = [...this.text.matchAll(new RegExp(pattern, 'g'))];
    if (found.length !== 1) throw this.#unlike(`"${from}" is in it ${found.length} times`);
    const [{ 0: text, index }] = found;
    this.text = this.text.slice(0, index) + to + this.text.slice(index + text.length);
    return this;
  }

  /** To be imported as well, if they are used. */
  mayImport(module, ...names) {
    const statement = parse(this.text).statements.find((each) => each.moduleSpecifier?.text === module);
    if (!statement) throw this.#unlike(`it imports nothing of ${module}`);
    const open = statement.importClause.namedBindings.getStart() + 1;
    this.text = `${this.text.slice(0, open)} ${names.join(', ')},${this.text.slice(open)}`;
    return this;
  }

  /** With the imports that are used. */
  async finish(path) {
    return formatted(path, withUsedImports(this.text));
  }

  #words(text) {
    return this.noun ? renamed(text, this.noun) : text;
  }

  #find(name) {
    const source = parse(this.text);
    const [outer, inner] = this.#words(name).split('.');
    const declaration = source.statements.find((statement) => namesOf(statement).includes(outer));
    const node =
      inner === undefined
        ? declaration
        : declaration?.members?.find((member) => member.name?.getText(source) === inner);
    if (!node) throw this.#unlike(`it has no ${name}`);
    return node;
  }

  #splice(node, text) {
    this.text = this.text.slice(0, node.getFullStart()) + text + this.text.slice(node.getEnd());
  }

  #unlike(why) {
    return new Refusal(
      `${this.path} is not the example that the generator knows: ${why}. Change scripts/generate with it.`,
    );
  }
}

/** Tasks are the example: its words become those of the noun, also inside of names. */
export function renamed(text, { many, one, Many, One }) {
  const words = { tasks: many, task: one, Tasks: Many, Task: One, TASKS: many.toUpperCase(), TASK: one.toUpperCase() };
  const all = text.replace(/tasks?|Tasks?|TASKS?/g, (word) => words[word]);
  return /^[aeiou]/.test(one) ? all.replace(new RegExp(`\\b([Aa]) ${one}\\b`, 'g'), `$1n ${one}`) : all;
}

/** @param path of the project */
export async function formatted(path, text) {
  const filepath = join(import.meta.dirname, '../..', path);
  return format(text, { ...(await resolveConfig(filepath, { editorconfig: true })), filepath });
}

/** @returns names that a file imports or declares more than once: two meanings of one word */
export function namesTwice(text) {
  const names = parse(text).statements.flatMap((statement) =>
    ts.isImportDeclaration(statement) ? specifiersOf(statement).map(({ name }) => name.text) : namesOf(statement),
  );
  return names.filter((name, index) => names.indexOf(name) !== index);
}

function withUsedImports(text) {
  const source = parse(text);
  const imports = source.statements.filter(ts.isImportDeclaration);
  const body = text.slice(imports.at(-1)?.getEnd() ?? 0);
  let left = text;
  for (const statement of imports.toReversed()) {
    const names = specifiersOf(statement);
    const used = names.filter(({ name }) => new RegExp(`\\b${name.text}\\b`).test(body));
    if (names.length === 0) continue;
    const rest = left.slice(statement.getEnd());
    left =
      left.slice(0, statement.getStart(source)) +
      (used.length === 0 ? rest.trimStart() : importOf(statement, used) + rest);
  }
  return left;
}

/** Sorted by name: those of the example are, and the words of the noun are others. */
function importOf({ importClause, moduleSpecifier }, specifiers) {
  const sorted = specifiers.toSorted((one, other) =>
    one.name.text.toLowerCase() < other.name.text.toLowerCase() ? -1 : 1,
  );
  const isOfTypes = importClause.isTypeOnly || specifiers.every(({ isTypeOnly }) => isTypeOnly);
  const names = sorted.map((each) => (isOfTypes ? each.name.text : each.getText()));
  return `import ${isOfTypes ? 'type ' : ''}{ ${names.join(', ')} } from ${moduleSpecifier.getText()};`;
}

function specifiersOf({ importClause }) {
  const bindings = importClause?.namedBindings;
  return bindings && ts.isNamedImports(bindings) ? [...bindings.elements] : [];
}

function namesOf(statement) {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  return statement.name ? [statement.name.getText()] : [];
}

function parse(text) {
  return ts.createSourceFile('example.ts', text, ts.ScriptTarget.Latest, true);
}

function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
