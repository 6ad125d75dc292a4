import { type Decider, DomainError } from '@souk/event-sourcing';
import { given } from '.';

type Door = 'open' | 'closed';
interface DoorOpened {
  readonly type: 'DoorOpened';
  readonly data: { readonly by: string };
}
interface OpenDoor {
  readonly by: string;
}
class NotAllowed extends DomainError {
  readonly code = 'not-allowed';
}
class OtherError extends DomainError {
  readonly code = 'other';
}

const door: Decider<Door, OpenDoor, DoorOpened> = {
  initial: 'closed',
  evolve: () => 'open',
  decide: ({ by }, state) => {
    if (by === 'thief') throw new NotAllowed(`not for ${by}`);
    return state === 'open' ? [] : [{ type: 'DoorOpened', data: { by } }];
  },
};
const opened: DoorOpened = { type: 'DoorOpened', data: { by: 'Ada' } };

describe('given / when / then', () => {
  it('passes where the decider does as the sentence says', () => {
    given(door).when({ by: 'Ada' }).then(opened);
    given(door, opened).when({ by: 'Ada' }).thenNothing();
    given(door).when({ by: 'thief' }).thenRefused(NotAllowed);
  });

  it('fails where it does not', () => {
    expect(() => given(door).when({ by: 'Bob' }).then(opened)).toThrow();
    expect(() => given(door).when({ by: 'Bob' }).thenNothing()).toThrow();
    expect(() => given(door, opened).when({ by: 'Bob' }).then(opened)).toThrow();
    expect(() => given(door).when({ by: 'Ada' }).thenRefused(NotAllowed)).toThrow();
    expect(() => given(door).when({ by: 'thief' }).thenRefused(OtherError)).toThrow();
    expect(() => given(door).when({ by: 'thief' }).thenNothing()).toThrow(NotAllowed);
  });
});
