import { type CommandContext, CommandHandler } from '@souk/event-sourcing';
import { given, temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { nameAggregate, NameRegistry, NameTaken } from './name-registry';

const name = { kind: 'app', tenant: 'ten_1', name: 'Guest Book' };
const reserve = { type: 'reserve', name, by: 'app_1', ownerStream: 'app-app_1' } as const;
const reserved = { type: 'NameReserved', data: { ...name, by: 'app_1', ownerStream: 'app-app_1' } } as const;
const released = { type: 'NameReleased', data: { by: 'app_1' } } as const;

describe('Name', () => {
  it('is reserved when it is free', () => given(nameAggregate).when(reserve).then(reserved));
  it('is reserved once by the same owner', () => given(nameAggregate, reserved).when(reserve).thenNothing());
  it('is refused to another owner', () =>
    given(nameAggregate, reserved)
      .when({ ...reserve, by: 'app_2' })
      .thenRefused(NameTaken));
  it('goes over from an owner who never appeared', () =>
    given(nameAggregate, reserved)
      .when({ ...reserve, by: 'app_2', ownerStream: 'app-app_2', abandonedBy: 'app_1' })
      .then(released, { type: 'NameReserved', data: { ...name, by: 'app_2', ownerStream: 'app-app_2' } }));
  it('is released by its owner', () => given(nameAggregate, reserved).when({ type: 'release', by: 'app_1' }).then(released));
  it('is not released by another', () => given(nameAggregate, reserved).when({ type: 'release', by: 'app_2' }).thenNothing());
  it('is free again after its release', () => given(nameAggregate, reserved, released).when(reserve).then(reserved));
});

describe('Name registry', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let store: LmdbEventStore;
  let names: NameRegistry;
  const call = (commandId: string): CommandContext => ({
    commandId,
    correlationId: 'c',
    causationId: 'r',
    actor: { kind: 'user', id: 'usr_1' },
  });
  const now = new Date();
  const minutesLater = (minutes: number): Date => new Date(now.getTime() + minutes * 60_000);

  beforeEach(async () => {
    folder = temporaryFolder();
    store = await LmdbEventStore.open({ directory: folder.path });
    names = new NameRegistry(store, new CommandHandler(store));
    await names.reserve(name, 'app_1', 'app-app_1', call('1'), now);
  });
  afterEach(async () => {
    await store.close();
    folder.remove();
  });

  it.each(['guest book', 'GUEST BOOK', 'Ｇｕｅｓｔ Book', ' Guest  Book '])('takes "%s" for the same name', async (other) => {
    await expect(names.reserve({ ...name, name: other }, 'app_2', 'app-app_2', call('2'), now)).rejects.toThrow(NameTaken);
  });

  it('tells tenants apart', async () => {
    await names.reserve({ ...name, tenant: 'ten_2' }, 'app_2', 'app-app_2', call('2'), now);
  });

  it('gives an abandoned name to the next one', async () => {
    await names.reserve(name, 'app_2', 'app-app_2', call('2'), minutesLater(2));
    await expect(names.reserve(name, 'app_1', 'app-app_1', call('3'), now)).rejects.toThrow(NameTaken);
  });

  it('lets an owner take a moment to appear', async () => {
    await expect(names.reserve(name, 'app_2', 'app-app_2', call('2'), minutesLater(0.5))).rejects.toThrow(NameTaken);
  });

  it('keeps the name of an owner who appeared', async () => {
    await store.append('app-app_1', 'no-stream', [
      { id: crypto.randomUUID(), type: 'AppCreated', data: {}, metadata: { ...call('1'), tenants: [], schemaVersion: 1 } },
    ]);
    await expect(names.reserve(name, 'app_2', 'app-app_2', call('2'), minutesLater(2))).rejects.toThrow(NameTaken);
  });

  it('does not let an owner back in whose name was taken over meanwhile', async () => {
    await names.reserve(name, 'app_2', 'app-app_2', call('2'), minutesLater(2));
    await expect(names.reserve(name, 'app_1', 'app-app_1', call('1'), now)).rejects.toThrow(NameTaken);
  });

  it('gives on the name of an owner who appeared under another one', async () => {
    await store.append('app-app_1', 'no-stream', [
      { id: crypto.randomUUID(), type: 'AppCreated', data: {}, metadata: { ...call('1'), tenants: [], schemaVersion: 1 } },
    ]);
    const bearsNot = () => Promise.resolve(false);
    await names.reserve(name, 'app_2', 'app-app_2', call('2'), minutesLater(2), bearsNot);
    await expect(names.reserve(name, 'app_3', 'app-app_3', call('3'), now)).rejects.toThrow(NameTaken);
  });
});
