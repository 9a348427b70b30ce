/** Authenticator apps on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { Exported } from '../../common/personal-data.js';
import { isoTimestamp } from '../../common/timestamps.js';
import { digitsOf } from '../../common/text.js';
import { Read, Text } from '../../http/input/validation.js';
import { ApiText, ApiTime } from '../../http/openapi/fields.js';
import type { KeptSecret } from './totp.query.js';
import { ENROLMENT_MS, type Enrolment } from './totp.service.js';

export class TotpEnrolmentResponse {
  /** To be typed into an app that cannot read the QR code: base 32 (RFC 4648). */
  @ApiText(100)
  secret: string;
  /** `otpauth://totp/…`, for an app on the same device. */
  @ApiText(2_000)
  otpauth_url: string;
  /** The same address as a QR code: an SVG image. */
  @ApiText(100_000)
  qr_svg: string;
  /** Seconds for the confirmation. */
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 3_600 })
  expires_in: number;
}

export function presentEnrolment({ secret, url, qrSvg }: Enrolment): TotpEnrolmentResponse {
  return { secret, otpauth_url: url, qr_svg: qrSvg, expires_in: ENROLMENT_MS / 1_000 };
}

export class ConfirmTotpRequest {
  /** The code that the app shows now. */
  @Read(digitsOf)
  @Text({ max: 6, pattern: { regex: /^\d{6}$/, detail: 'must be six digits' }, documented: { examples: ['123456'] } })
  code: string;
}

/** An authenticator app of the caller's. Its secret is not exported. */
@Exported('totp')
export class ExportedTotp {
  @ApiTime()
  created_at: string;
  @ApiTime()
  confirmed_at: string;
  @ApiTime()
  last_used_at: string;
}

export function presentKept({ createdAt, confirmedAt, usedAt }: KeptSecret): ExportedTotp {
  return {
    created_at: isoTimestamp(createdAt),
    confirmed_at: isoTimestamp(confirmedAt),
    last_used_at: isoTimestamp(usedAt),
  };
}
