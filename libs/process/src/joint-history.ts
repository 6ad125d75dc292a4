import { PublicHistory } from '@souk/messaging';

/** The public events of any stream: of the own ones from here, of all others from the services that own them. */
export class JointHistory extends PublicHistory {
  private readonly own: ReadonlySet<string>;

  /** @param categories of the streams of this process. @param others asked for when it is needed: it comes later than the bus */
  constructor(
    categories: readonly string[],
    private readonly local: PublicHistory,
    private readonly others: () => PublicHistory,
  ) {
    super();
    this.own = new Set(categories);
  }

  override read(subject: string, fromRevision: number, maxCount: number): ReturnType<PublicHistory['read']> {
    const category = subject.slice(0, subject.indexOf('-'));
    const owner = this.own.has(category) ? this.local : this.others();
    return owner.read(subject, fromRevision, maxCount);
  }
}
