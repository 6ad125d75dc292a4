/** Another replica keeps these read models; this one follows it. */
export class NotActive extends Error {
  readonly code = 'not-active';
  constructor() {
    super('this replica does not keep the read models at the moment: ask another one, or this one again in some seconds');
    this.name = new.target.name;
  }
}
