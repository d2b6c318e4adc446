// Finds text that stands in the pages instead of in the files of text: `node text/check.mjs`.
//
// Looked at is what a reader would see or hear: text between tags, in attributes and
// properties that are shown or read out, and what is announced.
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const FOLDERS = ['ui', 'storefront', 'console'];

/** Attributes of HTML and properties of our components whose value is shown or read out. */
const SHOWN = new Set([
  'alt', 'aria-description', 'aria-label', 'aria-placeholder', 'aria-roledescription', 'aria-valuetext', 'error',
  'fewer', 'heading', 'hint', 'label', 'lead', 'legend', 'more', 'placeholder', 'suffix', 'text', 'title',
]);
const isText = (text) => /\p{L}/u.test(text);

/** Returns the texts that an expression may come to, as far as they stand in it. */
function literals(node) {
  if (ts.isStringLiteralLike(node)) return isText(node.text) ? [node] : [];
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return literals(node.expression);
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse].flatMap(literals);
  if (ts.isTemplateExpression(node)) {
    const parts = [node.head, ...node.templateSpans.map((span) => span.literal)];
    return parts.some((part) => isText(part.text)) ? [node] : node.templateSpans.flatMap((span) => literals(span.expression));
  }
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    if (kind === ts.SyntaxKind.AmpersandAmpersandToken) return literals(node.right);
    const either = [ts.SyntaxKind.BarBarToken, ts.SyntaxKind.QuestionQuestionToken, ts.SyntaxKind.PlusToken];
    if (either.includes(kind)) return [node.left, node.right].flatMap(literals);
  }
  return [];
}

/** Returns where a source has text of its own, as `line: text`. */
export function findTexts(source, name = 'page.tsx') {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TSX);
  const found = [];
  const visit = (node) => {
    if (ts.isJsxText(node) && isText(node.text)) found.push(node);
    if (ts.isJsxExpression(node) && node.expression && !ts.isJsxAttribute(node.parent)) found.push(...literals(node.expression));
    if (ts.isJsxAttribute(node) && SHOWN.has(node.name.getText(file)) && node.initializer) {
      const value = ts.isJsxExpression(node.initializer) ? node.initializer.expression : node.initializer;
      if (value) found.push(...literals(value));
    }
    if (ts.isCallExpression(node) && node.expression.getText(file) === 'announce') found.push(...node.arguments.flatMap(literals));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found.map((node) => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
    return `${line + 1}: ${node.getText(file).trim()}`;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let count = 0;
  for (const folder of FOLDERS) {
    for (const entry of await readdir(join(root, folder, 'src'), { recursive: true })) {
      if (!entry.endsWith('.tsx')) continue;
      const path = join(root, folder, 'src', entry);
      for (const text of findTexts(await readFile(path, 'utf8'), path)) {
        console.error(`${relative(root, path)}:${text}`);
        count += 1;
      }
    }
  }
  if (count > 0) {
    console.error(`${count} texts stand in the pages; they belong into text/en.ts.`);
    process.exitCode = 1;
  }
}
