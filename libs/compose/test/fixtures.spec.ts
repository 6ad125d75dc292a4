import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { importCompose } from '../src';

const fixtures = join(__dirname, 'fixtures');
/** Compose files of real applications, where they lie beside the repository. */
const collected = join(__dirname, '../../../../shared/data/compose');

const read = (folder: string, file: string) => importCompose(readFileSync(join(folder, file), 'utf8'));

describe.each(readdirSync(fixtures))('The Compose file %s', (file) => {
  it('becomes what was approved (SOUK_APPROVE=1 approves it anew)', () => {
    const { topology, report } = read(fixtures, file);
    const lines = report.map(({ outcome, code, pointer, message, hint }) => [
      outcome,
      code,
      pointer,
      message,
      ...(hint ? [hint] : []),
    ]);
    const document = stringify({ topology, report: lines.map((line) => line.join(' | ')) }, { lineWidth: 0, singleQuote: true });
    const approved = join(__dirname, 'approved', file);
    if (process.env['SOUK_APPROVE']) writeFileSync(approved, document);
    expect(document).toBe(readFileSync(approved, 'utf8'));
  });
});

if (existsSync(collected)) {
  describe.each(readdirSync(collected))('The collected Compose file %s', (file) => {
    it('has a topology, and no problem but images that are to be built', () => {
      const { topology, report } = read(collected, file);
      expect(topology!.nodes.length).toBeGreaterThan(0);
      const problems = report.filter(({ outcome }) => outcome === 'problem').map(({ code }) => code);
      expect(new Set(problems)).toEqual(new Set(problems.length > 0 ? ['image-missing'] : []));
    });
  });
} else {
  const reason = `${collected} is not there`;
  console.info(`collected Compose files: skipped, ${reason}`);
  describe.skip(`Collected Compose files: skipped, ${reason}`, () => it.todo('have topologies'));
}
