import { Child, temporaryFolder } from '@souk/event-sourcing/testing';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEnvironment, StoreLocked } from '.';
import { FolderLock } from './folder-lock';

describe('the lock of a folder', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  const holder = () => new Child(join(__dirname, '..', 'test', 'lock-holder.ts'), { args: [folder.path] });

  describe('held by a living process', () => {
    it('refuses another one, and names folder and pid', async () => {
      const child = holder();
      await child.line('held');
      const attempt = openEnvironment(folder.path);
      await expect(attempt).rejects.toThrow(StoreLocked);
      await expect(attempt).rejects.toThrow(`"${folder.path}" is in use by process ${child.pid}`);
      await child.end();
      FolderLock.take(folder.path).release();
    });

    it('refuses a second holder in the same process', () => {
      const lock = FolderLock.take(folder.path);
      expect(() => FolderLock.take(folder.path)).toThrow(StoreLocked);
      lock.release();
    });
  });

  describe('left by a dead process', () => {
    it('is taken over at once', async () => {
      const child = holder();
      await child.line('held');
      await child.kill();
      FolderLock.take(folder.path).release();
    });

    it('is taken over when its pid belongs to another process now, or the machine was started anew', () => {
      writeFileSync(join(folder.path, 'owner.7'), JSON.stringify({ pid: process.pid, started: '1' }));
      FolderLock.take(folder.path).release();
      writeFileSync(join(folder.path, 'owner.9'), JSON.stringify({ pid: process.pid, boot: 'before' }));
      FolderLock.take(folder.path).release();
      expect(readdirSync(folder.path)).toEqual(['owner.10']);
    });

    it('is taken by exactly one of many', async () => {
      writeFileSync(join(folder.path, 'owner.3'), JSON.stringify({ pid: 1, started: 'long ago' }));
      const children = Array.from({ length: 4 }, holder);
      const answers = await Promise.all(children.map(async (child) => (await child.line('')).split(' ')[0]));
      expect(answers.filter((answer) => answer === 'held')).toHaveLength(1);
      await Promise.all(children.map((child) => child.end()));
    });
  });
});
