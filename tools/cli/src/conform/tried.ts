import type { ConformanceReport } from '@sluice/conformance';
import type { Mask } from '@sluice/core';

/** What became of one backend: a report, or the reason why it was not tried. */
export interface Tried {
  readonly backend: string;
  /** What its probe says of the device and the driver. */
  readonly device?: string;
  readonly unavailable?: string;
  readonly mask: Mask;
  readonly report?: ConformanceReport;
}
