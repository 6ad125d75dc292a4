import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const page = join(__dirname, '../../../docs/features.md');
const text = readFileSync(page, 'utf8');
const named = [...text.matchAll(/\]\((\.\.\/[^)]+)\)(?:: _([^_|]+)_)?/g)].map(([, file, sentence]) => ({
  file: join(dirname(page), file!),
  sentence,
}));
const { scripts } = JSON.parse(readFileSync(join(__dirname, '../../../package.json'), 'utf8')) as { scripts: object };

describe('The table of what is there', () => {
  it('names specs that there are, and sentences that stand in them', () => {
    expect(named.length).toBeGreaterThan(50);
    const lost = named.filter(
      ({ file, sentence }) => !existsSync(file) || (sentence !== undefined && !readFileSync(file, 'utf8').includes(sentence)),
    );
    expect(lost).toEqual([]);
  });

  it('names commands that there are', () => {
    const commands = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!);
    expect(commands.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('leaves out no feature of topology and deployment', () => {
    const upTo = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, at) => `F${first + at}`);
    const wanted = ['F6', ...upTo(9, 31), 'F38', ...upTo(41, 49), 'F57'];
    expect(wanted.filter((feature) => !text.includes(`| ${feature} `))).toEqual([]);
  });
});
