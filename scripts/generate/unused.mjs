/** What nothing uses in a source. */
import ts from 'typescript';

import { assigned, cut, parse } from './source.mjs';

/** Without imports, declarations and private members that nothing reads. */
export function withoutUnused(text) {
  let left = text;
  for (;;) {
    const next = cut(left, unusedOf(left));
    if (next === left) return left;
    left = next;
  }
}

/** As the compiler tells: of one file, it needs no other for that. */
function unusedOf(text) {
  const source = parse(text);
  const host = {
    getSourceFile: (name) => (name === source.fileName ? source : undefined),
    fileExists: (name) => name === source.fileName,
    readFile: () => undefined,
    writeFile: () => undefined,
    getDefaultLibFileName: () => 'none.d.ts',
    getCurrentDirectory: () => '/',
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
  };
  const options = {
    noUnusedLocals: true,
    noResolve: true,
    noLib: true,
    target: ts.ScriptTarget.Latest,
    types: [],
  };
  const program = ts.createProgram([source.fileName], { ...options, experimentalDecorators: true }, host);
  const found = program.getSemanticDiagnostics(source).filter(({ code }) => UNUSED.has(code));
  const nodes = found.flatMap(({ start }) => removable(tokenAt(source, start), source));
  return nodes.filter((node, index) => nodes.indexOf(node) === index && !nodes.some((other) => contains(other, node)));
}

/** A name, all names of an import, a type, all names of a pattern, all variables. */
const UNUSED = new Set([6133, 6192, 6196, 6198, 6199]);

/** What declares a name, and the assignments to it. */
function removable(token, source) {
  if (ts.isImportDeclaration(token.parent) && token.kind === ts.SyntaxKind.ImportKeyword) return [token.parent];
  for (let node = token; node; node = node.parent) {
    if (ts.isImportSpecifier(node)) return [node.parent.elements.length === 1 ? node.parent.parent.parent : node];
    if (ts.isBindingElement(node) && ts.isArrayBindingPattern(node.parent)) return [node.name];
    if (ts.isParameter(node) || ts.isBindingElement(node)) return [];
    if (ts.isClassElement(node) || ts.isImportDeclaration(node)) return [node];
    if (ts.isVariableDeclaration(node)) {
      const { declarations } = node.parent;
      const declaration = declarations.length === 1 ? node.parent.parent : node;
      return ts.isVariableStatement(node.parent.parent) ? [declaration, ...writesOf(source, node.name.text)] : [];
    }
    if (ts.isStatement(node)) return [node];
  }
  return [];
}

/** `x = …;` whole, and the place of x in `[x, y] = …`. */
function writesOf(source, name) {
  const found = [];
  const visit = (node) => {
    if (ts.isExpressionStatement(node) && assigned(node).includes(name)) {
      const { left } = node.expression;
      found.push(
        ts.isIdentifier(left) ? node : left.elements.find((each) => ts.isIdentifier(each) && each.text === name),
      );
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function contains(outer, inner) {
  return outer !== inner && outer.pos <= inner.pos && inner.end <= outer.end;
}

function tokenAt(source, position) {
  let node = source;
  for (;;) {
    const inner = node.getChildren(source).find((each) => each.getStart(source) <= position && position < each.end);
    if (!inner) return node;
    node = inner;
  }
}
