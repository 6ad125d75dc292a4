import { type Aggregate, DomainError, type DomainEvent, packState, unpackState } from '@souk/event-sourcing';
import fc from 'fast-check';

/**
 * A suite that an aggregate with snapshots passes: whatever commands came before, a state that was packed and unpacked is as good as the
 * state itself. `commands` makes commands of every kind, about few things, so that they meet. `view` is what is to be seen of a state, where
 * two states may be made otherwise and mean the same (default: the state).
 */
export function snapshotLaws<State, Command, Event extends DomainEvent>(
  aggregate: Aggregate<State, Command, Event>,
  commands: fc.Arbitrary<Command>,
  view: (state: State) => unknown = (state) => state,
): void {
  const { category, snapshots } = aggregate;
  const after = (state: State, events: readonly Event[]): State =>
    events.reduce((before, event) => aggregate.evolve(before, event), state);
  const again = (state: State): State => unpackState(snapshots!, packState(snapshots!, state));
  const answerTo = (command: Command, state: State): readonly Event[] | DomainError => {
    try {
      return aggregate.decide(command, state);
    } catch (error) {
      if (error instanceof DomainError) return error;
      throw error;
    }
  };

  describe(`Snapshots of ${category}`, () => {
    it('show what the state shows, and go on as the state goes on, by the same rules', () => {
      fc.assert(
        fc.property(fc.array(commands, { maxLength: 12 }), (given) => {
          let state = aggregate.initial;
          let restored = again(state);
          for (const command of given) {
            const answer = answerTo(command, state);
            expect(answerTo(command, restored)).toStrictEqual(answer);
            if (answer instanceof DomainError) continue;
            state = after(state, answer);
            // One of them was packed before these events, and is packed again after them.
            restored = after(restored, answer);
            expect(view(restored)).toStrictEqual(view(state));
            expect(view(again(state))).toStrictEqual(view(state));
            expect(packState(snapshots!, again(state))).toBe(packState(snapshots!, state));
            restored = again(restored);
          }
        }),
        { numRuns: 200 },
      );
    });
  });
}
