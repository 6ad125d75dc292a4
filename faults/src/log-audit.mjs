import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Streams of machinery that are cut short on purpose. */
const TRIMMED = /^lease-/;

/**
 * Reads everything that an EventStoreDB holds, and compares it with what was acknowledged.
 * @param acknowledged positions. @returns what is lost or doubled, in words
 */
export async function auditLog(connectionString, acknowledged) {
  const { openEventStoreDb } = require('../../dist/libs/event-store/src/index.js');
  const store = await openEventStoreDb({ connectionString });
  const lost = new Set(acknowledged);
  const [problems, ids, streams] = [[], new Set(), new Map()];
  let events = 0;
  let doubled = 0;
  const twice = (problem) => {
    doubled++;
    problems.push(problem);
  };
  try {
    for await (const { stream, revision, id, type, position, metadata } of store.readAll()) {
      events++;
      lost.delete(position);
      if (ids.has(id)) twice(`event ${id} is there twice`);
      ids.add(id);
      if (TRIMMED.test(stream)) continue;
      const known = streams.get(stream) ?? { head: -1, commands: new Map() };
      streams.set(stream, known);
      if (revision !== known.head + 1) problems.push(`${stream} goes from revision ${known.head} to ${revision}`);
      // Events of one command to one aggregate were appended together, or the command was done twice.
      const last = known.commands.get(metadata.commandId);
      if (last !== undefined && last !== revision - 1)
        twice(`${stream}@${revision} ${type} repeats command ${metadata.commandId}`);
      known.commands.set(metadata.commandId, revision);
      known.head = revision;
    }
  } finally {
    await store.close();
  }
  for (const position of lost) problems.push(`what was acknowledged at ${position} is gone`);
  return { events, lost: lost.size, doubled, problems };
}
