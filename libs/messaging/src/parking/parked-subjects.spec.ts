import { positionOf, type RecordedEvent } from '@souk/event-sourcing';
import { type ParkedLane, ParkedSubjects } from './parked-subjects';

const lane = (more: Partial<ParkedLane> = {}): ParkedLane => ({
  subject: 'thing-1',
  type: 'things.happened.v1',
  revision: 3,
  position: positionOf('00000000', 30),
  from: 3,
  fact: 5,
  due: false,
  seen: undefined,
  ...more,
});
const event = (revision: number, stream = 'thing-1') => ({ stream, revision }) as RecordedEvent;

describe('Parked subjects', () => {
  it('take every event of theirs, and no other', () => {
    const parked = new ParkedSubjects();
    parked.add(lane(), true);
    expect([event(2), event(4), event(4, 'thing-2')].map((one) => parked.takes(one))).toEqual([true, true, false]);
    expect(parked.get('thing-1')!.seen).toBe(4);
  });

  it('go on when that is decided, once', () => {
    const parked = new ParkedSubjects();
    parked.add(lane(), true);
    expect(parked.nextDue()).toBeUndefined();
    expect([parked.release('thing-1', 4, 6), parked.release('thing-1', 4, 6)]).toEqual([true, false]);
    expect(parked.nextDue()).toMatchObject({ subject: 'thing-1', from: 4 });
    expect(parked.nextDue()).toBeUndefined();
  });

  it('do not hear of a decision that is older than what is parked', () => {
    const parked = new ParkedSubjects();
    parked.add(lane(), true);
    expect(parked.release('thing-1', 3, 4)).toBe(false);
    expect(parked.release('thing-2', 3, 6)).toBe(false);
  });

  it('go on no sooner than the subscription has come as far as the parked message', () => {
    const parked = new ParkedSubjects();
    parked.add(lane({ due: true }), false);
    parked.takes(event(2));
    expect(parked.nextDue()).toBeUndefined();
    parked.takes(event(3));
    expect(parked.nextDue()).toMatchObject({ subject: 'thing-1' });
  });

  it('tell how far those had got that are to go on, until they do', () => {
    const parked = new ParkedSubjects();
    const due = lane({ due: true });
    parked.add(due, true);
    parked.goOn(due, 6);
    expect(parked.held()).toEqual([['thing-1', 6, 5]]);
    parked.remove(due);
    expect([parked.held(), parked.size]).toEqual([[], 0]);
  });
});
