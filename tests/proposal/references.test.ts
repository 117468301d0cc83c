import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inOrder, laterEdges, type Edge } from '../../proposal/references.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const edges: fc.Arbitrary<Edge[]> = fc.array(
  fc
    .record({ from: fc.constantFrom(...names), to: fc.constantFrom(...names), nullable: fc.boolean() })
    .map((one) => ({ ...one, columns: [`${one.to}_id`], declared: true })),
  { maxLength: 14 },
);

test('whatever the references are: those that wait may be empty, and the others have an order or are told of', () => {
  fc.assert(
    fc.property(edges, (all) => {
      const { later, closed } = laterEdges(all, () => 0);
      for (const edge of later) expect(edge.nullable).toBe(true);
      for (const circle of closed) {
        expect(circle.some((edge) => edge.nullable)).toBe(false);
        expect(circle.at(-1)?.to).toBe(circle[0]?.from);
      }
      if (closed.length > 0) return;
      const now = all.filter((edge) => !later.has(edge));
      const order = inOrder(names, now);
      expect([...order].sort()).toEqual(names);
      for (const edge of now) expect(order.indexOf(edge.to)).toBeLessThan(order.indexOf(edge.from));
    }),
  );
});

test('no reference waits that need not', () => {
  fc.assert(
    fc.property(edges, (all) => {
      const forward = all.filter((edge) => edge.to < edge.from);
      expect(laterEdges(forward, () => 0)).toEqual({ later: new Set(), closed: [] });
    }),
  );
});
