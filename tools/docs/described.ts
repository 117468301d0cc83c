import {
  isCallExpression,
  isIdentifier,
  isObjectLiteralExpression,
  isPropertyAssignment,
  isSpreadAssignment,
  isVariableDeclaration,
  type Node,
} from 'typescript/unstable/ast';
import { commentOf } from './comments.ts';
import { Any } from './settings.ts';
import type { Sources } from './sources.ts';

/** What stands in the code about each setting of a schema, by its path; variants of an object have one each. */
export type Descriptions = Map<string, string[]>;

const shapes = /^z\s*\.\s*(?:strictObject|looseObject|object)$/;

function nodesBelow(node: Node): Node[] {
  const found: Node[] = [];
  node.forEachChild((child) => void found.push(child));
  return found;
}

/**
 * Walks a schema's code: properties of its objects with their comments, through other schemas that it names.
 *
 * @param node the expression that makes the schema
 */
function walk(sources: Sources, node: Node, path: string[], into: Descriptions): void {
  if (isCallExpression(node) && shapes.test(node.expression.getText())) {
    const [shape] = node.arguments;
    if (shape && isObjectLiteralExpression(shape)) {
      for (const property of shape.properties) {
        if (!isPropertyAssignment(property)) continue;
        const at = [...path, property.name.getText()];
        const { text } = commentOf(property);
        const place = at.join('.');
        if (text !== '') into.set(place, [...(into.get(place) ?? []), text]);
        walk(sources, property.initializer, at, into);
      }
    }
    return;
  }
  if (isCallExpression(node) && node.expression.getText() === 'z.record') {
    const [, value] = node.arguments;
    if (value) walk(sources, value, [...path, Any], into);
    return;
  }
  if (isIdentifier(node)) {
    const declared = sources.declarationOf(node);
    if (declared && isVariableDeclaration(declared) && declared.initializer)
      walk(sources, declared.initializer, path, into);
    return;
  }
  for (const child of nodesBelow(node)) if (!isSpreadAssignment(child)) walk(sources, child, path, into);
}

/**
 * What the code says of each setting of a schema.
 *
 * @param file where the schema is exported, from the root of the repository
 */
export function descriptionsOf(sources: Sources, file: string, schema: string): Descriptions {
  const found: Descriptions = new Map();
  for (const statement of sources.file(file).statements) {
    for (const node of nodesBelow(statement).flatMap(nodesBelow)) {
      if (isVariableDeclaration(node) && node.name.getText() === schema && node.initializer) {
        walk(sources, node.initializer, [], found);
      }
    }
  }
  return found;
}
