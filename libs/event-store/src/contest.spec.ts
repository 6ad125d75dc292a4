import { contestAppends, contestCommands, temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '.';

describe('64 writers on one stream, some of whose answers get lost', () => {
  const folder = temporaryFolder();
  let store: LmdbEventStore;
  beforeAll(async () => {
    store = await LmdbEventStore.open({ directory: folder.path });
  });
  afterAll(async () => {
    await store.close();
    folder.remove();
  });

  it.each([
    ['appends', contestAppends, 32],
    ['commands', contestCommands, 64],
  ])('have one winner at each revision, and the same answer as often as they ask (%s)', async (_, contest, revisions) => {
    const outcome = await contest(store, { writers: 64, streams: 1, revisions, random: Math.random });
    expect(outcome).toMatchObject({ won: revisions, notOne: 0, otherAnswers: 0 });
    expect(outcome.attempts).toBeGreaterThan(revisions);
  });
});
