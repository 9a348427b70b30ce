/** Takes out of a source what a module was: tests that are about it, declarations by name, and what nothing uses then. */
import ts from 'typescript';

import { assigned, cut, declared, parse } from './source.mjs';
import { withoutUnused } from './unused.mjs';

const TEST = /^(?:it|test)(?:In[A-Z]\w*)?$/;
const GROUP = /^(?:describe)(?:In[A-Z]\w*)?$/;
const HOOK = /^(?:before|after)(?:All|Each)$/;

const printer = ts.createPrinter({ removeComments: true });

/**
 * A test is about the module if it names it, or a declaration that does. Of a list, the elements that name it go.
 * @param about a pattern of its words
 * @param gone the paths, as they are imported, of files that are no more
 * @returns the text, without any test it is empty, and the titles of the tests that went
 */
export function withoutTests(text, about, gone = /^$/) {
  const titles = [];
  let left = text;
  for (;;) {
    const found = cutsOf(parse(left), about, gone);
    if (found.cuts.length === 0) break;
    titles.push(...found.titles);
    left = cut(left, found.cuts);
  }
  if (titles.length === 0 && left === text) return { text, titles };
  left = withoutEmptyGroups(left);
  const isEmpty = !calls(parse(left)).some(({ name }) => TEST.test(name));
  return { text: isEmpty ? '' : withoutUnused(left), titles };
}

/** @param names of declarations, or of members such as `RoostClient.stream`: each is there. @returns empty if nothing is left */
export function withoutDeclarations(text, names) {
  const source = parse(text);
  const nodes = names.map((name) => {
    const [outer, inner] = name.split('.');
    const statement = source.statements.find((each) => declared(each).includes(outer));
    const node = inner === undefined ? statement : statement?.members?.find((each) => each.name?.getText() === inner);
    if (!node) throw new Error(`it has no ${name}`);
    return node;
  });
  const left = withoutUnused(cut(text, nodes));
  return parse(left).statements.length === 0 ? '' : left;
}

/** Without the elements of declared lists that name the module. */
export function withoutElements(text, about) {
  const matches = matcher(about, [], []);
  const cuts = parse(text).statements.flatMap((statement) => elementsOf(statement, matches));
  return cuts.length === 0 ? text : withoutUnused(cut(text, cuts));
}

function cutsOf(source, about, gone) {
  const names = [];
  for (let size = -1; size < names.length;) {
    size = names.length;
    for (const { statement, groups } of scopes(source)) {
      const found = namesOf(statement, matcher(about, names, groups), gone);
      for (const name of found)
        if (!names.some((known) => known.name === name && known.groups.length === groups.length))
          names.push({ name, groups });
    }
  }
  const titles = [];
  const cuts = [];
  for (const { statement, groups } of scopes(source)) {
    if (groups.some((group) => cuts.includes(group))) continue;
    const matches = matcher(about, names, groups);
    const lists = elementsOf(statement, matches);
    if (lists.length > 0) {
      cuts.push(...lists);
      continue;
    }
    const call = callOf(statement);
    if (call && GROUP.test(call.name)) {
      if (!about.test(call.title) && !(call.table && matches(call.table))) continue;
      cuts.push(statement);
      titles.push(...calls(statement).flatMap(({ name, title }) => (TEST.test(name) ? [title] : [])));
    } else if (ts.isImportDeclaration(statement)) {
      if (gone.test(statement.moduleSpecifier.text)) cuts.push(statement);
    } else if (call && HOOK.test(call.name)) cuts.push(...partsOf(statement, call, matches));
    else if (matches(statement)) {
      cuts.push(statement);
      if (call && TEST.test(call.name)) titles.push(call.title);
    }
  }
  return { cuts, titles };
}

/** The statements of a file, and those of its groups of tests, with the groups that they are in. */
function scopes(source) {
  const all = [];
  const visit = (statements, groups) => {
    for (const statement of statements) {
      all.push({ statement, groups });
      const call = callOf(statement);
      const body = call && GROUP.test(call.name) ? call.callback?.body : undefined;
      if (body && ts.isBlock(body)) visit(body.statements, [...groups, statement]);
    }
  };
  visit(source.statements, []);
  return all;
}

