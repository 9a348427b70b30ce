/** Sources as the compiler reads them, and without some of their nodes. */
import ts from 'typescript';

export function declared(statement) {
  if (ts.isImportDeclaration(statement)) {
    const { name, namedBindings } = statement.importClause ?? {};
    const elements =
      namedBindings && ts.isNamedImports(namedBindings) ? namedBindings.elements.map((each) => each.name) : [];
    return [name, namedBindings && ts.isNamespaceImport(namedBindings) ? namedBindings.name : undefined, ...elements]
      .filter(Boolean)
      .map(({ text }) => text);
  }
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => bound(name));
  return statement.name && ts.isIdentifier(statement.name) ? [statement.name.text] : [];
}

function bound(name) {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((each) => (ts.isOmittedExpression(each) ? [] : bound(each.name)));
}

/** @returns the variables that a statement sets */
export function assigned(statement) {
  if (!ts.isExpressionStatement(statement) || !ts.isBinaryExpression(statement.expression)) return [];
  const { left, operatorToken } = statement.expression;
  if (operatorToken.kind !== ts.SyntaxKind.EqualsToken) return [];
  if (ts.isIdentifier(left)) return [left.text];
  return ts.isArrayLiteralExpression(left) ? left.elements.filter(ts.isIdentifier).map(({ text }) => text) : [];
}

/** With the comments above, and the comma after. */
export function cut(text, nodes) {
  const pieces = nodes.map((node) => {
    // In a pattern that is assigned to, a hole keeps the others in their places.
    if (ts.isIdentifier(node)) return [node.getStart(), node.getEnd()];
    const isElement = !ts.isStatement(node) && !ts.isClassElement(node);
    const after = isElement ? (/^\s*,/.exec(text.slice(node.getEnd()))?.[0].length ?? 0) : 0;
    // What is above the first statement is about the file.
    const isFirst = node.getFullStart() === 0;
    return [isFirst ? node.getStart() : node.getFullStart(), node.getEnd() + after];
  });
  return pieces
    .toSorted(([one], [other]) => other - one)
    .reduce((left, [start, end]) => left.slice(0, start) + left.slice(end), text);
}

export function parse(text) {
  // Also what imports and exports nothing is a module.
  const setExternalModuleIndicator = (file) => (file.externalModuleIndicator ??= file);
  return ts.createSourceFile(
    'source.ts',
    text,
    { languageVersion: ts.ScriptTarget.Latest, setExternalModuleIndicator },
    true,
  );
}
