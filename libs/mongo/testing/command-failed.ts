/** An answer with `ok: 0`, with the code and the name that MongoDB has for it. */
export class CommandFailed extends Error {
  constructor(
    readonly code: number,
    readonly codeName: string,
    message: string,
  ) {
    super(message);
    this.name = new.target.name;
  }
}

export class DuplicateKey extends CommandFailed {
  constructor(
    namespace: string,
    readonly keyValue: { readonly _id: unknown },
  ) {
    const key = JSON.stringify(keyValue._id);
    super(11000, 'DuplicateKey', `E11000 duplicate key error collection: ${namespace} index: _id_ dup key: { _id: ${key} }`);
  }
}