/** @returns names that a statement gives to something of the module */
function namesOf(statement, matches, gone) {
  if (ts.isImportDeclaration(statement)) return gone.test(statement.moduleSpecifier.text) ? declared(statement) : [];
  const call = callOf(statement);
  if (call && HOOK.test(call.name)) return partsOf(statement, call, matches).flatMap(assigned);
  if (call || elementsOf(statement, matches).length > 0) return [];
  return matches(statement) ? [...declared(statement), ...assigned(statement)] : [];
}

/** A hook loses the statements that match; where it is one expression, it goes. */
function partsOf(statement, { callback }, matches) {
  if (!matches(statement)) return [];
  const body = callback?.body;
  if (!body || !ts.isBlock(body)) return [statement];
  const parts = body.statements.filter(matches);
  return parts.length === body.statements.length ? [statement] : parts;
}

/** Of a list that a declaration or a table of cases holds, the elements that match, if others do not. */
function elementsOf(statement, matches) {
  const call = callOf(statement);
  const lists = [];
  if (call?.table && ts.isArrayLiteralExpression(call.table)) {
    if ([call.titleNode, call.callback].some((node) => node && matches(node))) return [];
    lists.push(call.table);
  }
  if (ts.isVariableStatement(statement))
    for (const { initializer } of statement.declarationList.declarations) lists.push(initializer);
  return lists.flatMap((given) => {
    const list = given && (ts.isAsExpression(given) || ts.isSatisfiesExpression(given) ? given.expression : given);
    const elements =
      list && ts.isArrayLiteralExpression(list)
        ? list.elements
        : list && ts.isObjectLiteralExpression(list)
          ? list.properties
          : [];
    const found = elements.filter(matches);
    return found.length < elements.length ? found : [];
  });
}

function withoutEmptyGroups(text) {
  for (let left = text; ;) {
    const empty = scopes(parse(left)).filter(({ statement }) => {
      const call = callOf(statement);
      return call && GROUP.test(call.name) && !calls(statement).some(({ name }) => TEST.test(name));
    });
    if (empty.length === 0) return left;
    left = cut(left, [empty[0].statement]);
  }
}

/** All calls of tests, wherever they are. */
function calls(node) {
  const found = [];
  const visit = (each) => {
    const call = ts.isExpressionStatement(each) ? callOf(each) : undefined;
    if (call) found.push(call);
    ts.forEachChild(each, visit);
  };
  visit(node);
  return found;
}

/** `it('…', …)`, `it.each(table)('…', …)` */
function callOf(statement) {
  if (!ts.isExpressionStatement(statement) || !ts.isCallExpression(statement.expression)) return undefined;
  const { expression, arguments: given } = statement.expression;
  let callee = expression;
  let table;
  while (!ts.isIdentifier(callee)) {
    if (ts.isCallExpression(callee)) [table, callee] = [unwrapped(callee.arguments[0]), callee.expression];
    else if (ts.isPropertyAccessExpression(callee)) callee = callee.expression;
    else if (ts.isTaggedTemplateExpression(callee)) callee = callee.tag;
    else return undefined;
  }
  const name = callee.text;
  if (![TEST, GROUP, HOOK].some((pattern) => pattern.test(name))) return undefined;
  const callback = given.find((each) => ts.isArrowFunction(each) || ts.isFunctionExpression(each));
  const titleNode =
    given[0] && (ts.isStringLiteralLike(given[0]) || ts.isTemplateExpression(given[0])) ? given[0] : undefined;
  return { name, table, callback, titleNode, title: titleNode?.text ?? titleNode?.getText() ?? '' };
}

function unwrapped(node) {
  return node && (ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) ? node.expression : node;
}

function matcher(about, names, groups) {
  const seen = names.filter((each) => each.groups.every((group) => groups.includes(group))).map(({ name }) => name);
  const known = seen.length === 0 ? undefined : new RegExp(`(?<![\\w.'])(?:${seen.join('|')})(?!\\w|:)`);
  return (node) => {
    const words = printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile());
    return about.test(words) || (known?.test(words) ?? false);
  };
}
