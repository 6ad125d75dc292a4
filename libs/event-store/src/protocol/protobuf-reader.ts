import { InvalidRequest } from './protocol-errors';

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH = 2;
const FIXED_32 = 5;

/** Reads the fields of a protobuf message one after the other, where the generated code would make objects of all at once. */
export class ProtobufReader {
  /** Of the field that {@link next} has come to. */
  field = 0;
  /** Where its value begins and ends; of a number, the value itself is {@link number}. */
  start = 0;
  end = 0;
  number = 0;

  constructor(
    readonly bytes: Buffer,
    private at = 0,
    private readonly limit = bytes.length,
  ) {}

  /** Whether there was another field. @throws InvalidRequest for what is no message */
  next(): boolean {
    if (this.at >= this.limit) return false;
    const tag = this.varint();
    this.field = Math.floor(tag / 8);
    const wireType = tag & 7;
    if (wireType === VARINT) {
      this.number = this.varint();
      return true;
    }
    const length = wireType === LENGTH ? this.varint() : fixed(wireType);
    this.start = this.at;
    this.end = this.at + length;
    if (this.end > this.limit) throw malformed();
    this.at = this.end;
    return true;
  }

  /** The value as a message of its own. */
  message(): ProtobufReader {
    return new ProtobufReader(this.bytes, this.start, this.end);
  }

  text(): string {
    return this.bytes.toString('utf8', this.start, this.end);
  }

  /** In the memory of the message. */
  value(): Buffer {
    return this.bytes.subarray(this.start, this.end);
  }

  private varint(): number {
    let value = 0;
    for (let factor = 1, length = 0; length < 10; factor *= 128, length++) {
      if (this.at >= this.limit) break;
      const byte = this.bytes[this.at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw malformed();
  }
}

function fixed(wireType: number): number {
  if (wireType === FIXED_64) return 8;
  if (wireType === FIXED_32) return 4;
  throw malformed();
}

function malformed(): InvalidRequest {
  return new InvalidRequest('the request is no message of the protocol');
}
