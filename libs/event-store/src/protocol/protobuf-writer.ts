/**
 * Writes a message of the protobuf encoding from its end to its start, so that the length of a part is known when it is written.
 * Several times faster than the generated code; fields are numbered as in the `.proto`.
 */
export class ProtobufWriter {
  private readonly buffer: Buffer;
  private at: number;

  /** @param most bytes that the message can have */
  constructor(most: number) {
    this.buffer = Buffer.allocUnsafe(most);
    this.at = most;
  }

  /** Where what was written last begins. */
  get mark(): number {
    return this.at;
  }

  finish(): Buffer {
    return this.buffer.subarray(this.at);
  }

  /** A whole number from 0 to 2⁵³. */
  number(field: number, value: number): void {
    this.varint(value);
    this.tag(field, 0);
  }

  bytes(field: number, value: Uint8Array): void {
    this.at -= value.length;
    this.buffer.set(value, this.at);
    this.varint(value.length);
    this.tag(field, 2);
  }

  text(field: number, value: string): void {
    const end = this.at;
    this.at -= Buffer.byteLength(value);
    this.buffer.write(value, this.at);
    this.message(field, end);
  }

  /** Makes a message (or text) of all that was written since the mark. */
  message(field: number, mark: number): void {
    this.varint(mark - this.at);
    this.tag(field, 2);
  }

  /** A number that is encoded already. */
  encoded(field: number, varint: Uint8Array): void {
    this.at -= varint.length;
    this.buffer.set(varint, this.at);
    this.tag(field, 0);
  }

  private tag(field: number, wireType: number): void {
    this.buffer[--this.at] = (field << 3) | wireType;
  }

  private varint(value: number): void {
    let length = 1;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
    this.at -= length;
    let rest = value;
    for (let i = 0; i < length - 1; i++) {
      this.buffer[this.at + i] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.buffer[this.at + length - 1] = rest;
  }
}
