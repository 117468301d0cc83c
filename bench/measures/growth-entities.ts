import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kindTables } from '../database.ts';
import { curveOf, grow, grownFinding, measuredOnce, span } from '../growth.ts';
import { RowsAnEntity } from '../many-entities.ts';
import type { Measure } from '../measure.ts';

/** How a whole run's time and memory grow with entities of few rows. */
export const growthEntities: Measure = {
  name: 'growth-entities',
  long: true,
  async run(bench) {
    const database = await bench.database();
    const { points, temporal } = await grow(
      bench,
      bench.sizes.growthEntities,
      {
        name: 'entities',
        async blueprint(size, folder) {
          const from = fileURLToPath(new URL('../many-entities.ts', import.meta.url));
          const file = join(folder, 'blueprint.ts');
          await writeFile(
            file,
            `import { manyEntities } from ${JSON.stringify(from)};\nexport default manyEntities(${size});\n`,
          );
          return file;
        },
        source: (size) => database.kinds(size),
      },
      kindTables,
    );
    return [
      grownFinding(curveOf('entities', points), {
        measure: `growth of a whole run with entities of ${RowsAnEntity} rows: ${span(points)}`,
        aim: null,
        met: null,
        note: `Least squares of log time over log entities, on these points; a run's fixed seconds make it smaller. PostgreSQL to PostgreSQL. ${measuredOnce(temporal)}`,
      }),
    ];
  },
};
