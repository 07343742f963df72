import ts from 'typescript';

/** What the architecture rules need to know of one file. */
export interface Source {
  readonly path: string;
  readonly imports: readonly Import[];
  readonly exportsDefault: boolean;
  /** Globals and `a.b` members that stand where a value is read, with the first line of each. */
  readonly uses: ReadonlyMap<string, number>;
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** `import type …`: erased before anything runs. `import { type … }` still loads its module. */
  readonly typeOnly: boolean;
}

/** Reads one file of TypeScript or JavaScript; nothing is resolved. */
export function readSource(path: string, text: string): Source {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const imports: Import[] = [];
  const uses = new Map<string, number>();
  const declared = new Set<string>();
  let exportsDefault = false;
  const lineOf = (node: ts.Node): number => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
  const use = (name: string, node: ts.Node): void => {
    if (!uses.has(name)) uses.set(name, lineOf(node));
  };
  const add = (specifier: ts.Node | undefined, node: ts.Node, typeOnly: boolean): void => {
    if (specifier && ts.isStringLiteralLike(specifier))
      imports.push({ specifier: specifier.text, line: lineOf(node), typeOnly });
  };

  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, node, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, node, true);
    else if (ts.isCallExpression(node) && isImportCall(node)) add(node.arguments[0], node, false);
    else if (ts.isExportAssignment(node)) exportsDefault = true;
    else if (node.kind === ts.SyntaxKind.DefaultKeyword) exportsDefault ||= ts.canHaveModifiers(node.parent);
    else if (node.kind === ts.SyntaxKind.AsyncKeyword) use('async', node);
    else if (ts.isAwaitExpression(node)) use('await', node);
    else if (ts.isExportSpecifier(node)) exportsDefault ||= node.name.text === 'default';
    else if (ts.isPropertyAccessExpression(node)) use(`${node.expression.getText(file)}.${node.name.text}`, node);
    else if (ts.isIdentifier(node) && isRead(node)) use(node.text, node);
    if (isBinding(node) && ts.isIdentifier(node.name)) declared.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  for (const name of declared) uses.delete(name);
  return { path, imports, exportsDefault, uses };
}

function isImportCall({ expression }: ts.CallExpression): boolean {
  return (
    expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(expression) && expression.text === 'require')
  );
}

function isBinding(node: ts.Node): node is ts.VariableDeclaration | ts.ParameterDeclaration | ts.BindingElement {
  return ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node);
}

/** Read as a value: not the name of a member, a property or a declaration, and not a type. */
function isRead(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isTypeReferenceNode(parent) || ts.isTypeQueryNode(parent) || ts.isQualifiedName(parent)) return false;
  return (parent as ts.Node & { readonly name?: ts.Node }).name !== node;
}
