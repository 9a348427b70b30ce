/** A passkey in software (WebAuthn Level 3, attestation `none`), for what no browser would do. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

interface Options {
  readonly challenge: string;
  readonly rp?: { readonly id: string };
  readonly rpId?: string;
  readonly user?: { readonly id: string };
}

export interface Flags {
  readonly userVerified?: boolean;
  readonly userPresent?: boolean;
  /** Synchronised to other devices, and so eligible for it. */
  readonly backedUp?: boolean;
}

interface Ceremony extends Flags {
  readonly origin?: string;
  readonly rpId?: string;
  readonly type?: string;
  readonly challenge?: string;
}

export class SoftPasskey {
  readonly id: Buffer;
  counter = 0;
  private readonly privateKey: KeyObject;
  private readonly publicKey: KeyObject;
  private userHandle = '';

  constructor(
    private readonly origin: string,
    idBytes = 32,
  ) {
    this.id = randomBytes(idBytes);
    ({ privateKey: this.privateKey, publicKey: this.publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  }

  create(options: Options, ceremony: Ceremony = {}): Record<string, any> {
    this.userHandle = options.user?.id ?? '';
    const attested = Buffer.concat([Buffer.alloc(16), uint16(this.id.length), this.id, this.coseKey()]);
    const authData = this.authData(ceremony.rpId ?? options.rp?.id ?? '', { ...ceremony, attested });
    const attestationObject = Buffer.concat([
      Buffer.from([0xa3]),
      text('fmt'),
      text('none'),
      text('attStmt'),
      Buffer.from([0xa0]),
      text('authData'),
      bytes(authData),
    ]);
    return this.credential({
      clientDataJSON: this.clientData('webauthn.create', options, ceremony),
      attestationObject: attestationObject.toString('base64url'),
      transports: ['internal'],
    });
  }

  get(options: Options, ceremony: Ceremony = {}): Record<string, any> {
    const clientDataJSON = this.clientData('webauthn.get', options, ceremony);
    const authData = this.authData(ceremony.rpId ?? options.rpId ?? '', ceremony);
    const hash = createHash('sha256').update(Buffer.from(clientDataJSON, 'base64url')).digest();
    return this.credential({
      clientDataJSON,
      authenticatorData: authData.toString('base64url'),
      signature: sign('sha256', Buffer.concat([authData, hash]), this.privateKey).toString('base64url'),
      userHandle: this.userHandle,
    });
  }

  private credential(response: object): Record<string, any> {
    const id = this.id.toString('base64url');
    return {
      id,
      rawId: id,
      type: 'public-key',
      response,
      clientExtensionResults: {},
      authenticatorAttachment: 'platform',
    };
  }

  private clientData(type: string, options: Options, ceremony: Ceremony): string {
    const data = {
      type: ceremony.type ?? type,
      challenge: ceremony.challenge ?? options.challenge,
      origin: ceremony.origin ?? this.origin,
      crossOrigin: false,
    };
    return Buffer.from(JSON.stringify(data)).toString('base64url');
  }

  private authData(
    rpId: string,
    { userVerified = true, userPresent = true, backedUp = false, attested }: Flags & { attested?: Buffer },
  ): Buffer {
    const flags = (userPresent ? 0x01 : 0) | (userVerified ? 0x04 : 0) | (backedUp ? 0x18 : 0) | (attested ? 0x40 : 0);
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(this.counter);
    const hash = createHash('sha256').update(rpId).digest();
    return Buffer.concat([hash, Buffer.from([flags]), counter, ...(attested ? [attested] : [])]);
  }

  /** ES256 on P-256 (RFC 9053), in CBOR. */
  private coseKey(): Buffer {
    const { x = '', y = '' } = this.publicKey.export({ format: 'jwk' });
    const head = Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21]);
    const inBytes = (coordinate: string): Buffer => bytes(Buffer.from(coordinate, 'base64url'));
    return Buffer.concat([head, inBytes(x), Buffer.from([0x22]), inBytes(y)]);
  }
}

function uint16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16BE(value);
  return buffer;
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([0x60 + value.length]), Buffer.from(value)]);
}

function bytes(value: Buffer): Buffer {
  const head =
    value.length < 256 ? Buffer.from([0x58, value.length]) : Buffer.concat([Buffer.from([0x59]), uint16(value.length)]);
  return Buffer.concat([head, value]);
}
