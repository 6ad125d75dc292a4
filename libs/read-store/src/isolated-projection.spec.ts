import { join } from 'node:path';
import { Child } from '@souk/event-sourcing/testing';

describe('An isolated projection', () => {
  it('gets neither clock nor randomness, timers or network, while everybody else does', async () => {
    const child = new Child(join(__dirname, '..', 'test', 'impure-folds.ts'));
    await child.end();
    expect(child.lines).toHaveLength(16);
    for (const line of child.lines)
      expect(line).toMatch(/^no more than/.test(line) ? /: given, given, given$/ : /: refused, refused, given$/);
  });
});
